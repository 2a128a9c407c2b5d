"""`flask backup`: whether a dump can be restored, tried on a server of its own."""

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
from sqlalchemy import create_engine, inspect, text

from crm_web.core.config import DRIVER
from crm_web.health.queries import list_migrations
from crm_web.launcher.postgres import EmbeddedServer, find_program

DUMP = click.Path(exists=True, path_type=Path)


@click.group()
def backup() -> None:
    """Check backups."""


@backup.command()
@click.argument("dump", type=DUMP)
def verify(dump: Path) -> None:
    """Restore DUMP, made by `pg_dump --format=custom`, on a server of its own, and count its rows."""
    with (
        tempfile.TemporaryDirectory(prefix="piper-backup-") as folder,
        EmbeddedServer(Path(folder), durable=False) as server,
    ):
        _restore(dump, server.url())
        counts, migration = _count(server.url())
    for table, rows in counts:
        click.echo(f"{rows:>12,}  {table}")
    if migration not in list_migrations():
        raise click.ClickException(f"The dump is restored, but its schema is at {migration}, which this release lacks.")
    click.echo(f"Restored {len(counts)} tables at migration {migration}.")


def _restore(dump: Path, database_url: str) -> None:
    """Restore a dump whole.

    :raise ClickException: with PostgreSQL's reason if any part of it can't be
    """
    target = database_url.replace(DRIVER, "postgresql", 1)
    command = [
        find_program("pg_restore"),
        "--no-owner",
        "--no-privileges",
        "--exit-on-error",
        "--dbname",
        target,
        str(dump),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = " ".join((done.stderr.strip() or "pg_restore failed").splitlines()[:2])
        raise click.ClickException(f"{dump.name} can’t be restored: {reason}")


def _count(database_url: str) -> tuple[Sequence[tuple[str, int]], str | None]:
    """Count the rows of each table; the other part is the migration."""
    engine = create_engine(database_url)
    try:
        with engine.connect() as connection:
            quote = connection.dialect.identifier_preparer.quote
            tables = sorted(inspect(connection).get_table_names())
            if "alembic_version" not in tables:
                raise click.ClickException("The dump is restored, but has no tables of Piper CRM.")
            counts = [
                (table, connection.scalar(text(f"SELECT count(*) FROM {quote(table)}")) or 0)  # noqa: S608
                for table in tables
            ]
            return counts, connection.scalar(text("SELECT version_num FROM alembic_version"))
    finally:
        engine.dispose()
