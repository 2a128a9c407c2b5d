"""The embedded server: shared by processes, stopped by the last, told from its leftovers."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from crm_web.core.errors import PostgresError
from crm_web.launcher.file_locks import CannotWrite
from crm_web.launcher.postgres import EmbeddedServer
from tests.operation.launch import ROOT, is_running, temporary_folder, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One folder for all tests: making the files takes longest."""
    with temporary_folder() as made:
        yield made / "deep" / "folder"


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(folder, durable=False)
    yield server
    server.stop()


def ask(server: EmbeddedServer, question: str = "SELECT current_user") -> object:
    connection = psycopg2.connect(host=str(server.socket_folder), user="piper", dbname="piper")
    try:
        with connection.cursor() as cursor:
            cursor.execute(question)
            (answer,) = cursor.fetchone()  # type: ignore[misc]
            return answer
    finally:
        connection.close()


def postmaster(server: EmbeddedServer) -> int:
    return int((server.data / "postmaster.pid").read_text().split("\n")[0])


def test_starts_for_an_ordinary_role_in_unicode(server: EmbeddedServer) -> None:
    server.start()
    server.start()

    assert ask(server) == "piper"
    assert ask(server, "SELECT lower('ÄÉŞ')") == "äéş"
    assert ask(server, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert not stat.S_IMODE(server.data.stat().st_mode) & 0o077


def test_trigrams_know_every_alphabet(server: EmbeddedServer) -> None:
    """And nothing is sorted another way for it: texts stand in the order of their code points."""
    server.start()

    assert ask(server, "CREATE EXTENSION pg_trgm; SELECT cardinality(show_trgm('Иванов'))") == 7
    assert ask(server, "SELECT array_agg(x ORDER BY x) FROM unnest('{b,é,B,a,z}'::text[]) x") == [
        "B",
        "a",
        "b",
        "z",
        "é",
    ]


def test_last_one_out_stops_it(server: EmbeddedServer, folder: Path) -> None:
    server.start()
    pid = postmaster(server)
    with EmbeddedServer(folder, durable=False) as other:
        assert postmaster(other) == pid
        server.stop()
        assert ask(other) == "piper"

    assert not is_running(pid)
    server.stop()


def test_started_by_a_command_it_goes_on_for_others(server: EmbeddedServer, folder: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from crm_web.launcher.postgres import EmbeddedServer
with EmbeddedServer(Path({str(folder)!r}), durable=False):
    print("up", flush=True)
    sys.stdin.readline()
"""
    command = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with command:
        assert command.stdout is not None
        assert command.stdout.readline() == "up\n"
        server.start()
        command.communicate("\n", timeout=60)

    assert command.returncode == 0
    assert ask(server) == "piper"


def test_killed_server_is_started_again(server: EmbeddedServer) -> None:
    server.start()
    killed = postmaster(server)
    os.kill(killed, signal.SIGKILL)
    wait_for(lambda: not is_running(killed))

    wait_for(lambda: server.ensure_running() is None and postmaster(server) != killed)  # type: ignore[func-returns-value]

    assert ask(server) == "piper"


def test_leftover_pid_of_a_living_stranger_does_not_mislead(server: EmbeddedServer) -> None:
    server.start()
    server.stop()
    leftover = [str(os.getppid()), str(server.data), "1", "5432", str(server.socket_folder), "", "1 1", "ready   "]
    (server.data / "postmaster.pid").write_text("\n".join(leftover) + "\n")
    (server.socket_folder / ".s.PGSQL.5432.lock").write_text("\n".join(leftover[:5]) + "\n")

    server.start()

    assert ask(server) == "piper"


def test_suspended_server_stops_when_asked(server: EmbeddedServer) -> None:
    server.start()
    pid = postmaster(server)
    os.kill(pid, signal.SIGSTOP)

    server.stop()

    assert not is_running(pid)


@pytest.mark.parametrize("name", ["x" * 100, "a folder, with 'marks'", "ordnér"])
def test_folder_that_no_socket_could_be_in(name: str) -> None:
    with temporary_folder() as short:
        server = EmbeddedServer(short / name, durable=False)

        with server:
            assert ask(server) == "piper"
            assert server.socket_folder.parent == Path("/tmp")
            assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
        server.socket_folder.rmdir()


def test_socket_folder_that_somebody_else_prepared_is_refused() -> None:
    with temporary_folder() as short:
        server = EmbeddedServer(short / ("x" * 100), durable=False)
        server.socket_folder.mkdir(mode=0o777)
        try:
            with pytest.raises(PostgresError, match="mode 0700"):
                server.start()
        finally:
            server.socket_folder.rmdir()


def test_other_major_version_is_refused(server: EmbeddedServer) -> None:
    server.start()
    server.stop()
    version = server.data / "PG_VERSION"
    version.write_text("17\n")
    try:
        with pytest.raises(PostgresError, match="made by PostgreSQL 17, this is 18"):
            server.start()
    finally:
        version.write_text("18\n")


def test_server_that_cannot_start_says_why(server: EmbeddedServer) -> None:
    server.start()
    server.stop()
    settings = server.data / "postgresql.conf"
    good = settings.read_text()
    settings.write_text(good + "\nwork_mem = plenty\n")
    try:
        with pytest.raises(PostgresError, match="did not start: .*configuration file"):
            server.start()
    finally:
        settings.write_text(good)
    assert not server.is_held()


def test_interrupted_first_start_leaves_nothing_half_made() -> None:
    with temporary_folder() as folder:
        (folder / "postgres.unfinished").mkdir()
        (folder / "postgres.unfinished" / "PG_VERSION").write_text("18\n")

        with EmbeddedServer(folder, durable=False) as server:
            assert ask(server) == "piper"


def test_full_or_foreign_folder_is_refused() -> None:
    with pytest.raises(CannotWrite, match="Cannot make the folder /proc/nothing"):
        EmbeddedServer(Path("/proc/nothing")).start()


def test_old_log_makes_room(server: EmbeddedServer) -> None:
    server.folder.mkdir(parents=True, exist_ok=True)
    server.log.write_text("x" * 10_000_001)

    server.start()

    assert server.log.stat().st_size < 10_000_000
    assert server.log.with_suffix(".log.1").stat().st_size == 10_000_001
