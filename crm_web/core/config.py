"""The settings of an installation, read once from the environment."""

import hmac
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from babel.numbers import is_currency
from click import ClickException
from flask import current_app
from phonenumbers import SUPPORTED_REGIONS
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from crm_web.core.database_urls import read_database_url
from crm_web.core.embedded_database import embedded_url, has_embedded_programs
from crm_web.core.file_settings import FileSettings
from crm_web.core.mail_settings import MailSettings

ROOT = Path(__file__).resolve().parents[2]
EMBEDDED = "embedded"
# Without encryption only on this machine, to try things out.
ISSUER = r"^(https://.+|http://(127\.0\.0\.1|localhost)(:\d+)?(/.*)?)?$"
SHORTEST_SECRET = 32
SPARE_THREADS = 16


class ConfigurationError(ClickException):
    """Settings are wrong; each line of the message names one and says what to do."""


def _known(is_known: Callable[[str], bool]) -> AfterValidator:
    def check(text: str) -> str:
        if not is_known(text.upper()):
            raise ValueError
        return text.upper()

    return AfterValidator(check)


def _number(default: int, least: int, most: int) -> Any:
    return Field(default, ge=least, le=most, description=f"a whole number from {least} to {most}")


def _read_place(text: str, known: ValidationInfo) -> str:
    return embedded_url(known.data["var_folder"]) if text == EMBEDDED else read_database_url(text)


def _read_roles(given: Any) -> Any:
    """Read ``CRM Admins=admin, Sales Team=sales``."""
    if not isinstance(given, str):
        return given
    pairs = [part.rpartition("=") for part in given.split(",") if part.strip()]
    return {group.strip(): role.strip() for group, _, role in pairs}


def _list_missing(given: Mapping[str, Any]) -> Iterator[str]:
    """List the settings that have no default here: the embedded database brings both with it."""
    place = given.get("DATABASE_URL", EMBEDDED)
    if place == EMBEDDED and not has_embedded_programs():
        yield "DATABASE_URL"
    is_embedded = place in (EMBEDDED, embedded_url(Path(given.get("VAR_FOLDER", ROOT / "var"))))
    if not (is_embedded and has_embedded_programs()) and not given.keys() & {"SECRET_KEY", "SECRET_KEY_FILE"}:
        yield "SECRET_KEY"


def _require(words: str) -> BeforeValidator:
    """Refuse a blank value, which stands for one that is missing."""

    def check(given: Any) -> Any:
        if given == "":
            raise ValueError(f"is missing. {words}")
        return given

    return BeforeValidator(check)


def _own_secret(given: dict[str, Any]) -> str:
    return _keep_secret(given["secret_key_file"] or given["var_folder"] / "secret_key")


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
        secret = path.read_text().strip()
    except OSError as error:
        raise ConfigurationError(
            f"Cannot keep the secret in {path}: {error.strerror}. Make it writable for this user or set SECRET_KEY."
        ) from error
    if len(secret) < SHORTEST_SECRET:
        raise ConfigurationError(f"The secret in {path} is too short. Remove the file to create a new one.")
    return secret


Place = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
Parts = BeforeValidator(lambda given: re.findall(r"[^,\s]+", given) if isinstance(given, str) else given)
RoleName = Literal["viewer", "sales", "manager", "admin"]
Switch = Annotated[bool, Field(description="1 or 0")]
Region = Annotated[
    str, _known(SUPPORTED_REGIONS.__contains__), Field(description="the two letters of a country, such as US or DE")
]
Currency = Annotated[str, _known(is_currency), Field(description="the three letters of a currency, such as USD or EUR")]
Level = Annotated[
    str, _known(("DEBUG", "INFO", "WARNING", "ERROR").__contains__), Field(description="DEBUG, INFO, WARNING or ERROR")
]
Networks = Annotated[
    tuple[IPvAnyNetwork, ...],
    NoDecode,
    Parts,
    Field(description="addresses or networks separated by commas, such as 127.0.0.1, 10.0.0.5"),
]


