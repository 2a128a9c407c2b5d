"""`flask files`: where files are kept."""

from typing import cast

import click
from flask.cli import AppGroup

from crm_web.core.config import current_settings
from crm_web.core.extensions import db
from crm_web.core.file_settings import REQUIRED, FileStore
from crm_web.files.storage.moving import list_to_move, move_to_bucket, move_to_database
from crm_web.files.storage.queries import count_by_store

files = AppGroup("files", help="Manage where files are kept.")


@files.command("move")
@click.option("--to", required=True, type=click.Choice(["s3", "database"]), help="Where to move the files.")
def move(to: str) -> None:
    """Move all files to the bucket or into the database.

    People can keep working. Each file is compared before the original is removed. If the command is
    interrupted, run it again.
    """
    _check_settings(cast(FileStore, to))
    moved, last = 0, 0
    while batch := list_to_move(cast(FileStore, to), after=last):
        db.session.rollback()
        for last, size in batch:
            is_moved = (move_to_bucket if to == "s3" else move_to_database)(last, size)
            db.session.commit()
            moved += is_moved
    click.echo(f"{moved} files moved.")


def _check_settings(to: FileStore) -> None:
    settings = current_settings()
    if not settings.s3_bucket:
        raise click.ClickException(f"Set {', '.join(name.upper() for name in REQUIRED)} first.")
    if settings.files_store != to:
        raise click.ClickException(f"New files go elsewhere: set FILES_STORE={to} on all instances first.")


@files.command("count")
def count() -> None:
    """Count the files in the database and in the bucket, those in the trash included."""
    in_database, in_bucket = count_by_store()
    click.echo(f"database {in_database}, s3 {in_bucket}")
