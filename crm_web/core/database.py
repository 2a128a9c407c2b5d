"""Deadlines for database access that hold even if the server hangs instead of failing.

PostgreSQL's own time-outs end a slow statement, but a suspended server, or one behind a network that drops packets,
never applies them, and libpq would wait for ever. So each request that waits for the database is registered, and one
thread per process shuts the socket of those that waited too long, which ends the wait with an ordinary error. Commands
and migrations have no deadlines: they may take hours.
"""

import os
import re
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from functools import partial
from typing import Any, TypeVar, cast

import psycopg2
import psycopg2.extensions
from click import ClickException
from flask import Flask, g, has_request_context, request
from psycopg2.extensions import cursor as Cursor
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crm_web.core import column_index, prepared
from crm_web.core.config import Settings, current_settings
from crm_web.core.database_urls import name_database
from crm_web.core.errors import PostgresError
from crm_web.core.extensions import db

Result = TypeVar("Result")
# How long after the server's own time-out the client gives up: by then the server should have said so itself.
GRACE = 1.0
# An idle connection answers in a millisecond; one that does not is not waited for as long as a statement.
PING_DEADLINE = 2.0
# For so long after an answer a connection is used without a question before, if its socket has nothing to tell. One
# whose server stopped or died has; only one whose server hangs is found out by the statement instead.
JUST_NOW = 1.0
# After waits of this length new requests are refused at once instead of waiting, too.
SUSPICIOUS_WAIT = 1.0
IDLE_IN_TRANSACTION_SECONDS = 30
UNTOUCHED_BY_DATABASE = ("health.show_alive", "static", "bootstrap.static")


class DatabaseTimeout(Exception):
    """The database did not answer in time."""


class DatabaseUnreachable(ClickException):
    """A command could not connect; the message is one line for the console."""

    def __init__(self, database_url: str, error: psycopg2.OperationalError) -> None:
        place = name_database(database_url)
        message = " ".join(str(error).split())
        if "password authentication failed" in message or "no password supplied" in message:
            reason = "refused the user or password. Check DATABASE_URL"
        elif re.search('database ".*" does not exist', message):
            reason = "doesn’t exist. Create it or check DATABASE_URL"
        elif "unsupported startup parameter" in message:
            reason = "is behind a pooler such as pgbouncer. Connect to PostgreSQL itself; this app pools connections"
        else:
            reason = f"can’t be reached. Start it or check DATABASE_URL ({message})"
        super().__init__(f"The database {place} {reason}.")


class CircuitBreaker:
    """The threads of this process that wait for the database, and the thread that ends waits."""

    def __init__(self) -> None:
        self._waits: dict[int, tuple[float, float, psycopg2.extensions.connection | None]] = {}
        self._guard: threading.Thread | None = None
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self.is_open = False

    def call(
        self,
        deadline: float,
        connection: "psycopg2.extensions.connection | None",
        ask: Callable[..., Result],
        *arguments: Any,
    ) -> Result:
        """Call the database, and be cut off if the answer takes too long.

        :param deadline: in seconds
        :param connection: whose socket to shut; ``None`` before there is one
        :param ask: the call that waits
        """
        now = time.monotonic()
        thread = threading.get_ident()
        self._waits[thread] = (now, now + deadline, connection)
        try:
            answer = ask(*arguments)
        except psycopg2.Error:
            if time.monotonic() >= now + deadline:
                self.is_open = True
            raise
        finally:
            del self._waits[thread]
        self.is_open = False
        return answer

    def count_waiting(self, seconds: float) -> int:
        """Count the threads that have waited longer than so many seconds."""
        begun = time.monotonic() - seconds
        return sum(since < begun for since, _, _ in list(self._waits.values()))

    def take_turn(self) -> bool:
        """Let one caller try whether a silent database is back, so that nobody else has to wait for it.

        :return: whether it is the caller's turn; ``end_turn`` must follow
        """
        return self._turn.acquire(blocking=False)

    def end_turn(self) -> None:
        """Let the next caller try."""
        self._turn.release()

    def watch(self) -> None:
        """Start the thread that ends waits, once per process (a fork does not copy threads)."""
        with self._lock:
            if self._guard is None or not self._guard.is_alive():
                self._guard = threading.Thread(target=self._end_waits, name="database-deadline", daemon=True)
                self._guard.start()

    def _end_waits(self) -> None:
        while True:
            time.sleep(0.2)
            now = time.monotonic()
            for _, deadline, connection in list(self._waits.values()):
                if connection is not None and now > deadline:
                    _shut_socket(connection)


