"""The request log: one line of JSON per request, with an id that the page and the history show too."""

import json
import logging
import re
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, has_request_context, request
from sqlalchemy import Engine, event, inspect
from werkzeug.middleware.proxy_fix import ProxyFix

from crm_web.core.config import Settings
from crm_web.core.tracing import current_trace_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WELL_FORMED_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
SECRET_NAME = re.compile(r"password|secret|token|cookie|authorization|session|^code$", re.IGNORECASE)
# Health checks every few seconds would drown the other lines.
QUIET_ENDPOINTS = ("health.show_alive", "health.show_ready", "metrics.show_metrics", "static", "bootstrap.static")
Address = IPv4Address | IPv6Address
_ADDRESS = re.compile(r"(?:\[(.*)]|([^:]*))(?::\d+)?")
_FORWARDED = {"HTTP_FORWARDED", "HTTP_X_REQUEST_ID", "HTTP_TRACEPARENT", "HTTP_TRACESTATE"}
TRUSTED_USER = "piper.user"
"""Where the WSGI environment holds whom a trusted proxy names in the header of TRUSTED_USER_HEADER."""
_SAVEPOINTS = ("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO")

requests = logging.getLogger("crm_web.request")
events = logging.getLogger("crm_web.event")


def init_app(app: Flask) -> None:
    """Set up request ids, logging and trusted proxies."""
    settings: Settings = app.config["SETTINGS"]
    app.wsgi_app = TrustedProxies(  # type: ignore[method-assign]
        app.wsgi_app, settings.trusted_proxies, settings.trusted_user_header
    )
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


class JsonLines(logging.Formatter):
    """Formats each log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= getattr(record, "facts", None) or {"logger": record.name}
        if "request_id" not in line and has_request_context() and "request_id" in g:
            line["request_id"] = g.request_id
        line |= _trace()
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


@contextmanager
def logging_to_stdout(app: Flask) -> Iterator[None]:
    """Log to standard output during a command, as gunicorn's configuration does for the web server."""
    settings: Settings = app.config["SETTINGS"]
    logger, handler = logging.getLogger("crm_web"), logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(settings.log_level)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


def log_event(name: str, **facts: Any) -> None:
    """Log an event that matters to an operator, such as a sign-in or a refusal.

    :param facts: details; those with a name like a secret's are hidden
    """
    known: dict[str, Any] = {"person": _person()} if has_request_context() else {}
    known |= {key: "[hidden]" if SECRET_NAME.search(key) else value for key, value in facts.items()}
    events.info(name, extra={"facts": known})


@dataclass
class Queries:
    """The SQL statements that were sent."""

    statements: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.statements)


_counting: ContextVar[tuple[Queries, ...]] = ContextVar("counting", default=())


@contextmanager
def count_queries() -> Iterator[Queries]:
    """Count the statements that this thread sends, except savepoints, which only tests use."""
    queries = Queries()
    token = _counting.set((*_counting.get(), queries))
    try:
        yield queries
    finally:
        _counting.reset(token)


@event.listens_for(Engine, "before_cursor_execute")
def _count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
    if not statement.startswith(_SAVEPOINTS):
        for queries in _counting.get():
            queries.statements.append(statement)


class TrustedProxies:
    """Middleware: apply ``X-Forwarded-*``, ``X-Request-ID`` and the user's header from trusted proxies, and drop them
    from anyone else.

    ProxyFix counts proxies and asks nobody for their address, so it reads all headers but the client's address.
    """

    def __init__(
        self, wsgi_app: "WSGIApplication", networks: tuple[IPv4Network | IPv6Network, ...], user_header: str = ""
    ) -> None:
        self.networks = networks
        self.user_variable = f"HTTP_{user_header.upper().replace('-', '_')}" if user_header else ""
        self.from_client, self.from_proxy = wsgi_app, ProxyFix(wsgi_app, x_for=0, x_proto=1, x_host=1, x_port=1)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
        user = environ.pop(self.user_variable, "")
        if not self._trusts(_read_address(environ.get("REMOTE_ADDR", ""))):
            for name in [name for name in environ if name in _FORWARDED or name.startswith("HTTP_X_FORWARDED_")]:
                del environ[name]
            return self.from_client(environ, start_response)
        if user:
            environ[TRUSTED_USER] = user
        # Each proxy adds the address that it saw, so the last one that isn't a trusted proxy's is the client's.
        for hop in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").split(",")):
            if (address := _read_address(hop.strip())) is None:
                break
            environ["REMOTE_ADDR"] = str(address)
            if not self._trusts(address):
                break
        return self.from_proxy(environ, start_response)

    def _trusts(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.networks)


@lru_cache(maxsize=1024)
def _read_address(text: str) -> Address | None:
    """Read an IP address, which some proxies write with a port: ``192.0.2.1:4711``, ``[2001:db8::1]:4711``."""
    found = _ADDRESS.fullmatch(text)
    try:
        address = ip_address(found[1] or found[2] if found else text)
    except ValueError:
        return None
    # A server that listens on IPv6 sees IPv4 addresses as ::ffff:192.0.2.1.
    return getattr(address, "ipv4_mapped", None) or address


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if WELL_FORMED_ID.fullmatch(given) else uuid.uuid4().hex
    g.started = time.perf_counter()
    g.queries = Queries()
    g.counting = _counting.set((*_counting.get(), g.queries))


def _end(response: Response) -> Response:
    if "request_id" not in g:  # The host was refused before the request began.
        return response
    response.headers["X-Request-ID"] = g.request_id
    # Without the query string, which may hold a name, a phone number or a token.
    facts = {"request_id": g.request_id, "person": _person(), "method": request.method, "path": request.path}
    facts |= _trace()
    # A streamed response is sent after the view has returned; its line is written after the last byte.
    response.call_on_close(partial(_write_line, response, facts, g.started, g.queries, _level(response)))
    return response


def _trace() -> dict[str, str]:
    trace_id = current_trace_id()
    return {"trace_id": trace_id} if trace_id else {}


def _level(response: Response) -> int:
    is_quiet = request.endpoint in QUIET_ENDPOINTS and response.status_code < 400
    return logging.DEBUG if is_quiet else logging.INFO


def _write_line(response: Response, facts: dict[str, Any], started: float, queries: Queries, level: int) -> None:
    facts |= {"status": response.status_code, "ms": round((time.perf_counter() - started) * 1000, 1)}
    requests.log(level, "request", extra={"facts": facts | {"queries": queries.count}})


def _forget(_error: BaseException | None) -> None:
    token = g.pop("counting", None)
    if token is not None:
        _counting.reset(token)


def remember_employee(employee_id: int | None = None) -> None:
    """Save the employee's id for the log before the request continues as if nobody were signed in.

    :param employee_id: ``None`` for whoever is signed in, as far as that is known
    """
    g.person = _person() if employee_id is None else employee_id


def _person() -> int | None:
    """The id of the signed-in employee if it is loaded already: querying the database could fail again."""
    if g.get("person") is not None:
        known: int = g.person
        return known
    state = inspect(g.get("_login_user"), raiseerr=False)
    identity = getattr(state, "identity", None)
    return identity[0] if identity else None
