"""Point-in-time recovery, tried: a server that archives, a base backup, a mistake, and the time before it."""

import gzip
import lzma
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from threading import Event

import psycopg2
import pytest
import zstandard
from click.testing import Result
from flask import Flask

from crm_web import create_app
from crm_web.core.config import ROOT, Settings
from crm_web.core.embedded_database import embedded_url
from crm_web.health.queries import list_migrations
from crm_web.launcher.postgres import EmbeddedServer
from crm_web.launcher.programs import find_program
from tests.operation.launch import temporary_folder, wait_for

pytestmark = pytest.mark.slow
ARCHIVING = {"archive_mode": "on", "fsync": "off", "max_wal_senders": "2", "wal_keep_size": "0"}
TABLES = "CREATE TABLE alembic_version (version_num text); CREATE TABLE leads (id int)"


@dataclass
class Backups:
    """What an operator has.

    :param base: a base backup as files, when there was 1 lead; packed is the same as tar
    :param before, after: the times around the mistake, when there were 3 leads and then none
    """

    folder: Path
    app: Flask
    server: EmbeddedServer
    before: str = ""
    after: str = ""

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def packed(self) -> Path:
        return self.folder / "packed"

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    def recover(self, *options: str, base: Path | None = None, archive: Path | None = None) -> Result:
        command = ["backup", "recover", str(base or self.base), str(archive or self.archive), *options]
        return self.app.test_cli_runner().invoke(args=command)


@pytest.fixture(scope="module")
def backups() -> Iterator[Backups]:
    """A server that has been backed up, and then somebody made a mistake."""
    with temporary_folder() as folder:
        folder.chmod(0o755)
        archive = folder / "archive"
        archive.mkdir(mode=0o777)
        archive.chmod(0o777)
        primary = folder / "primary"
        settings = ARCHIVING | {"archive_command": f"cp %p {archive}/%f && chmod a+r {archive}/%f"}
        with EmbeddedServer(primary, settings=settings) as server:
            app = create_app(Settings(database_url=embedded_url(primary), secret_key="x" * 32))
            made = Backups(folder, app, server)
            _live(server, made)
            yield made


@contextmanager
def connect(server: EmbeddedServer, role: str = "piper") -> Iterator[psycopg2.extensions.connection]:
    """A connection in which each statement is a transaction."""
    connection = psycopg2.connect(host=str(server.socket_folder), user=role, dbname="piper")
    connection.autocommit = True
    yield connection
    connection.close()


def _live(server: EmbeddedServer, made: Backups) -> None:
    with connect(server) as connection, connection.cursor() as cursor:
        cursor.execute(TABLES)
        cursor.execute("INSERT INTO alembic_version VALUES (%s)", [list_migrations()[0]])
        cursor.execute("INSERT INTO leads VALUES (1)")
    _take(server, made.base)
    _take(server, made.packed, "-Ft", "-z")
    made.before, made.after = _make_mistake(server)


def _take(server: EmbeddedServer, place: Path, *kind: str) -> None:
    command = [
        find_program("pg_basebackup"),
        "-h",
        str(server.socket_folder),
        "-U",
        "postgres",
        "-D",
        str(place),
        *kind,
    ]
    subprocess.run([*command, "--checkpoint=fast", "--no-sync"], check=True, capture_output=True)


def _make_mistake(server: EmbeddedServer) -> tuple[str, str]:
    """Add two leads, then delete all of them; gives the times in between and afterwards."""
    with connect(server) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO leads VALUES (2), (3)")
        before = _read_time(cursor)
        _archive(server)
        cursor.execute("DELETE FROM leads")
        after = _read_time(cursor)
        # Without a later change, nothing says that the archive goes as far as that.
        cursor.execute("INSERT INTO leads VALUES (4)")
    _archive(server)
    return before, after


def _read_time(cursor: psycopg2.extensions.cursor) -> str:
    cursor.execute("SELECT to_char(clock_timestamp(), 'YYYY-MM-DD\"T\"HH24:MI:SS.US')")
    (time,) = cursor.fetchone() or ("",)
    return str(time)


