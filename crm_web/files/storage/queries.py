"""Reads what files hold, wherever it is."""

import hashlib
import logging
from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Row, func, select

from crm_web.core.extensions import db
from crm_web.files.storage.bucket import FilesUnreachable, download_piece
from crm_web.models import FILE_CHUNK, File, FileChunk, FileObject

log = logging.getLogger(__name__)


def read_content(file_id: int, size: int) -> Iterator[bytes]:
    """Read what a file holds, a piece at a time, also while it is moved. The last piece comes only if all are right.

    :raise FilesUnreachable: if the bucket can't be reached, or what it holds is not what was put there
    """
    start, number, digest, sha256 = 0, 0, hashlib.sha256(), None
    while start < size:
        place = _find_piece(file_id, number)
        piece = place.content if place else None
        if place and place.key:
            sha256 = place.sha256
            piece = download_piece(place.key, start, min(start + FILE_CHUNK, size), size)
        if not piece:
            log.error("file %s ends too early, or was deleted", file_id)
            raise FilesUnreachable
        digest.update(piece)
        start, number = start + len(piece), number + 1
        if start >= size and sha256 not in (None, digest.digest()):
            log.error("file %s is not what was put into the bucket", file_id)
            raise FilesUnreachable
        yield piece


def _find_piece(file_id: int, number: int) -> Row[bytes, UUID, bytes | None] | None:
    """Find a piece, or the object that all of them are in."""
    query = select(FileChunk.content, FileObject.key, FileObject.sha256).select_from(File)
    query = query.outerjoin(FileChunk, (FileChunk.file_id == File.id) & (FileChunk.number == number))
    query = query.outerjoin(FileObject, FileObject.file_id == File.id).where(File.id == file_id)
    return db.session.execute(query).one_or_none()


def count_by_store() -> tuple[int, int]:
    """Count the files in the database, and those in the bucket."""
    query = select(func.count(File.id), func.count(FileObject.key)).select_from(File)
    query = query.outerjoin(FileObject, FileObject.file_id == File.id)
    files, in_bucket = db.session.execute(query).one()
    return files - in_bucket, in_bucket