def _shut_socket(connection: "psycopg2.extensions.connection") -> None:
    """Shut the socket under a waiting libpq, which then reports a lost connection."""
    with suppress(OSError, psycopg2.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


circuit_breaker = CircuitBreaker()


class TimeoutCursor(psycopg2.extensions.cursor):
    """A cursor whose statements have the deadline of its connection."""

    connection: "TimeoutConnection"

    def execute(self, *arguments: Any) -> None:
        circuit_breaker.call(self.connection.deadline, self.connection, super().execute, *arguments)
        self.connection.answered_at = time.monotonic()

    def executemany(self, *arguments: Any) -> None:
        return circuit_breaker.call(self.connection.deadline, self.connection, super().executemany, *arguments)

    def copy_expert(self, *arguments: Any) -> None:
        return circuit_breaker.call(self.connection.deadline, self.connection, super().copy_expert, *arguments)

    def fetchmany(self, *arguments: Any) -> list[tuple[Any, ...]]:
        # A named cursor asks the server for each batch.
        return circuit_breaker.call(self.connection.deadline, self.connection, super().fetchmany, *arguments)


class TimeoutConnection(psycopg2.extensions.connection):
    """A connection of the web server, with a deadline for each answer."""

    deadline = 60.0
    is_fresh = False
    answered_at = -JUST_NOW

    def __init__(self, *arguments: Any, **names: Any) -> None:
        super().__init__(*arguments, **names)
        self.cursor_factory = TimeoutCursor

    def commit(self) -> None:
        """Commit; if this fails, it is unknown whether the changes were saved."""
        if has_request_context():
            g.may_be_saved = True
        circuit_breaker.call(self.deadline, self, super().commit)

    def rollback(self) -> None:
        """Roll back; if the connection is lost the server has done so already."""
        try:
            circuit_breaker.call(self.deadline, self, super().rollback)
        except psycopg2.Error:
            if not self.closed:
                raise

    def has_just_answered(self) -> bool:
        """Tell whether it answered a statement just now, and nothing has come since, such as word of a shutdown."""
        if time.monotonic() - self.answered_at >= JUST_NOW or self.closed:
            return False
        socket_of_server = select.poll()
        socket_of_server.register(self.fileno(), select.POLLIN)
        return not socket_of_server.poll(0)

    def ping(self) -> None:
        """Run an empty statement; raises if there is no answer."""
        usual, self.deadline = self.deadline, PING_DEADLINE
        # With autocommit the question goes out alone, without a BEGIN before it and a ROLLBACK after it.
        self.autocommit = True
        with self.cursor() as cursor:
            cursor.execute("SELECT 1")
        self.autocommit = False
        self.deadline = usual


def init_app(app: Flask, start_server: Callable[[], None] | None = None) -> None:
    """Set the deadlines of an application's engine.

    :param app: with its database extension bound already
    :param start_server: called before each new connection, for a server that has to be started on demand
    """
    settings: Settings = app.config["SETTINGS"]
    with app.app_context():
        engine = db.engine

    @event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: list[Any], names: dict[str, Any]) -> Any:
        if start_server is not None:
            start_server()
        if has_request_context():
            return _connect_with_deadline(dialect, arguments, names, settings)
        # Like the limits of requests, this tells a pooler, which would give what a session sets to others.
        options = f"-c statement_timeout=0 {names.get('options', '')}".strip()
        try:
            return dialect.connect(*arguments, **names | {"options": options})
        except psycopg2.OperationalError as error:
            raise DatabaseUnreachable(settings.database_url, error) from error

    event.listen(engine, "checkout", _check_connection)
    prepared.init_app(engine)
    column_index.install()
    app.before_request(_fail_fast)
    app.teardown_request(_end_turn)


