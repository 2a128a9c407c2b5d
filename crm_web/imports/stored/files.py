"""Uploaded files in the database: written and read in pieces, so that memory stays flat."""

import io
from collections.abc import Iterator
from typing import BinaryIO, cast

from sqlalchemy import insert, select

from crm_web.core.extensions import db
from crm_web.models import FILE_CHUNK, Import, ImportChunk

BUFFER = 64 * 1024


def store_file(import_id: int, stream: BinaryIO) -> None:
    """Store what a stream holds, from its beginning."""
    stream.seek(0)
    for number, content in enumerate(_read_pieces(stream)):
        chunk = {"import_id": import_id, "number": number, "content": content}
        db.session.execute(insert(ImportChunk).values(chunk))


def _read_pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(FILE_CHUNK):
        yield piece


def open_file(record: Import) -> BinaryIO:
    """Open the stored file of an import for reading, in the session's transaction."""
    return cast(BinaryIO, io.BufferedReader(_StoredFile(record.id, record.size), BUFFER))


class _StoredFile(io.RawIOBase):
    """A file whose pieces are rows; the one that is read last is kept."""

    def __init__(self, import_id: int, size: int) -> None:
        self._import_id, self._size = import_id, size
        self._place = 0
        self._number = -1
        self._content = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        piece = self._read_piece(len(buffer))
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def _read_piece(self, most: int) -> bytes:
        number, start = divmod(self._place, FILE_CHUNK)
        if number != self._number:
            piece = select(ImportChunk.content)
            piece = piece.where(ImportChunk.import_id == self._import_id, ImportChunk.number == number)
            self._content, self._number = db.session.scalar(piece) or b"", number
        return self._content[start : start + most]
