"""The state of the database schema."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import inspect, text

from crm_web.core.extensions import db

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@dataclass(frozen=True)
class Schema:
    """The present and the required migration.

    :param found: the last migration that ran; ``None`` on an empty database
    :param wanted: the last migration of this version
    :param oldest: the first migration of this version
    """

    found: str | None
    wanted: str
    oldest: str

    @property
    def is_current(self) -> bool:
        return self.found == self.wanted

    @property
    def is_newer(self) -> bool:
        return self.found is not None and self.found > self.wanted

    @property
    def is_too_old(self) -> bool:
        return self.found is not None and self.found < self.oldest


def read_schema() -> Schema:
    """Compare the database's last migration with the one that this version needs.

    :raise OperationalError: if the database is away
    """
    found = None
    if inspect(db.session.connection()).has_table("alembic_version"):
        found = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    migrations = list_migrations()
    return Schema(found, migrations[0], migrations[-1])


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
