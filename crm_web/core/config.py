"""The settings of an installation, read once from the environment."""

import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from babel.numbers import is_currency
from click import ClickException
from phonenumbers import SUPPORTED_REGIONS
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from crm_web.core.embedded_database import embedded_url

ROOT = Path(__file__).resolve().parents[2]
DRIVER = "postgresql+psycopg2"
SHORTEST_SECRET = 32
Network = IPv4Network | IPv6Network


class ConfigurationError(ClickException):
    """A setting is wrong; the message is one line that names it and says what to do."""


@dataclass(frozen=True)
class Settings:
    """The checked settings, named as the environment variables in lower case.

    :param is_embedded: whether ``database_url`` is the embedded server in ``var_folder``
    :param database_connections: the maximum per worker; fewer than its threads, so that ``/healthz`` finds a free
        thread while all others wait for the database
    :param trusted_proxies: networks whose ``X-Forwarded-*`` and ``X-Request-ID`` headers are trusted
    :param trusted_hosts: the host names that this site answers to; empty for any
    """

    database_url: str
    is_embedded: bool
    secret_key: str
    var_folder: Path = ROOT / "var"
    host: str = "127.0.0.1"
    port: int = 8000
    web_concurrency: int = 2
    web_threads: int = 48
    database_connections: int = 16
    trusted_proxies: tuple[Network, ...] = ()
    trusted_hosts: tuple[str, ...] = ()
    https: bool = False
    session_hours: int = 12
    company_name: str = "Piper Trading Ltd"
    default_region: str = "US"
    default_currency: str = "USD"
    max_upload_mb: int = 50
    api_requests_a_minute: int = 600
    webhook_private_addresses: bool = False
    connect_timeout: int = 3
    statement_timeout: int = 5
    lock_timeout: int = 3
    log_level: str = "INFO"

    def flask_config(self) -> dict[str, Any]:
        """Return the settings by the names that Flask and its extensions use."""
        return {
            "SETTINGS": self,
            "SECRET_KEY": self.secret_key,
            "TRUSTED_HOSTS": list(self.trusted_hosts) or None,
            "SQLALCHEMY_DATABASE_URI": self.database_url,
            "SQLALCHEMY_ENGINE_OPTIONS": self._engine_options(),
            "SESSION_COOKIE_NAME": "piper_session",
            "SESSION_COOKIE_HTTPONLY": True,
            "SESSION_COOKIE_SAMESITE": "Lax",
            "SESSION_COOKIE_SECURE": self.https,
            "PERMANENT_SESSION_LIFETIME": timedelta(hours=self.session_hours),
            # A token lives as long as its session: a form left open over lunch still saves.
            "WTF_CSRF_TIME_LIMIT": None,
            "WTF_CSRF_SSL_STRICT": self.https,
            "MAX_CONTENT_LENGTH": self.max_upload_mb * 1024 * 1024,
            "MAX_FORM_MEMORY_SIZE": 2 * 1024 * 1024,
            "BOOTSTRAP_SERVE_LOCAL": True,
            "DEFAULT_REGION": self.default_region,
            "DEFAULT_CURRENCY": self.default_currency,
            "COMPANY_NAME": self.company_name,
            "API_REQUESTS_A_MINUTE": self.api_requests_a_minute,
            "WEBHOOK_PRIVATE_ADDRESSES": self.webhook_private_addresses,
            "IS_EMBEDDED": self.is_embedded,
        }

    def _engine_options(self) -> dict[str, Any]:
        return {
            "pool_size": self.database_connections,
            "max_overflow": 0,
            "pool_timeout": 2,
            "pool_recycle": 1800,
            "pool_use_lifo": True,
            # Money in JSON, such as in history, stays exact: a float would round it, and read 12.50 back as 12.5.
            "json_deserializer": partial(json.loads, parse_float=Decimal),
            "json_serializer": partial(json.dumps, default=str),
            "connect_args": {
                "application_name": "piper-crm",
                "connect_timeout": self.connect_timeout,
                "keepalives_idle": 30,
                "keepalives_interval": 5,
                "keepalives_count": 3,
                "tcp_user_timeout": 10_000,
            },
        }


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings.

    :param environ: ``None`` for this process's environment, completed by the file ``.env``
    :raise ConfigurationError: at the first wrong value
    """
    if environ is None:
        environ = _read_env_file(ROOT / ".env") | os.environ
    given = {name: environ[name].strip() for name in VARIABLES if environ.get(name, "").strip()}
    values = {VARIABLES[name][0]: _read(name, text) for name, text in given.items()}
    var_folder: Path = values.get("var_folder", Settings.var_folder)
    secret_file: Path | None = values.pop("secret_key_file", None)
    if "database_url" in values:
        values["is_embedded"] = False
        if "secret_key" not in values and secret_file is None:
            raise ConfigurationError(
                "SECRET_KEY is missing: with DATABASE_URL set it must be given, the same for every instance. "
                "Make one with: python3 -c 'import secrets; print(secrets.token_hex(32))'"
            )
    else:
        values["is_embedded"] = True
        values["database_url"] = embedded_url(var_folder)
    values.setdefault("secret_key", None)
    if values["secret_key"] is None:
        values["secret_key"] = _keep_secret(secret_file or var_folder / "secret_key")
    return Settings(**values)


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


def _read(name: str, text: str) -> Any:
    try:
        return VARIABLES[name][1](text)
    except ValueError as error:
        shown = "" if name in ("DATABASE_URL", "SECRET_KEY") else f" ({text!r})"
        raise ConfigurationError(f"{name}{shown} {error}.") from error


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return read


def _switch(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError("must be 1 or 0")
    return words[text.lower()]


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part) for part in re.split(r"[,\s]+", text) if part)
    except ValueError as error:
        raise ValueError("must be addresses or networks separated by commas, such as 127.0.0.1, 10.0.0.5") from error


def _hosts(text: str) -> tuple[str, ...]:
    return tuple(part for part in re.split(r"[,\s]+", text) if part)


def _secret(text: str) -> str:
    if len(text.encode()) < SHORTEST_SECRET:
        raise ValueError(f"must be at least {SHORTEST_SECRET} characters of chance")
    return text


def _region(text: str) -> str:
    if text.upper() not in SUPPORTED_REGIONS:
        raise ValueError("must be the two letters of a country, such as US or DE")
    return text.upper()


def _currency(text: str) -> str:
    if not is_currency(text.upper()):
        raise ValueError("must be the three letters of a currency, such as USD or EUR")
    return text.upper()


def _level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return text.upper()


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


VARIABLES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "DATABASE_URL": ("database_url", read_database_url),
    "SECRET_KEY": ("secret_key", _secret),
    "SECRET_KEY_FILE": ("secret_key_file", _path),
    "VAR_FOLDER": ("var_folder", _path),
    "HOST": ("host", str),
    "PORT": ("port", _number(1, 65535)),
    "WEB_CONCURRENCY": ("web_concurrency", _number(1, 64)),
    "WEB_THREADS": ("web_threads", _number(2, 500)),
    "DATABASE_CONNECTIONS": ("database_connections", _number(1, 200)),
    "TRUSTED_PROXIES": ("trusted_proxies", _networks),
    "TRUSTED_HOSTS": ("trusted_hosts", _hosts),
    "HTTPS": ("https", _switch),
    "SESSION_HOURS": ("session_hours", _number(1, 720)),
    "COMPANY_NAME": ("company_name", str),
    "DEFAULT_REGION": ("default_region", _region),
    "DEFAULT_CURRENCY": ("default_currency", _currency),
    "MAX_UPLOAD_MB": ("max_upload_mb", _number(1, 2000)),
    "API_REQUESTS_A_MINUTE": ("api_requests_a_minute", _number(1, 1_000_000)),
    "WEBHOOK_PRIVATE_ADDRESSES": ("webhook_private_addresses", _switch),
    "CONNECT_TIMEOUT": ("connect_timeout", _number(2, 60)),
    "STATEMENT_TIMEOUT": ("statement_timeout", _number(1, 600)),
    "LOCK_TIMEOUT": ("lock_timeout", _number(1, 600)),
    "LOG_LEVEL": ("log_level", _level),
}


def _read_env_file(path: Path) -> dict[str, str]:
    """Read lines of NAME=value; blank lines and lines that begin with # are skipped."""
    found: dict[str, str] = {}
    with suppress(FileNotFoundError):
        for line in path.read_text().splitlines():
            name, equals, value = line.strip().partition("=")
            if equals and not name.startswith("#"):
                found[name.strip()] = value.strip().strip("'\"")
    return found


def _keep_secret(path: Path) -> str:
    """Read the secret key of this installation; the first start creates it, safely against a second one at the same
    time.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return _secret(path.read_text().strip())
    except OSError as error:
        raise ConfigurationError(
            f"Cannot keep the secret in {path}: {error.strerror}. Let this user write there, or set SECRET_KEY."
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"The secret in {path} {error}: remove the file to have a new one made.") from error