class Settings(FileSettings, MailSettings):
    """The checked settings; the environment variables have the names of the fields in upper case.

    What ``repr=False`` hides is never printed, not even in the message about a wrong value.
    """

    model_config = ConfigDict(alias_generator=str.upper, validate_by_name=True, frozen=True, hide_input_in_errors=True)

    var_folder: Place = ROOT / "var"
    database_url: Annotated[
        str,
        AfterValidator(_read_place),
        _require("Name your PostgreSQL server and database, such as postgresql://piper:password@db.example:5432/piper"),
    ] = Field(default_factory=lambda given: embedded_url(given["var_folder"]), repr=False)
    host: str = "127.0.0.1"
    port: int = _number(8000, 1, 65535)
    web_concurrency: int = _number(2, 1, 64)
    # For each worker: how many requests it works on at a time, and how many wait for their turn; others are refused.
    web_requests: int = _number(4, 1, 200)
    web_queue: int = _number(44, 0, 1000)
    # For each worker; more than its requests, so that /readyz finds a free one, and long exports as well.
    database_connections: int = _number(16, 1, 200)
    # How long a stopping instance serves on while /readyz answers 503, for the load balancer to notice.
    drain_seconds: int = _number(0, 0, 60)
    # Whose X-Forwarded-* and X-Request-ID headers are trusted.
    trusted_proxies: Networks = ()
    # The host names that this site answers to; empty for any.
    trusted_hosts: Annotated[tuple[str, ...], NoDecode, Parts] = ()
    https: Switch = False
    # The header in which a trusted proxy names the signed-in person's email; empty for none.
    trusted_user_header: Annotated[str, Field(pattern="^[A-Za-z0-9-]*$", description="the name of a header")] = ""
    # OpenID Connect: the provider's address, exactly as its tokens name it; empty for no provider.
    oidc_issuer: Annotated[str, Field(pattern=ISSUER, description="an https:// address")] = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = Field(default="", repr=False)
    oidc_name: str = "single sign-on"
    oidc_groups_claim: str = "groups"
    oidc_roles: Annotated[
        dict[str, RoleName],
        NoDecode,
        BeforeValidator(_read_roles),
        Field(description="like: group=role, other group=role"),
    ] = {}
    oidc_default_role: Annotated[RoleName | None, Field(description="viewer, sales, manager or admin")] = None
    oidc_creates_employees: Switch = False
    oidc_trusts_emails: Switch = False
    # Whether an identity provider may keep employees and groups by SCIM.
    scim: Switch = False
    # Whether people may sign in with a password; without, only this one may, for when the provider is away.
    password_sign_in: Switch = True
    break_glass_email: str = ""
    # The roles that need a second factor to sign in with a password.
    second_factor_roles: Annotated[
        tuple[RoleName, ...], NoDecode, Parts, Field(description="roles separated by commas, such as manager, admin")
    ] = ()
    session_hours: int = _number(12, 1, 720)
    company_name: str = "Piper Trading Ltd"
    default_region: Region = "US"
    default_currency: Currency = "USD"
    max_upload_mb: int = _number(50, 1, 2000)
    # The bearer token for /metrics; without one there is no such page.
    metrics_token: Annotated[str, Field(pattern=r"^(\S{20,})?$", description="at least 20 characters")] = Field(
        default="", repr=False
    )
    # Where traces go: the address of an OpenTelemetry collector that takes OTLP over HTTP; empty for no traces.
    otel_exporter_otlp_endpoint: Annotated[
        str, Field(pattern=r"^(https?://\S+)?$", description="an address like http://collector:4318")
    ] = ""
    max_file_mb: int = _number(25, 1, 2000)
    api_requests_a_minute: int = _number(600, 1, 1_000_000)
    webhook_private_addresses: Switch = False
    connect_timeout: int = _number(3, 2, 60)
    statement_timeout: int = _number(5, 1, 600)
    lock_timeout: int = _number(3, 1, 600)
    log_level: Level = "INFO"
    # Keys that are read, too, while SECRET_KEY is changed: the one before, and the one that comes next.
    secret_key_fallbacks: Annotated[
        tuple[Annotated[str, Field(min_length=SHORTEST_SECRET)], ...],
        NoDecode,
        Parts,
        Field(repr=False, description=f"keys of at least {SHORTEST_SECRET} characters, separated by commas"),
    ] = ()
    secret_key_file: Place | None = None
    secret_key: Annotated[
        str,
        _require(
            "It is required with DATABASE_URL and must be the same for every instance. Create one with: "
            "python3 -c 'import secrets; print(secrets.token_hex(32))'"
        ),
    ] = Field(
        default_factory=_own_secret,
        min_length=SHORTEST_SECRET,
        repr=False,
        description=f"at least {SHORTEST_SECRET} random characters",
    )

    @model_validator(mode="before")
    @classmethod
    def _leave_out_blank(cls, given: dict[str, Any]) -> dict[str, Any]:
        stripped = {name: value.strip() if isinstance(value, str) else value for name, value in given.items()}
        given = {name: value for name, value in stripped.items() if value != ""}
        return given | dict.fromkeys(_list_missing(given), "")

    @model_validator(mode="after")
    def _complete_mail(self) -> Self:
        if self.mail_problem:
            raise ConfigurationError(self.mail_problem)
        return self

    @property
    def own_marks(self) -> list[str]:
        """What this installation's emails carry, so that they are known if they come back, by the present key first."""
        keys = (self.secret_key, *self.secret_key_fallbacks)
        return [hmac.digest(key.encode(), b"emails of this installation", "sha256").hex()[:24] for key in keys]

    @property
    def mail_folder(self) -> Path:
        """Where emails are saved as files if there is no mail server."""
        return self.var_folder / "mail"

    def allows_password(self, email: str) -> bool:
        """Whether the account with this email may sign in with a password."""
        return self.password_sign_in or email.strip().casefold() == self.break_glass_email.casefold()

    @property
    def is_embedded(self) -> bool:
        """Whether the database is the embedded server in ``var_folder``."""
        return self.database_url == embedded_url(self.var_folder)

    @property
    def creates_database(self) -> bool:
        """Whether the embedded database may be made where there is none: a lost DATABASE_URL must not make one."""
        return self.is_embedded and "database_url" in self.model_fields_set

    @property
    def web_threads(self) -> int:
        """Threads for each worker: the spare ones answer health checks, refuse requests and send long exports."""
        return self.web_requests + self.web_queue + SPARE_THREADS

    def flask_config(self) -> dict[str, Any]:
        """Return the settings by the names that Flask and its extensions use."""
        return {
            "SETTINGS": self,
            "SECRET_KEY": self.secret_key,
            "SECRET_KEY_FALLBACKS": list(self.secret_key_fallbacks),
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


class Environment(BaseSettings, Settings):
    """The settings as this process's environment gives them, completed by the file ``.env``."""

    model_config = SettingsConfigDict(env_file=ROOT / ".env", case_sensitive=True, extra="ignore")


VARIABLES = tuple(name.upper() for name in Settings.model_fields)


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check the settings.

    :param environ: ``None`` for this process's environment, completed by the file ``.env``
    :raise ConfigurationError: if values are wrong
    """
    try:
        return Environment() if environ is None else Settings.model_validate(environ)
    except ValidationError as error:
        # A default that needs another setting is an error as well where that one is wrong.
        wrong = [_explain(one) for one in error.errors() if one["type"] != "default_factory_not_called"]
        raise ConfigurationError("\n".join(dict.fromkeys(wrong))) from None


def current_settings() -> Settings:
    """Return the settings of the running application."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def default_region() -> str:
    """Return the country of the installation, for rules that don't know the web."""
    return str(current_app.config["DEFAULT_REGION"])


def _explain(error: ErrorDetails) -> str:
    """Describe in one line which setting is wrong, and what it should look like."""
    name = str(error["loc"][0]).upper()
    field = Settings.model_fields[name.lower()]
    reason = str(error.get("ctx", {}).get("error", "")) or f"must be {field.description}"
    shown = f" ({error['input']!r})" if field.repr else ""
    if error["input"] == "":
        return f"{name} {reason}"
    return f"{name}{shown} {reason}."
