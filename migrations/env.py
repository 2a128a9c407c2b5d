"""Run the migrations on the application's database, with a lock time-out so that they never block the company."""

import logging
import time
from typing import Any

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Column, Connection, Index, event, text
from sqlalchemy.exc import DBAPIError

import crm_web.models  # noqa: F401  (every table must be known)
from crm_web.core.extensions import db
from crm_web.health.queries import explain_too_old, list_migrations, say_who_is_served

LOCK_TIMEOUT = "500ms"
TRIES, PAUSE = 60, 1.0
# A lock that somebody holds for longer, and two that wait for each other.
BUSY = ("55P03", "40P01")
log = logging.getLogger("alembic.runtime.migration")


def can_be_compared(item: Any, _name: str | None, _kind: str, _is_reflected: bool, _other: Any) -> bool:
    """Leave out indexes on expressions, which PostgreSQL writes its own way; the tests compare those themselves."""
    return not isinstance(item, Index) or all(isinstance(key, Column) for key in item.expressions)


def refuse_older_databases(connection: Connection) -> None:
    """Alembic would end in a traceback where the database is at a migration that is no longer here."""
    oldest = list_migrations()[-1]
    if connection.scalar(text("SELECT to_regclass('alembic_version')")):
        for found in connection.scalars(text("SELECT version_num FROM alembic_version")):
            if found < oldest:
                raise CommandError(explain_too_old(found, oldest))


def refuse_other_encodings(connection: Connection) -> None:
    """A database without Unicode, as a server in the locale C makes them, would fail at the first other letter."""
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding != "UTF8":
        raise CommandError(
            f"The database has the encoding {encoding}. Create it with UTF8, such as by"
            " `createdb --encoding=UTF8 --template=template0 piper`."
        )


def limit_waiting(connection: Connection) -> None:
    """Wait for a lock only briefly: whoever needs the same table then waits behind the one who waits.

    What is done CONCURRENTLY waits for others to end, but holds up nobody.
    """

    @event.listens_for(connection, "before_cursor_execute")
    def set_timeout(_connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        cursor.execute(f"SET lock_timeout = '{0 if 'CONCURRENTLY' in statement else LOCK_TIMEOUT}'")


def try_until_done(connection: Connection) -> None:
    """Apply the migrations, and begin one again whose locks were not free in time."""
    for left in reversed(range(TRIES)):
        try:
            with context.begin_transaction():
                context.run_migrations()
            return
        except DBAPIError as error:
            connection.rollback()
            if getattr(error.orig, "pgcode", None) not in BUSY:
                raise
            if not left:
                raise CommandError(explain_who_is_in_the_way(connection)) from error
            log.info("Others are using its tables; trying again …")
            time.sleep(PAUSE)


def explain_who_is_in_the_way(connection: Connection) -> str:
    """Name whose transaction has been open for longest."""
    query = text("""
        SELECT format('process %s of %s (%s), since %s', pid, usename, application_name, xact_start::timestamp(0))
        FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        ORDER BY xact_start LIMIT 1
    """)
    return (
        f"Stopped after {TRIES} tries, because tables were in use. Nothing of this migration was done; run it again "
        f"later. The oldest transaction: {connection.scalar(query) or 'none'}."
    )


def run_migrations() -> None:
    """Apply the migrations, one at a time, each in a transaction; two instances at once wait for each other."""
    with db.engine.connect() as connection:
        connection.execute(text("SET lock_timeout = 0"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(7430001)"))
        limit_waiting(connection)
        refuse_other_encodings(connection)
        refuse_older_databases(connection)
        # Before the first migration, so that no instance stops in between, and after the one that made the table.
        say_who_is_served(connection)
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            transaction_per_migration=True,
            include_object=can_be_compared,
            **current_app.extensions["migrate"].configure_args,
        )
        try_until_done(connection)
        say_who_is_served(connection)
        connection.commit()


if context.is_offline_mode():
    context.configure(url=db.engine.url, target_metadata=db.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run_migrations()