def _connect_with_deadline(dialect: Any, arguments: list[Any], names: dict[str, Any], settings: Settings) -> Any:
    circuit_breaker.watch()
    limits = {
        "statement_timeout": settings.statement_timeout,
        "lock_timeout": settings.lock_timeout,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_SECONDS,
    }
    options = [names.get("options", ""), *(f"-c {name}={seconds}s" for name, seconds in limits.items())]
    names = names | {"options": " ".join(options).strip(), "connection_factory": TimeoutConnection}
    # Here libpq keeps the deadline by itself, once for each host.
    connection = circuit_breaker.call(settings.connect_timeout, None, partial(dialect.connect, *arguments, **names))
    connection.deadline = settings.statement_timeout + GRACE
    connection.is_fresh = True
    return connection


def _check_connection(connection: Any, _record: Any, _proxy: Any) -> None:
    """Check a pooled connection before it is used; if the server is silent, no new one is opened."""
    if not isinstance(connection, TimeoutConnection):
        return
    if connection.is_fresh:
        connection.is_fresh = False
        return
    if connection.has_just_answered():
        return
    started = time.monotonic()
    try:
        connection.ping()
    except psycopg2.Error as error:
        if time.monotonic() - started > PING_DEADLINE:
            raise DatabaseTimeout from error
        raise InvalidatePoolError from error


def _fail_fast() -> None:
    """Fail fast instead of waiting in vain, so that threads stay free for ``/healthz``.

    This applies while each connection has kept somebody waiting for long, and, after a wait without an answer, until
    one request has had an answer again.
    """
    settings = current_settings()
    if request.endpoint in UNTOUCHED_BY_DATABASE:
        return
    if circuit_breaker.count_waiting(SUSPICIOUS_WAIT) >= settings.database_connections:
        raise DatabaseTimeout
    if circuit_breaker.is_open:
        g.has_turn = circuit_breaker.take_turn()
        if not g.has_turn:
            raise DatabaseTimeout


def _end_turn(_error: BaseException | None) -> None:
    if g.pop("has_turn", False):
        circuit_breaker.end_turn()


class DbFailure(Enum):
    """Why the database failed a request, with the texts of the error page."""

    AWAY = (
        "Can’t reach the database",
        "Nothing was saved. Go back and try again in a moment; what you typed is still there.",
    )
    SLOW = (
        "This took too long",
        "The request timed out and nothing was saved. Try again, or narrow it down.",
    )
    BUSY = (
        "Someone else is saving this right now",
        "Nothing was saved. Go back and try again in a moment; what you typed is still there.",
    )


_BUSY = ("55P03", "40P01", "40001")
_AWAY = re.compile("08...|53...|57P..|25P03|25006|58...")


def classify_failure(error: BaseException) -> DbFailure | None:
    """Return why the database could not serve a request; ``None`` if the statement or the code was at fault."""
    if isinstance(error, (DatabaseTimeout, PoolTimeout, PostgresError)):
        return DbFailure.AWAY
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, (psycopg2.OperationalError, psycopg2.InterfaceError, psycopg2.InternalError)):
        return None
    if cause.pgcode == "57014":
        return DbFailure.SLOW
    if cause.pgcode in _BUSY:
        return DbFailure.BUSY
    is_lost = cause.pgcode is None and not isinstance(cause, psycopg2.InternalError)
    return DbFailure.AWAY if is_lost or _AWAY.fullmatch(cause.pgcode or "") else None


def find_sqlstate(error: BaseException) -> str | None:
    """Return PostgreSQL's five-character code of a failure; ``None`` if the server didn't answer."""
    return getattr(getattr(error, "orig", error), "pgcode", None)


def explain_cause(error: BaseException) -> str:
    """Explain a failure to an operator in one line.

    :return: the message of PostgreSQL or libpq, without the detail, which may hold values of a record
    """
    cause = getattr(error, "orig", None) or error
    message = str(cause).partition("\nDETAIL")[0] or cause.__doc__ or ""
    return f"{type(cause).__name__}: {' '.join(message.split())}"


def raw_cursor() -> Cursor:
    """Open a psycopg2 cursor in the session's transaction, for COPY."""
    return cast(Cursor, db.session.connection().connection.cursor())
