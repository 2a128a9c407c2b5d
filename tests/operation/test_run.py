"""`make run`: it starts, stops as a whole, says in one line why it can't, and survives the death of any part."""

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from crm_web.health.queries import list_migrations
from crm_web.launcher.postgres import EmbeddedServer
from tests.operation.launch import Launched, clean_environment, find_free_port, is_running, temporary_folder, wait_for

pytestmark = pytest.mark.slow
SECRET = "0123456789abcdef0123456789abcdef"
Launch = Callable[..., Launched]


@dataclass
class FirstStart:
    """What the very first start on an empty folder did."""

    folder: Path
    told: str
    exit_code: int
    left: list[int]


@pytest.fixture(scope="module")
def first_start(port: int) -> Iterator[FirstStart]:
    """One folder for all tests, filled once, so that each finds what the one before left, dead or alive."""
    with temporary_folder() as folder:
        run = Launched(folder / "var", port)
        run.wait_until_ready()
        pids = [run.web_pid(), run.worker_pid(), run.postgres_pid()]
        code = run.stop(signal.SIGINT)
        yield FirstStart(folder / "var", run.printed(), code, [pid for pid in pids if is_running(pid)])
        with EmbeddedServer(folder / "var"):
            pass


@pytest.fixture(scope="module")
def var(first_start: FirstStart) -> Path:
    return first_start.folder


@pytest.fixture(scope="module")
def port() -> int:
    return find_free_port()


@pytest.fixture
def launch(var: Path, port: int) -> Iterator[Launch]:
    launched: list[Launched] = []

    def start() -> Launched:
        launched.append(Launched(var, port))
        return launched[-1]

    yield start
    for one in launched:
        one.stop()


def administer(server: EmbeddedServer, statement: str, database: str = "piper") -> None:
    connection = psycopg2.connect(host=str(server.socket_folder), user="piper", dbname=database)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


def count_employees(folder: Path) -> int:
    with EmbeddedServer(folder) as server:
        connection = psycopg2.connect(host=str(server.socket_folder), user="piper", dbname="piper")
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM employees")
                return int(cursor.fetchone()[0])  # type: ignore[index]
        finally:
            connection.close()


def test_first_start_serves_a_demo_and_stops_as_a_whole(first_start: FirstStart) -> None:
    assert "Filling the demo company" in first_start.told
    assert "ann@piper.example" in first_start.told
    assert "Traceback" not in first_start.told
    assert (first_start.folder / "secret_key").stat().st_mode & 0o777 == 0o600
    assert first_start.exit_code == 0
    assert first_start.left == []


def test_stop_while_it_starts_leaves_nothing(launch: Launch, var: Path) -> None:
    run = launch()
    wait_for(lambda: "Starting PostgreSQL" in run.printed())

    assert run.stop() == 0
    wait_for(lambda: not (var / "postgres" / "postmaster.pid").exists(), 5)
    assert "Traceback" not in run.printed()


def kill(run: Launched, victim: str) -> None:
    victims = {
        "launcher": [run.process.pid],
        "web server": [run.web_pid()],
        "worker": [run.worker_pid()],
        "database": [run.postgres_pid()],
        "everything": [run.process.pid, run.web_pid(), run.worker_pid(), run.postgres_pid()],
    }
    for pid in victims[victim]:
        os.kill(pid, signal.SIGKILL)


def test_next_start_has_the_same_data_whatever_was_killed(launch: Launch, var: Path) -> None:
    people = count_employees(var)
    secret = (var / "secret_key").read_text()
    for victim in ("launcher", "web server", "worker", "database", "everything"):
        run = launch()
        run.wait_until_ready()
        assert "Filling" not in run.printed()
        kill(run, victim)
        if victim in ("worker", "database"):
            assert run.stop() == 0
        else:
            assert run.process.wait(30) != 0

    last = launch()
    last.wait_until_ready()
    # Whoever is impatient stops it as a whole too.
    for _ in range(3):
        last.process.send_signal(signal.SIGTERM)

    assert last.stop() == 0
    assert "Traceback" not in last.printed()
    assert not (var / "postgres" / "postmaster.pid").exists()
    assert count_employees(var) == people
    assert (var / "secret_key").read_text() == secret


def test_database_that_died_is_started_again(launch: Launch) -> None:
    run = launch()
    run.wait_until_ready()
    dead = run.postgres_pid()
    os.kill(dead, signal.SIGKILL)
    wait_for(lambda: not is_running(dead))

    wait_for(lambda: run.get("/readyz")[0] == 200)

    assert run.postgres_pid() != dead


