"""Moving the content of files between the database and the bucket, while people work with them.

Each file moves in a transaction of its own, after what was copied was read again and is the same. Whatever ends it
before leaves the file as it was, and the next run goes on from there.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, exists, func, insert, select

from crm_web.core.extensions import db
from crm_web.core.file_settings import FileStore
from crm_web.files.storage.bucket import FilesUnreachable, download_piece
from crm_web.files.storage.operations import StoredObject, attach, upload
from crm_web.files.storage.queries import read_content
from crm_web.models import FILE_CHUNK, File, FileChunk, FileObject

AT_A_TIME = 100
READ_ON = timedelta(hours=1)
"""How long an object stays whose file moved into the database: somebody may be downloading it."""


def list_to_move(to: FileStore, *, after: int) -> Sequence[tuple[int, int]]:
    """List some of the files that are elsewhere: id and size, those in the trash as well.

    :param after: the last id of the list before
    """
    in_bucket: ColumnElement[bool] = exists().where(FileObject.file_id == File.id)
    query = select(File.id, File.size).where(File.id > after, in_bucket if to == "database" else ~in_bucket)
    found = db.session.execute(query.order_by(File.id).limit(AT_A_TIME)).all()
    return [(file_id, size) for file_id, size in found]


def move_to_bucket(file_id: int, size: int) -> bool:
    """Move what a file holds into the bucket. The caller commits.

    :return: whether it was moved; not if it was deleted or moved meanwhile
    :raise FilesUnreachable: if the bucket can't be reached, or gave back something else
    """
    stored = upload(_give_back_connection(read_content(file_id, size)))
    if _hash_object(stored, size) != stored.sha256:
        raise FilesUnreachable
    if not _lock_file(file_id) or _find_object(file_id):
        return False
    attach(stored, file_id)
    db.session.execute(delete(FileChunk).where(FileChunk.file_id == file_id))
    return True


def move_to_database(file_id: int, size: int) -> bool:
    """Move what a file holds into the database, a piece at a time. The caller commits.

    :return: whether it was moved; not if it was deleted or moved meanwhile
    :raise FilesUnreachable: if the bucket can't be reached, or has something else than was put there
    """
    found = _find_object(file_id) if _lock_file(file_id) else None
    if found is None:
        return False
    for number, piece in enumerate(read_content(file_id, size)):
        db.session.execute(insert(FileChunk).values(file_id=file_id, number=number, content=piece))
    found.file_id, found.expires_at = None, func.now() + READ_ON
    return True


def _give_back_connection(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """No transaction has to be open while the bucket is slow."""
    for piece in pieces:
        db.session.rollback()
        yield piece


def _hash_object(stored: StoredObject, size: int) -> bytes:
    digest = hashlib.sha256()
    for start in range(0, size, FILE_CHUNK):
        digest.update(download_piece(stored.key, start, min(start + FILE_CHUNK, size), size))
    return digest.digest()


def _lock_file(file_id: int) -> bool:
    query = select(File.id).where(File.id == file_id).with_for_update(key_share=True)
    return db.session.scalar(query) is not None


def _find_object(file_id: int) -> FileObject | None:
    return db.session.scalar(select(FileObject).where(FileObject.file_id == file_id).with_for_update(key_share=True))
