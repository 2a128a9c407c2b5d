"""How requests reach the database: with a deadline that holds even where the server is silent rather than gone.

PostgreSQL's own time-outs end a statement that takes too long, but a server that is suspended, or behind a network that
swallows packets, never gets to apply them, and libpq would wait for its answer for ever. So while a request waits for
the database it stands in a list; one thread of each process walks that list and shuts the socket of whoever waited too
long, which ends the wait with an ordinary error. Commands and migrations are free of all of this: they may take hours.
"""

import os
import re
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
from flask import Flask, current_app, g, has_request_context, request
from psycopg2.extensions import cursor as Cursor
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crm_web.core.config import Settings, name_database
from crm_web.core.errors import PostgresError
from crm_web.core.extensions import db

Result = TypeVar("Result")
# How long after the server's own time-out the client gives up: by then the server should have said so itself.
GRACE = 1.0
# An idle connection answers in a millisecond; one that does not is not waited for as long as a statement.
PING_DEADLINE = 2.0
# From this long a wait on, new requests are refused at once rather than sent to wait as well.
SUSPICIOUS_WAIT = 1.0
IDLE_IN_TRANSACTION_SECONDS = 30
UNTOUCHED_BY_DATABASE = ("health.show_alive", "static", "bootstrap.static")


class DatabaseSilent(Exception):
    """The database took a connection or a question and gave no answer in time."""


class DatabaseUnreachable(ClickException):
    """
    A command could not connect; the message is one line for the person at the console.

    :param database_url: SQLAlchemy's address
    :param error: what libpq said
    """

    def __init__(self, database_url: str, error: psycopg2.OperationalError) -> None:
        place = name_database(database_url)
        told = " ".join(str(error).split())
        if "password authentication failed" in told or "no password supplied" in told:
            reason = "refuses this user or password: mend DATABASE_URL"
        elif re.search('database ".*" does not exist', told):
            reason = "does not exist: create it, or mend DATABASE_URL"
        else:
            reason = f"cannot be reached: start it, or mend DATABASE_URL ({told})"
        super().__init__(f"The database {place} {reason}.")


class CircuitBreaker:
    """The threads of this process that wait for the database just now, and the thread that ends waits."""

    def __init__(self) -> None:
        self._waits: dict[int, tuple[float, float, psycopg2.extensions.connection | None]] = {}
        self._guard: threading.Thread | None = None
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self.is_open = False

    def during(
        self,
        deadline: float,
        connection: "psycopg2.extensions.connection | None",
        ask: Callable[..., Result],
        *arguments: Any,
    ) -> Result:
        """
        Ask the database something, and be cut off when the answer takes too long.

        :param deadline: seconds to wait
        :param connection: whose socket to shut; ``None`` while there is none yet
        :param ask: the call that waits
        :param arguments: what it is given
        :return: what the call returned
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

    def count_longer(self, seconds: float) -> int:
        """
        Count those whom the database has kept waiting for long.

        :param seconds: how long is long
        :return: how many wait longer
        """
        begun = time.monotonic() - seconds
        return sum(since < begun for since, _, _ in list(self._waits.values()))

    def take_turn(self) -> bool:
        """
        Let one ask a silent database whether it is back, so that nobody else need wait to learn that it is not.

        :return: whether it is the caller's turn; then ``end_turn`` must follow
        """
        return self._turn.acquire(blocking=False)

    def end_turn(self) -> None:
        """Let the next one ask."""
        self._turn.release()

    def watch(self) -> None:
        """Start the thread that ends waits, once in each process (a fork does not take threads along)."""
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
                    _hang_up(connection)


def _hang_up(connection: "psycopg2.extensions.connection") -> None:
    """Shut a socket under a waiting libpq: it sees the end of the stream and reports a lost connection."""
    with suppress(OSError, psycopg2.Error), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


circuit_breaker = CircuitBreaker()


class TimeoutCursor(psycopg2.extensions.cursor):
    """A cursor whose questions have the deadline of its connection."""

    connection: "TimeoutConnection"

    def execute(self, *arguments: Any) -> None:
        return circuit_breaker.during(self.connection.deadline, self.connection, super().execute, *arguments)

    def executemany(self, *arguments: Any) -> None:
        return circuit_breaker.during(self.connection.deadline, self.connection, super().executemany, *arguments)

    def copy_expert(self, *arguments: Any) -> None:
        return circuit_breaker.during(self.connection.deadline, self.connection, super().copy_expert, *arguments)

    def fetchmany(self, *arguments: Any) -> list[tuple[Any, ...]]:
        # A named cursor asks the server for each batch.
        return circuit_breaker.during(self.connection.deadline, self.connection, super().fetchmany, *arguments)


class TimeoutConnection(psycopg2.extensions.connection):
    """A connection of the web server: it waits for an answer only so long."""

    deadline = 60.0
    is_fresh = False

    def __init__(self, *arguments: Any, **names: Any) -> None:
        super().__init__(*arguments, **names)
        self.cursor_factory = TimeoutCursor

    def commit(self) -> None:
        """Commit; whatever fails from here on, nobody can promise that nothing was saved."""
        if has_request_context():
            g.may_be_saved = True
        return circuit_breaker.during(self.deadline, self, super().commit)

    def rollback(self) -> None:
        """Roll back; with a lost connection the server has done so already, and the request keeps its answer."""
        try:
            circuit_breaker.during(self.deadline, self, super().rollback)
        except psycopg2.Error:
            if not self.closed:
                raise

    def ping(self) -> None:
        """Ask for a sign of life; raises where none comes."""
        usual, self.deadline = self.deadline, PING_DEADLINE
        # With autocommit the question goes out alone, without a BEGIN before it and a ROLLBACK after it.
        self.autocommit = True
        with self.cursor() as cursor:
            cursor.execute("SELECT 1")
        self.autocommit = False
        self.deadline = usual


def init_app(app: Flask, start_server: Callable[[], None] | None = None) -> None:
    """
    Give the engine of an application its deadlines.

    :param app: the application; its database extension must be bound already
    :param start_server: called before each new connection, where the server may have to be started first
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
        try:
            return dialect.connect(*arguments, **names)
        except psycopg2.OperationalError as error:
            raise DatabaseUnreachable(settings.database_url, error) from error

    event.listen(engine, "checkout", _check_sign_of_life)
    app.before_request(_refuse_while_silent)
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
    connection = circuit_breaker.during(settings.connect_timeout, None, partial(dialect.connect, *arguments, **names))
    connection.deadline = settings.statement_timeout + GRACE
    connection.is_fresh = True
    return connection


