"""Where the embedded PostgreSQL server of an installation is reached; the launcher starts it."""

import hashlib
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
    """
    Choose the folder of the server's socket.

    :param folder: the folder of the installation's data, logs and locks
    :return: the data folder, or a short private one where libpq or the kernel could not take that path
    """
    data = folder.resolve() / "postgres"
    if len(os.fsencode(data)) <= LONGEST_SOCKET_FOLDER and re.fullmatch(r"[\w./-]+", str(data), re.ASCII):
        return data
    # The place must not depend on the environment: every process of this folder has to find the same one.
    return Path("/tmp") / f"piper-crm-{hashlib.sha256(os.fsencode(data)).hexdigest()[:16]}"  # noqa: S108


def embedded_url(folder: Path, database: str = ROLE) -> str:
    """
    Build the address of a database of the embedded server.

    :param folder: the folder of the installation's data, logs and locks
    :param database: its name
    :return: an address with the driver named
    """
    query = {"host": str(socket_folder(folder)), "port": PORT}
    return URL.create("postgresql+psycopg2", username=ROLE, database=database, query=query).render_as_string()