def _archive(server: EmbeddedServer) -> None:
    with connect(server, "postgres") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_walfile_name(pg_switch_wal())")
        (segment,) = cursor.fetchone() or ("",)

        def is_archived() -> bool:
            cursor.execute("SELECT last_archived_wal >= %s FROM pg_stat_archiver", [segment])
            return cursor.fetchone() == (True,)

        wait_for(is_archived)


def test_the_time_before_a_mistake_comes_back(backups: Backups, tmp_path: Path) -> None:
    dump = tmp_path / "before.dump"
    done = backups.recover("--until", backups.before, "--dump", str(dump))
    assert done.exit_code == 0, done.output
    assert "           3  leads\n" in done.output
    assert f"at migration {list_migrations()[0]}" in done.output
    verified = backups.app.test_cli_runner().invoke(args=["backup", "verify", str(dump)])
    assert "           3  leads\n" in verified.output

    after = backups.recover("--until", backups.after, base=backups.packed)
    assert "           0  leads\n" in after.output, after.output
    end = backups.recover()
    assert "           1  leads\n" in end.output, end.output


def test_what_is_missing_is_told(backups: Backups, tmp_path: Path) -> None:
    told = {}
    told["before the backup"] = backups.recover("--until", "2026-01-01")
    told["after the archive"] = backups.recover("--until", "2099-01-01T12:00+02:00")
    told["no time"] = backups.recover("--until", "yesterday")
    told["no backup"] = backups.recover(base=backups.archive)
    short = tmp_path / "short"
    shutil.copytree(backups.archive, short)
    segments = sorted(path.name for path in short.iterdir() if re.fullmatch(r"\w{24}", path.name))
    (short / segments[-2]).unlink()
    told["a gap"] = backups.recover(archive=short)
    told["a gap before the time"] = backups.recover("--until", backups.after, archive=short)
    damaged = tmp_path / "damaged"
    shutil.copytree(backups.base, damaged)
    (damaged / "global" / "pg_control").write_bytes(b"")
    told["damaged"] = backups.recover(base=damaged)

    words = {what: result.output.strip().splitlines()[-1] for what, result in told.items()}
    assert {result.exit_code for result in told.values()} <= {1, 2}
    assert re.search(r"begun at .* UTC, after 2026-01-01 00:00:00 UTC. Use an earlier one", words["before the backup"])
    assert re.search(r"ends before 2099-01-01 10:00:00 UTC. The last change in it is of 20", words["after the archive"])
    assert "must look like 2026-11-29T14:30" in words["no time"]
    assert "is not a base backup" in words["no backup"]
    assert f"Segment {segments[-2]} is missing" in words["a gap"]
    assert words["a gap before the time"] == words["a gap"]
    assert "base backup is damaged" in words["damaged"]