def _check_sign_of_life(connection: Any, _record: Any, _proxy: Any) -> None:
    """Take a connection from the pool only if it lives; a silent server is not asked for a new one."""
    if not isinstance(connection, TimeoutConnection):
        return
    if connection.is_fresh:
        connection.is_fresh = False
        return
    started = time.monotonic()
    try:
        connection.ping()
    except psycopg2.Error as error:
        if time.monotonic() - started > PING_DEADLINE:
            raise DatabaseSilent from error
        raise InvalidatePoolError from error


def _refuse_while_silent() -> None:
    """
    Spare a request a wait that would be in vain, so that threads stay free for ``/healthz``.

    That is while each connection has kept somebody waiting for long, and, once a wait has ended without an answer,
    until the one request that tries next has had one.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if request.endpoint in UNTOUCHED_BY_DATABASE:
        return
    if circuit_breaker.count_longer(SUSPICIOUS_WAIT) >= settings.database_connections:
        raise DatabaseSilent
    if circuit_breaker.is_open:
        g.has_turn = circuit_breaker.take_turn()
        if not g.has_turn:
            raise DatabaseSilent


def _end_turn(_error: BaseException | None) -> None:
    if g.pop("has_turn", False):
        circuit_breaker.end_turn()


class DbFailure(Enum):
    """Why the database did not do what a request asked for: the words of the page."""

    AWAY = (
        "The database does not answer",
        "Nothing was saved. Wait a moment and try again: what you typed is still there when you go back.",
    )
    SLOW = (
        "This took too long",
        "The database stopped it to stay quick for everyone. Nothing was saved. Try again, or ask for less at once.",
    )
    BUSY = (
        "Somebody else is changing this right now",
        "Nothing was saved. Wait a moment and try again: what you typed is still there when you go back.",
    )


_BUSY = ("55P03", "40P01", "40001")
_AWAY = re.compile("08...|53...|57P..|25P03|25006|58...")


def classify_failure(error: BaseException) -> DbFailure | None:
    """
    Tell why the database could not serve a request.

    :param error: what was raised
    :return: the reason; ``None`` where the database is well and the statement or the code was at fault
    """
    if isinstance(error, (DatabaseSilent, PoolTimeout, PostgresError)):
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


def raw_cursor() -> Cursor:
    """
    Open a cursor of psycopg2 in the transaction of the session, for COPY.

    :return: the cursor
    """
    return cast(Cursor, db.session.connection().connection.cursor())
