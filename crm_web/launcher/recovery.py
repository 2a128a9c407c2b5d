"""Point-in-time recovery: a base backup and the archived write-ahead log, on a server of its own."""

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from crm_web.core.errors import PostgresError
from crm_web.launcher.archive import Unpacker, list_segments, measure_segment
from crm_web.launcher.postgres import EmbeddedServer, find_account
from crm_web.launcher.programs import find_program, major_version

LONGEST_RECOVERY = 24 * 3600.0
# Of the server that the backup is of: its paths, libraries and addresses mean nothing here.
FOREIGN_FILES = ("postgresql.auto.conf", "standby.signal", "postmaster.pid")


@contextmanager
def recover_to(folder: Path, base: Path, archive: Path, until: datetime | None) -> Iterator[EmbeddedServer]:
    """Run a server with what was in the database at some time.

    :param folder: where its files go
    :param base: what `pg_basebackup` wrote, as files or as tar
    :param archive: the folder into which `archive_command` copies
    :param until: the time; ``None`` for the end of the archive
    :raise PostgresError: if that is impossible, with what is missing
    """
    base, archive = base.resolve(), archive.resolve()
    start = _check(base, archive, until)
    try:
        _unpack(base, folder / "postgres")
    except (OSError, tarfile.TarError) as error:
        raise PostgresError(_explain_files(error)) from error
    unpacker = Unpacker(archive, folder / "wal")
    settings = _write_settings(folder, unpacker.command, until)
    _hand_over(folder)
    server = EmbeddedServer(folder, durable=False, settings=settings, patience=LONGEST_RECOVERY)
    try:
        with unpacker.serving():
            server.start()
    except PostgresError as error:
        if unpacker.damage:
            raise PostgresError(_explain_damage(archive, unpacker.damage)) from error
        log = server.log.read_text(errors="replace")
        raise PostgresError(_explain(log, archive, start, list_segments(archive, base / "pg_wal"), until)) from error
    try:
        yield server
    finally:
        server.stop()


def _check(base: Path, archive: Path, until: datetime | None) -> str:
    """Refuse what can be seen to be impossible; gives the first segment that is needed."""
    if packed := [path.name for path in base.glob("base.tar.*") if path.suffix not in (".gz", ".xz", ".bz2")]:
        raise PostgresError(f"{packed[0]} is compressed in a way that this command doesn’t know: decompress it first.")
    label = _read_member(base, "backup_label")
    began = re.search(r"START TIME: (\S+ \S+) (\S+)", label)
    start = re.search(r"START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)", label)
    if began is None or start is None:
        raise PostgresError(f"{base} is not a base backup: it has no backup_label.")
    if any(base.glob("pg_tblspc/*")) or any(base.glob("[0-9]*.tar*")):
        raise PostgresError("The database has tablespaces, which this command doesn’t recover.")
    _check_version(_read_member(base, "PG_VERSION").strip())
    _verify(base)
    if until and began[2] in ("UTC", "GMT", "Etc/UTC") and until < datetime.fromisoformat(f"{began[1]}+00:00"):
        raise PostgresError(f"The base backup was begun at {began[1]} UTC, after {_say(until)}. Use an earlier one.")
    if until is None and (gap := _find_gap(start[1], list_segments(archive, base / "pg_wal"))):
        raise PostgresError(_explain_gap(archive, gap))
    return start[1]


def _check_version(version: str) -> None:
    if version != major_version():
        raise PostgresError(
            f"The base backup is of PostgreSQL {version}, and this program has {major_version()}. Name the folder of "
            f"its programs, such as --programs /usr/lib/postgresql/{version}/bin."
        )


