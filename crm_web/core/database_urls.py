"""The addresses of databases: read from what operators write, and named in messages."""

import re

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

DRIVER = "postgresql+psycopg2"


def read_database_url(text: str) -> str:
    """Add the driver to a database URL: for a bare ``postgresql://`` SQLAlchemy would choose another one.

    :param text: ``postgres://`` or ``postgresql://``, with one host or several as in libpq
    :return: the URL for SQLAlchemy; several hosts go into its query string
    :raise ValueError: if it is not a database URL
    """
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in ("postgres", "postgresql", DRIVER):
        raise ValueError("must look like postgresql://user:password@host:5432/database")
    authority, slash, place = rest.partition("/")
    account, at, hosts = authority.rpartition("@")
    extra = ""
    if "," in hosts:
        # libpq writes several hosts before the database, SQLAlchemy one `host` each in the query.
        extra = "&".join(f"host={host if _has_port(host) else host + ':5432'}" for host in hosts.split(","))
        hosts = ""
    joint = "&" if "?" in place else "?"
    address = f"{DRIVER}://{account}{at}{hosts}{slash}{place}{joint + extra if extra else ''}"
    try:
        url = make_url(address)
    except (ArgumentError, ValueError) as error:
        raise ValueError("must look like postgresql://user:password@host:5432/database") from error
    if not url.database:
        raise ValueError("names no database: add it after the host, as in …@host:5432/piper")
    return url.render_as_string(hide_password=False)


def _has_port(host: str) -> bool:
    return re.search(r":\d+$", host) is not None and (not host.startswith("[") or "]:" in host)


def name_database(database_url: str) -> str:
    """Name a database in a message without its password, such as ``piper@db.example:5432/crm``."""
    url = make_url(database_url)
    hosts = url.query.get("host", ())
    place = url.host or ",".join((hosts,) if isinstance(hosts, str) else hosts)
    account = f"{url.username}@" if url.username else ""
    return f"{account}{place}{f':{url.port}' if url.port else ''}/{url.database}"
