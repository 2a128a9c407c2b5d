"""What the database says of its own state."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import inspect, text

from crm_web.core.extensions import db

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@dataclass(frozen=True)
class Schema:
    """
    Where the tables stand.

    :param found: the last migration that ran; ``None`` on an empty database
    :param wanted: the last migration of this version of the program
    :param is_known: whether this version of the program knows the one that was found
    """

    found: str | None
    wanted: str
    is_known: bool

    @property
    def is_current(self) -> bool:
        return self.found == self.wanted


def read_schema() -> Schema:
    """
    Compare the tables in the database with those that this version needs.

    :return: both versions
    :raise OperationalError: where the database is away
    """
    found = None
    if inspect(db.session.connection()).has_table("alembic_version"):
        found = db.session.scalar(text("SELECT version_num FROM alembic_version"))
    migrations = list_migrations()
    return Schema(found, migrations[0], found is None or found in migrations)


@cache
def list_migrations() -> tuple[str, ...]:
    """
    List the migrations of this version.

    :return: their names, the last one first
    """
    # They stand in one row and begin with their number; to read them by Alembic would take ten megabytes.
    return tuple(sorted((path.name.partition("_")[0] for path in MIGRATIONS.glob("versions/[0-9]*.py")), reverse=True))