def test_a_compressed_archive_is_read(backups: Backups, tmp_path: Path) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    packers: dict[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".zst": zstandard.compress,
        ".xz": partial(lzma.compress, preset=0),
    }
    names = sorted(path.name for path in backups.archive.iterdir() if re.fullmatch(r"\w{24}", path.name))
    # One way after the other, as an archive is in which somebody has changed it.
    for name, (ending, pack) in zip(names, cycle(packers.items()), strict=False):
        (archive / f"{name}{ending}").write_bytes(pack((backups.archive / name).read_bytes()))
    for path in (tmp_path, *tmp_path.rglob("*")):
        path.chmod(0o755)
    for parent in list(tmp_path.parents)[:2]:
        parent.chmod(0o755)
    before = backups.recover("--until", backups.before, archive=archive)
    assert "           3  leads\n" in before.output, before.output
    end = backups.recover(archive=archive)
    assert "           1  leads\n" in end.output, end.output
    next(archive.glob(f"{names[-2]}*")).unlink()
    packed = archive / f"{names[-2]}.gz"
    whole = gzip.compress((backups.archive / names[-2]).read_bytes())
    packed.write_bytes(whole[: len(whole) // 2])
    told = backups.recover(archive=archive)
    assert (told.exit_code, f"is damaged: {packed.name}" in told.output) == (1, True), told.output
    packed.unlink()
    assert f"Segment {names[-2]} is missing" in backups.recover(archive=archive).output


def test_what_can_not_be_recovered_is_refused(backups: Backups, tmp_path: Path) -> None:
    archive, base, packed = tmp_path / "archive", tmp_path / "base", tmp_path / "packed"
    shutil.copytree(backups.base, base)
    (base / "pg_tblspc" / "16400").mkdir()
    assert "has tablespaces, which this command doesn’t recover" in backups.recover(base=base).output
    shutil.copytree(backups.archive, archive)
    (archive / f"{'0' * 23}F.lz4").touch()
    assert "is compressed in a way that this command doesn’t know" in backups.recover(archive=archive).output
    packed.mkdir()
    (packed / "base.tar.zst").touch()
    told = backups.recover(base=packed).output
    assert "base.tar.zst is compressed in a way that this command doesn’t know: decompress it first" in told


def test_too_little_space_is_told(backups: Backups, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    done = backups.recover("--until", backups.before)
    assert (done.exit_code, "Set TMPDIR to a folder with room" in done.output) == (1, True), done.output


def test_a_time_while_the_backup_was_made_is_told(backups: Backups, tmp_path: Path) -> None:
    """The files of the backup are of many moments; only from its end on do they fit together."""
    done = Event()

    def write() -> None:
        with connect(backups.server) as connection, connection.cursor() as cursor:
            while not done.wait(0.001):
                cursor.execute("UPDATE alembic_version SET version_num = version_num")

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write)
        _take(backups.server, tmp_path / "busy")
        done.set()
        writing.result()
    began = re.search(r"START TIME: (\S+) (\S+)", (tmp_path / "busy" / "backup_label").read_text())
    assert began
    told = backups.recover("--until", f"{began[1]}T{began[2]}", base=tmp_path / "busy")
    assert "Choose a later time or an earlier base backup" in told.output, told.output


def test_the_commands_of_the_guide_do_what_it_says(backups: Backups, tmp_path: Path) -> None:
    """One after the other, word for word, but for the time."""
    section = (ROOT / "OPERATE.md").read_text().partition("## Backup and restore")[2].partition("\n## ")[0]
    dump, base, recover = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "archive").symlink_to(backups.archive)
    with connect(backups.server) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE again")
    address = f"postgresql://piper@/piper?host={backups.server.socket_folder}"
    programs = Path(find_program("pg_dump")).parent
    environment = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "FLASK_APP": str(ROOT / "wsgi.py"),
        "SECRET_KEY": "x" * 32,
        "DATABASE_URL": f"{address}&port=5432",
        "REPLICATION_URL": address.replace("piper@", "postgres@"),
        "NEW_DATABASE_URL": address.replace("@/piper", "@/again"),
    }
    told = ""
    for block in (dump, base, recover):
        if block is recover:
            block = block.replace("2026-11-29T14:30", _make_mistake(backups.server)[0])
        done = subprocess.run(["sh", "-ec", block], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        told += done.stdout
    # After the first mistake, and after two more.
    assert re.findall(r"(\d+)  leads", told) == ["1", "3"]
    again = psycopg2.connect(environment["NEW_DATABASE_URL"])
    with again.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM leads")
        assert cursor.fetchone() == (3,)
    again.close()


def test_another_version_is_recovered_by_its_own_programs(backups: Backups, tmp_path: Path) -> None:
    """Where no other version is installed, these programs stand for it."""
    programs = Path(find_program("postgres")).parent
    recovered = backups.recover("--programs", str(programs))
    assert recovered.exit_code == 0, recovered.output
    older = tmp_path / "older"
    shutil.copytree(backups.base, older)
    (older / "PG_VERSION").write_text("14\n")
    refused = backups.recover(base=older)
    assert "of PostgreSQL 14, and this program has" in refused.output
    assert "--programs /usr/lib/postgresql/14/bin" in refused.output
    assert "has no program postgres" in backups.recover("--programs", str(tmp_path)).output