def _verify(base: Path) -> None:
    """Compare the files of the backup with its own list of them."""
    command = [find_program("pg_verifybackup"), "--quiet", "--no-parse-wal", str(base)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = " ".join(done.stderr.replace("pg_verifybackup: error: ", "").splitlines()[:2])
        raise PostgresError(f"The base backup is damaged: {reason}")


def _read_member(base: Path, name: str) -> str:
    if (base / name).exists():
        return (base / name).read_text()
    for path in base.glob("base.tar*"):
        with tarfile.open(path) as files:
            # The label comes first.
            for member in files:
                if member.name.removeprefix("./") == name and (content := files.extractfile(member)):
                    return content.read().decode()
    return ""


def _unpack(base: Path, data: Path) -> None:
    packed = [
        (path, place) for name, place in (("base", "."), ("pg_wal", "pg_wal")) for path in base.glob(f"{name}.tar*")
    ]
    if not packed:
        _check_space(base, data.parent)
        shutil.copytree(base, data, symlinks=True)
    for path, place in packed:
        with tarfile.open(path) as files:
            files.extractall(data / place, filter="tar")
    for name in FOREIGN_FILES:
        (data / name).unlink(missing_ok=True)


def _check_space(base: Path, folder: Path) -> None:
    size = sum(path.stat().st_size for path in base.rglob("*") if path.is_file())
    if shutil.disk_usage(folder).free < size:
        raise OSError(f"[Errno 28] No space left on device: {size / 1e9:,.1f} GB are needed")


def _write_settings(folder: Path, command: str, until: datetime | None) -> dict[str, str]:
    """Write its own configuration and access rules, which count instead of those in the backup."""
    settings = {"restore_command": command, "recovery_target_action": "promote", "hot_standby": "off"}
    if until:
        settings["recovery_target_time"] = until.isoformat()
    lines = [f"{name} = '{value.replace(chr(39), 2 * chr(39))}'" for name, value in settings.items()]
    (folder / "recovery.conf").write_text("\n".join(lines) + "\n")
    (folder / "hba.conf").write_text("local all all trust\n")
    (folder / "postgres" / "recovery.signal").touch()
    return {"config_file": str(folder / "recovery.conf"), "hba_file": str(folder / "hba.conf")}


def _hand_over(folder: Path) -> None:
    """As root, give the files to the account that the server runs as."""
    data = folder / "postgres"
    account = find_account(data)
    if os.geteuid() == 0:
        for path in (folder / "recovery.conf", folder / "hba.conf", folder / "wal", data, *data.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    data.chmod(0o700)


def _find_gap(start: str, segments: dict[str, Path]) -> str | None:
    """Find the first segment that is missing before others of its timeline."""
    there = {name for name in segments if name[:8] == start[:8]}
    a_log = 2**32 // measure_segment(segments)
    number = int(start[8:16], 16) * a_log + int(start[16:], 16)
    name = start
    while name <= max(there, default=""):
        if name not in there:
            return name
        number += 1
        name = f"{start[:8]}{number // a_log:08X}{number % a_log:08X}"
    return None


def _explain(log: str, archive: Path, start: str, segments: dict[str, Path], until: datetime | None) -> str:
    if "No space left on device" in log:
        return _explain_files(OSError("No space left on device"))
    if "before consistent recovery point" in log and until:
        return f"The base backup was not yet complete at {_say(until)}. Choose a later time or an earlier base backup."
    if gap := _find_gap(start, segments):
        return _explain_gap(archive, gap)
    if "recovery ended before configured recovery target" in log and until:
        reached = re.findall(r"last completed transaction was at log time (\S+ [\d:]+)", log)
        last = f"The last change in it is of {reached[-1]} UTC." if reached else "It holds no change after the backup."
        return f"The archive in {archive} ends before {_say(until)}. {last}"
    fatal = re.findall(r"(?:FATAL|PANIC|ERROR): *(.+)", log)
    return f"PostgreSQL can’t recover: {fatal[0] if fatal else log.strip().splitlines()[-1]}"


def _explain_gap(archive: Path, segment: str) -> str:
    return f"Segment {segment} is missing in {archive}. What was changed after it can’t be recovered."


def _explain_damage(archive: Path, damage: str) -> str:
    if "No space left" in damage:
        return _explain_files(OSError(damage))
    return f"A segment in {archive} is damaged: {damage}. What was changed after it can’t be recovered."


def _explain_files(error: Exception) -> str:
    if "No space left" in str(error):
        return f"There is not enough space. Set TMPDIR to a folder with room for the whole database. {str(error)[:200]}"
    return f"The base backup can’t be copied: {str(error)[:300]}"


def _say(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
