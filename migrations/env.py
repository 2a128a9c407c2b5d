"""Run the migrations on the application's database, with a lock time-out so that they never block the company."""

from typing import Any

from alembic import context
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Column, Connection, Index, text

import crm_web.models  # noqa: F401  (every table must be known)
from crm_web.core.extensions import db
from crm_web.health.queries import explain_too_old, list_migrations, say_who_is_served


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


def run_migrations() -> None:
    """Apply the migrations, one at a time, each in a transaction; two instances at once wait for each other."""
    with db.engine.connect() as connection:
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_lock(7430001)"))
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
        with context.begin_transaction():
            context.run_migrations()
        say_who_is_served(connection)
        connection.commit()


if context.is_offline_mode():
    context.configure(url=db.engine.url, target_metadata=db.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    run_migrations()
