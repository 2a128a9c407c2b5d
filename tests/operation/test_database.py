"""A database that is slow, busy, silent or gone: a page within seconds, and back to work once it is well."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest
from flask import Flask, Response, request
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import InternalError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crm_web import create_app
from crm_web.core.config import Settings
from crm_web.core.database import DatabaseTimeout, DatabaseUnreachable, DbFailure, circuit_breaker, classify_failure
from crm_web.core.errors import PostgresError
from crm_web.core.extensions import db
from crm_web.launcher.postgres import EmbeddedServer
from crm_web.web.error_pages import MAY_BE_SAVED
from tests.operation.launch import temporary_folder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A server of its own: these tests suspend and stop it."""
    with temporary_folder() as folder, EmbeddedServer(folder / "var", durable=False) as own:
        yield own


def build(server: EmbeddedServer) -> Flask:
    """An application with small limits, and a view that asks the database whatever it is given."""
    settings = Settings(
        database_url=server.url(),
        secret_key="x" * 32,
        database_connections=2,
        statement_timeout=2,
        lock_timeout=1,
        connect_timeout=2,
    )
    app = create_app(settings)

    def answer() -> dict[str, Any]:
        answers = [str(db.session.execute(text(sql)).scalar()) for sql in request.args.getlist("sql")]
        return {"answer": answers[-1]}

    answer.access = "public"  # type: ignore[attr-defined]
    app.add_url_rule("/ask", view_func=answer)
    return app


def close(app: Flask) -> None:
    with app.app_context():
        db.engine.dispose()
    circuit_breaker.is_open = False


@pytest.fixture
def app(server: EmbeddedServer) -> Iterator[Flask]:
    app = build(server)
    yield app
    close(app)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    client = app.test_client()
    assert ask(client, "SELECT 1")[0] == 200
    return client


def ask(client: FlaskClient, *statements: str) -> tuple[int, int]:
    """The status of the answer, and how many whole seconds it took."""
    started = time.monotonic()
    status = client.get("/ask", query_string={"sql": statements}).status_code
    return status, int(time.monotonic() - started)


@contextmanager
def suspended(server: EmbeddedServer) -> Iterator[None]:
    postmaster = (server.data / "postmaster.pid").read_text().split("\n")[0]
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", postmaster], capture_output=True, text=True).stdout
    processes = [int(pid) for pid in [postmaster, *children.split()]]
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in reversed(processes):
            os.kill(pid, signal.SIGCONT)


