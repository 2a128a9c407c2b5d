"""The archived write-ahead log, of which files may be compressed.

PostgreSQL asks for one file at a time. It runs as another account than root, which may not be allowed to run this
program's Python; so a shell command leaves the name of the file in a folder, and a thread here unpacks it.
"""

import bz2
import gzip
import lzma
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any

from crm_web.core.errors import PostgresError

SEGMENT = re.compile(r"([0-9A-F]{24})(\.\w+)?")
NO_SEGMENTS = (".backup", ".partial", ".history")
ENDINGS = ("", ".gz", ".zst", ".xz", ".bz2")
DEFAULT_SEGMENT = 16 * 2**20
LOOKS_EVERY = 0.02
MISSING, DAMAGED = 1, 200
"""How the command ends: the end of the archive, and what stops the recovery."""
# Whoever unpacks is asked only for what isn't there as it is.
COMMAND = (
    'cp {archive}/%f "%p" 2>/dev/null && exit 0; cd {folder} || exit 200; at="$OLDPWD"; rm -f told; echo %f > new; '
    "mv new wanted; until [ -e told ]; do sleep 0.05; done; read -r status < told; "
    '[ "$status" = 0 ] && mv unpacked "$at/%p"; exit "$status"'
)


def list_segments(*folders: Path) -> dict[str, Path]:
    """List the segments of the write-ahead log that are there, compressed or not.

    :raise PostgresError: if one is compressed in an unknown way
    """
    found = {}
    for path in (path for folder in folders if folder.exists() for path in folder.iterdir()):
        if (named := SEGMENT.fullmatch(path.name)) is None or named[2] in NO_SEGMENTS:
            continue
        if (named[2] or "") not in ENDINGS:
            raise PostgresError(
                f"{path.name} is compressed in a way that this command doesn’t know: "
                f"decompress the archive first, or use one of {', '.join(filter(None, ENDINGS))}."
            )
        found[named[1]] = path
    return found


def measure_segment(segments: dict[str, Path]) -> int:
    """Return the size of a segment in bytes; all have the same, unpacked."""
    for path in segments.values():
        with suppress(Exception), _open(path) as unpacked:
            return sum(len(piece) for piece in iter(partial(unpacked.read, 2**20), b"")) or DEFAULT_SEGMENT
    return DEFAULT_SEGMENT


class Unpacker:
    """Unpacks the files that PostgreSQL asks for.

    :param folder: where they are put; the account of the server may write to it
    """

    def __init__(self, archive: Path, folder: Path) -> None:
        self.archive, self.folder, self.damage = archive, folder, ""
        self._end = Event()
        folder.mkdir()

    @property
    def command(self) -> str:
        """The ``restore_command``."""
        archive, folder = (shlex.quote(str(path).replace("%", "%%")) for path in (self.archive, self.folder))
        return COMMAND.format(archive=archive, folder=folder)

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Unpack during a block."""
        thread = Thread(target=self._serve, name="unpacker", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._end.set()
            thread.join()

    def _serve(self) -> None:
        wanted, told = self.folder / "wanted", self.folder / "told"
        while not self._end.wait(LOOKS_EVERY):
            if wanted.exists():
                name = wanted.read_text().strip()
                wanted.unlink()
                draft = told.with_name("draft")
                draft.write_text(f"{self._unpack(name)}\n")
                draft.rename(told)

    def _unpack(self, name: str) -> int:
        found = next((path for end in ENDINGS if (path := self.archive / f"{name}{end}").exists()), None)
        if found is None:
            return MISSING
        place = self.folder / "unpacked"
        try:
            with _open(found) as packed, place.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked, 2**20)
            owner = self.folder.stat()
            shutil.chown(place, owner.st_uid, owner.st_gid)
        except Exception as error:
            self.damage = f"{found.name} ({error or type(error).__name__})"
            return DAMAGED
        return 0


def _open(path: Path) -> IO[bytes]:
    """Open a file of the archive for reading what it was before it was compressed."""
    if path.suffix == ".zst":
        import zstandard

        found: IO[bytes] = zstandard.open(path, "rb")
        return found
    openers: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
    opened: IO[bytes] = openers.get(path.suffix, open)(path, "rb")
    return opened
