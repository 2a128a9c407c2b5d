"""`flask backup`: whether backups can be restored, tried on a server of its own."""

import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import current_app
from sqlalchemy import create_engine, inspect, make_url, text

from crm_web.core.database_urls import DRIVER
from crm_web.core.embedded_database import embedded_url
from crm_web.health.queries import list_migrations
from crm_web.launcher.postgres import EmbeddedServer
from crm_web.launcher.programs import find_program, programs_in
from crm_web.launcher.recovery import recover_to

DUMP = click.Path(exists=True, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


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
    _report(counts, migration)


@backup.command()
@click.argument("base", type=FOLDER)
@click.argument("archive", type=FOLDER)
@click.option("--until", metavar="TIME", help="Such as 2026-11-29T14:30 for UTC, or 2026-11-29T14:30+02:00.")
@click.option("--dump", type=click.Path(path_type=Path), help="Write what was there to this file, for `pg_restore`.")
@click.option("--programs", type=FOLDER, help="Where PostgreSQL's programs are, if it has another version than ours.")
def recover(base: Path, archive: Path, until: str | None, dump: Path | None, programs: Path | None) -> None:
    """Recover the database as it was at some time, on a server of its own, and count its rows.

    BASE is the folder that `pg_basebackup` wrote, ARCHIVE the one that PostgreSQL's archive_command copies to. Without
    --until, everything in the archive is recovered. The names of the database and its owner are those in DATABASE_URL.
    """
    time = _read_time(until) if until else None
    place = make_url(current_app.config["SQLALCHEMY_DATABASE_URI"])
    with (
        programs_in(programs),
        tempfile.TemporaryDirectory(prefix="piper-recovery-") as folder,
        recover_to(Path(folder), base, archive, time) as server,
    ):
        url = embedded_url(server.folder, str(place.database), str(place.username))
        counts, migration = _count(url)
        if dump:
            _write_dump(url, dump)
    _report(counts, migration)


def _read_time(text: str) -> datetime:
    """Read a time; one without an offset is UTC."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter("must look like 2026-11-29T14:30 or 2026-11-29T14:30+02:00") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _write_dump(database_url: str, dump: Path) -> None:
    target = database_url.replace(DRIVER, "postgresql", 1)
    command = [find_program("pg_dump"), "--format=custom", "--file", str(dump), target]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise click.ClickException(f"The dump can’t be written: {' '.join(done.stderr.split())}")


def _report(counts: Sequence[tuple[str, int]], migration: str | None) -> None:
    for table, rows in counts:
        click.echo(f"{rows:>12,}  {table}")
    if migration not in list_migrations():
        raise click.ClickException(f"It is restored, but its schema is at {migration}, which this release lacks.")
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
                raise click.ClickException("It is restored, but has no tables of Piper CRM.")
            counts = [
                (table, connection.scalar(text(f"SELECT count(*) FROM {quote(table)}")) or 0)  # noqa: S608
                for table in tables
            ]
            return counts, connection.scalar(text("SELECT version_num FROM alembic_version"))
    finally:
        engine.dispose()