def test_limits_are_set_for_requests_only(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/ask", query_string={"sql": "SHOW statement_timeout"})
    assert answer.json == {"answer": "2s"}

    with app.app_context():
        db.engine.dispose()
        assert db.session.scalar(text("SHOW statement_timeout")) == "0"
        db.session.remove()
        db.engine.dispose()


def test_slow_statement_is_ended_in_words(client: FlaskClient) -> None:
    page = client.get("/ask", query_string={"sql": "SELECT pg_sleep(9)"})

    assert page.status_code == 503
    assert page.headers["Retry-After"]
    assert DbFailure.SLOW.value[0] in page.text
    assert ask(client, "SELECT 1")[0] == 200


def test_row_that_somebody_else_changes_is_said_in_words(server: EmbeddedServer, client: FlaskClient) -> None:
    other = psycopg2.connect(host=str(server.socket_folder), user="piper", dbname="piper")
    with other, other.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS held (id int)")
        other.commit()
        cursor.execute("LOCK TABLE held")

        page = client.get("/ask", query_string={"sql": "SELECT count(*) FROM held"})

    other.close()
    assert page.status_code == 503
    assert DbFailure.BUSY.value[0] in page.text


def test_refused_statement_is_our_own_mistake(client: FlaskClient) -> None:
    assert ask(client, "SELECT nothing_like_it")[0] == 500


def test_silent_database_gives_a_page_in_seconds_and_comes_back(server: EmbeddedServer, client: FlaskClient) -> None:
    with suspended(server):
        # The connection in the pool, then a new one.
        first, later = ask(client, "SELECT 1"), ask(client, "SELECT 1")
        alive = client.get("/healthz").status_code

    # Without end, but for what is set; a machine that is busy with other tests takes longer.
    assert first[0] == later[0] == 503
    assert 2 <= first[1] < 8
    assert later[1] < 8
    assert alive == 200
    assert ask(client, "SELECT 1")[0] == 200


def test_database_that_falls_silent_within_a_request(server: EmbeddedServer, client: FlaskClient) -> None:
    answers: list[tuple[int, int]] = []
    request = threading.Thread(target=lambda: answers.append(ask(client, "SELECT pg_sleep(0.5)", "SELECT 1")))
    request.start()
    time.sleep(0.2)
    with suspended(server):
        request.join(10)

    assert answers[0][0] == 503
    assert 3 <= answers[0][1] < 9
    assert ask(client, "SELECT 1")[0] == 200


def test_connection_lost_after_the_answer_changes_nothing_about_it(app: Flask, server: EmbeddedServer) -> None:
    @app.after_request
    def lose_connection(response: Response) -> Response:
        mine = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        with create_engine(server.url()).connect() as other:
            assert other.scalar(text(mine)) == 1
        return response

    client = app.test_client()
    # The second one shows that nobody is given the lost connection.
    assert [ask(client, "SELECT 1")[0] for _ in range(2)] == [200, 200]


def test_nobody_is_told_that_what_was_committed_is_not_saved(app: Flask) -> None:
    end = text("SELECT pg_terminate_backend(pg_backend_pid())")

    def save() -> str:
        db.session.execute(text("SELECT 1"))
        db.session.commit()
        return str(db.session.execute(end))

    save.access = "public"  # type: ignore[attr-defined]
    app.add_url_rule("/save", view_func=save)
    client = app.test_client()
    before, after = client.get("/ask", query_string={"sql": str(end)}), client.get("/save")

    assert (before.status_code, after.status_code) == (503, 503)
    assert ("Nothing was saved" in before.text, "Nothing was saved" in after.text) == (True, False)
    assert MAY_BE_SAVED in after.text


def test_only_one_asks_whether_a_silent_database_is_back(client: FlaskClient) -> None:
    circuit_breaker.is_open = True
    assert circuit_breaker.take_turn()

    status, seconds = ask(client, "SELECT 1")
    assert status == 503
    assert seconds < 2
    assert client.get("/healthz").status_code == 200
    circuit_breaker.end_turn()
    assert ask(client, "SELECT 1")[0] == 200
    assert not circuit_breaker.is_open


def test_connections_that_all_wait_for_long_refuse_the_next_at_once(server: EmbeddedServer) -> None:
    app = build(server)
    waiting = [threading.Thread(target=ask, args=(app.test_client(), "SELECT pg_sleep(9)")) for _ in range(2)]
    for thread in waiting:
        thread.start()
    time.sleep(1.4)

    status, seconds = ask(app.test_client(), "SELECT 1")
    assert status == 503
    assert seconds < 2
    for thread in waiting:
        thread.join()
    assert ask(app.test_client(), "SELECT 1")[0] == 200
    close(app)


def test_stopped_database_is_gone_and_back(server: EmbeddedServer, client: FlaskClient) -> None:
    server.stop()
    gone = client.get("/ask", query_string={"sql": "SELECT 1"})
    server.start()

    assert gone.status_code == 503
    assert DbFailure.AWAY.value[0] in gone.text
    assert ask(client, "SELECT 1")[0] == 200


def test_restart_is_not_noticed(server: EmbeddedServer, client: FlaskClient) -> None:
    server.stop()
    server.start()

    assert ask(client, "SELECT 1")[0] == 200


class Failure(psycopg2.OperationalError):
    """What psycopg2 raises, with a code of our choice."""

    def __init__(self, code: str | None) -> None:
        super().__init__("failed")
        self.code = code

    @property
    def pgcode(self) -> str | None:  # type: ignore[override]
        return self.code


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        (None, DbFailure.AWAY),
        ("57P01", DbFailure.AWAY),
        ("53300", DbFailure.AWAY),
        ("25006", DbFailure.AWAY),
        ("57014", DbFailure.SLOW),
        ("55P03", DbFailure.BUSY),
        ("40P01", DbFailure.BUSY),
        ("0A000", None),
    ],
)
def test_codes_are_told_apart(code: str | None, trouble: DbFailure | None) -> None:
    assert classify_failure(OperationalError("SELECT", {}, Failure(code))) is trouble


@pytest.mark.parametrize(
    "error", [DatabaseTimeout(), PoolTimeout(), PostgresError("no"), psycopg2.InterfaceError("closed")]
)
def test_other_signs_that_it_is_away(error: Exception) -> None:
    assert classify_failure(error) is DbFailure.AWAY


@pytest.mark.parametrize(
    "error",
    [
        ValueError("x"),
        ProgrammingError("SELECT", {}, psycopg2.ProgrammingError("x")),
        InternalError("SELECT", {}, psycopg2.InternalError("x")),
    ],
)
def test_mistakes_are_no_trouble_of_the_database(error: Exception) -> None:
    assert classify_failure(error) is None


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ('FATAL:  password authentication failed for user "u"', "refused the user or password"),
        ("FATAL:  unsupported startup parameter in options: statement_timeout", "Connect to PostgreSQL itself"),
        ('FATAL:  database "x" does not exist', "doesn’t exist. Create it"),
        ("Connection refused\n\tIs the server running?", "can’t be reached. Start it"),
    ],
)
def test_command_says_what_is_wrong_with_the_address(told: str, words: str) -> None:
    error = DatabaseUnreachable("postgresql+psycopg2://u:hunter2@db/x", psycopg2.OperationalError(told))

    assert words in error.message
    assert "hunter2" not in error.message
    assert "\n" not in error.message