def test_all_stops_when_its_make_is_killed(launch: Launch, var: Path, port: int) -> None:
    environment = clean_environment(VAR_FOLDER=str(var), PORT=str(port))
    with (var.parent / "make.log").open("wb") as output:
        make = subprocess.Popen(
            ["sh", "-c", ".venv/bin/python -m crm_web.launcher.run --with-make; :"],
            env=environment,
            stdout=output,
            stderr=output,
        )
    wait_for(lambda: "is ready" in (var.parent / "make.log").read_text(), 60)
    make.kill()
    make.wait(30)

    # The next one waits for it instead of complaining.
    launch().wait_until_ready()


def test_second_one_in_the_same_place_says_so(launch: Launch) -> None:
    launch().wait_until_ready()

    second = launch()

    assert second.process.wait(30) == 1
    assert "runs here already" in second.printed()


def test_flask_command_uses_the_running_server(launch: Launch, var: Path) -> None:
    run = launch()
    run.wait_until_ready()
    pid = run.postgres_pid()

    done = run_flask("db", "current", VAR_FOLDER=str(var))

    assert list_migrations()[0] in done.stdout
    assert run.postgres_pid() == pid
    assert run.get("/readyz")[0] == 200


def test_flask_command_brings_its_own_server(var: Path) -> None:
    done = run_flask("db", "current", VAR_FOLDER=str(var))

    assert list_migrations()[0] in done.stdout
    assert not (var / "postgres" / "postmaster.pid").exists()


def run_flask(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [".venv/bin/flask", *arguments], env=clean_environment(**settings), capture_output=True, text=True, timeout=60
    )


def only_line(run: Launched) -> str:
    """What the launcher said on failing: one line of its own, and no traceback."""
    assert run.process.wait(60) == 1
    assert "Traceback" not in run.printed()
    lines = [line for line in run.printed().splitlines() if line.startswith("Piper CRM:")]
    assert len(lines) == 1, run.printed()
    return lines[0]


def test_busy_port_is_said_in_one_line(launch: Launch, port: int) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()

        assert f"Cannot use port {port}" in only_line(launch())


def test_unwritable_folder_is_said_in_one_line(tmp_path: Path) -> None:
    # Nobody, not even root, can write here.
    assert "Cannot" in only_line(Launched(Path("/proc/var"), find_free_port(), output=tmp_path / "log"))


def test_folder_without_locks_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file where a folder should be")

    run = _run_in(tmp_path, DATABASE_URL="postgresql://db/x", SECRET_KEY=SECRET)

    assert "Cannot make the folder" in only_line(run)


@pytest.mark.parametrize(
    ("problem", "column", "revision", "words"),
    [
        ("newer", "version_num", "999_future", "is newer than this release"),
        ("older", "version_num", "020", "at migration 020, which is too old for this release"),
        ("broken", "other", "999_future", "the database refused"),
    ],
)
def test_schema_of_another_program_is_said_in_one_line(
    tmp_path: Path, server: EmbeddedServer, problem: str, column: str, revision: str, words: str
) -> None:
    administer(server, f'CREATE DATABASE "{problem}"')
    administer(server, f"CREATE TABLE alembic_version ({column} text)", database=problem)
    administer(server, f"INSERT INTO alembic_version VALUES ('{revision}')", database=problem)  # noqa: S608

    url = f"postgresql://piper@/{problem}?host={server.socket_folder}"
    line = only_line(_run_in(tmp_path, DATABASE_URL=url, SECRET_KEY=SECRET))

    assert words in line


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with temporary_folder() as folder, EmbeddedServer(folder, durable=False) as external:
        yield external


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://root@localhost/crm", "must look like postgresql://"),
        ("postgresql://piper@127.0.0.1:9/crm", "can’t be reached"),
        ("postgresql://piper@/nowhere?host={folder}", "doesn’t exist"),
        ("postgresql://piper@/piper?host={folder}", "has no tables yet: run `.venv/bin/flask db upgrade`"),
    ],
)
def test_wrong_database_is_said_in_one_line(tmp_path: Path, server: EmbeddedServer, url: str, words: str) -> None:
    run = _run_in(tmp_path, DATABASE_URL=url.format(folder=server.socket_folder), SECRET_KEY=SECRET)

    assert words in only_line(run)


def test_own_database_is_migrated_by_hand_and_left_empty(tmp_path: Path, server: EmbeddedServer) -> None:
    administer(server, 'CREATE DATABASE "own"')
    url = f"postgres://piper@/own?host={server.socket_folder}"
    run_flask("db", "upgrade", DATABASE_URL=url, SECRET_KEY=SECRET)

    run = _run_in(tmp_path, DATABASE_URL=url, SECRET_KEY=SECRET)
    run.wait_until_ready()

    assert run.stop() == 0
    assert "Filling" not in run.printed()
    assert "piper-demo" not in run.printed()
    assert not (tmp_path / "var" / "postgres").exists()


def _run_in(folder: Path, **settings: str) -> Launched:
    return Launched(folder / "var", find_free_port(), output=None, **settings)
