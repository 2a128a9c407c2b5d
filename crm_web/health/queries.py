"""The state of the database schema."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from crm_web.core.extensions import db

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
OLDEST_SERVED = "057"
"""Releases that end at this migration or later go on serving on the schema of this one, while they are replaced.

Migrations only expand, so it stays as it is; raise it to the last migration of the release before when one takes away
what that release still uses.
"""
FOUND = text("SELECT version_num, obj_description('alembic_version'::regclass) FROM alembic_version")


@dataclass(frozen=True)
class Schema:
    """The present and the required migration.

    :param found: the last migration that ran; ``None`` on an empty database
    :param wanted: the last migration of this version
    :param oldest: the first migration of this version
    :param oldest_served: the last migration of the oldest release that goes on serving on this schema, as the database
        says; ``None`` if it says nothing
    """

    found: str | None
    wanted: str
    oldest: str
    oldest_served: str | None = None

    @property
    def is_current(self) -> bool:
        return self.found == self.wanted

    @property
    def is_newer(self) -> bool:
        return self.found is not None and self.found > self.wanted

    @property
    def is_served(self) -> bool:
        """Whether this version serves on it: its own, or a newer one that allows it."""
        return self.is_current or (
            self.is_newer and self.oldest_served is not None and self.oldest_served <= self.wanted
        )

    @property
    def is_too_old(self) -> bool:
        return self.found is not None and self.found < self.oldest


def read_schema() -> Schema:
    """Compare the database's last migration with the one that this version needs.

    :raise OperationalError: if the database is away
    """
    found = oldest_served = None
    if inspect(db.session.connection()).has_table("alembic_version"):
        row = db.session.execute(FOUND).one_or_none()
        found, oldest_served = row or (None, None)
    migrations = list_migrations()
    return Schema(found, migrations[0], migrations[-1], oldest_served)


def say_who_is_served(connection: Connection) -> None:
    """Tell instances of earlier releases, in a comment on Alembic's table, whether they may go on serving."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")):
        release = connection.scalar(text("SELECT obj_description('alembic_version'::regclass)"))
        serve_from(connection, max(release or "", OLDEST_SERVED))


def serve_from(connection: Connection, oldest: str) -> None:
    """Allow only releases to serve that end at this migration or later."""
    connection.execute(text(f"COMMENT ON TABLE alembic_version IS '{int(oldest):03}'"))


def explain_too_old(found: str, oldest: str) -> str:
    """Explain what to do with a database that only an earlier release can upgrade."""
    return (
        f"The database is at migration {found}, which is too old for this release. "
        f"First upgrade with the release that ends at {oldest}."
    )


@cache
def list_migrations() -> tuple[str, ...]:
    """List the migrations of this version, latest first."""
    # The migrations are linear and begin with their number; loading Alembic would take ten megabytes.
    return tuple(sorted((path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py")), reverse=True))
