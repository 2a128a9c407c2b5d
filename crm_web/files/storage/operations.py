"""Takes in what files hold, and deletes objects that belong to no file."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID, uuid4

from sqlalchemy import CursorResult, func, insert, select, update
from sqlalchemy.orm import Session

from crm_web.core.config import current_settings
from crm_web.core.extensions import db
from crm_web.files.storage import bucket
from crm_web.models import FILE_CHUNK, FileChunk, FileObject

UPLOAD_TIME = timedelta(days=1)
"""How long an upload and what follows it may take; then its object is deleted unless it belongs to a file."""


@dataclass(frozen=True)
class Content:
    """What a file is going to hold.

    :param stored: the object that holds it; ``None`` if it is to be written into the database
    """

    stream: BinaryIO
    stored: "StoredObject | None" = None


@dataclass(frozen=True)
class StoredObject:
    """An object that was uploaded and belongs to no file yet."""

    key: UUID
    sha256: bytes


def take_in(stream: BinaryIO) -> Content:
    """Receive the content of a file, into the bucket if new files are kept there.

    Call it before anything is locked; no transaction has to be open meanwhile.

    :raise FilesUnreachable: if the bucket can't be reached
    """
    stream.seek(0)
    if current_settings().files_store == "database":
        return Content(stream)
    return Content(stream, upload(_read_pieces(stream)))


def upload(pieces: Iterator[bytes]) -> StoredObject:
    """Upload an object under a key that is known from before on, so that it is deleted if it comes to nothing.

    :raise FilesUnreachable: if the bucket can't be reached
    """
    key, digest = uuid4(), hashlib.sha256()
    with Session(db.engine) as own, own.begin():
        own.execute(insert(FileObject).values(key=key, expires_at=func.now() + UPLOAD_TIME))

    def read() -> Iterator[bytes]:
        for piece in pieces:
            digest.update(piece)
            yield piece

    bucket.upload(key, read())
    return StoredObject(key, digest.digest())


def keep(content: Content, file_id: int) -> None:
    """Save the content of a file, in the transaction that adds the file.

    :raise FilesUnreachable: if its object was deleted, since too much time had passed
    """
    if content.stored:
        attach(content.stored, file_id)
        return
    content.stream.seek(0)
    for number, piece in enumerate(_read_pieces(content.stream)):
        db.session.execute(insert(FileChunk).values(file_id=file_id, number=number, content=piece))


def attach(stored: StoredObject, file_id: int) -> None:
    """Link an object to its file.

    :raise FilesUnreachable: if it was deleted, since too much time had passed
    """
    query = update(FileObject).where(FileObject.key == stored.key)
    query = query.values(file_id=file_id, sha256=stored.sha256, expires_at=func.now())
    result: CursorResult[None] = db.session.execute(query)  # type: ignore[assignment]
    if result.rowcount != 1:
        raise bucket.FilesUnreachable


def _read_pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(FILE_CHUNK):
        yield piece


def delete_expired_objects() -> bool:
    """Delete one of the objects that belong to no file; returns whether there may be more.

    It stays locked until it is gone, so that no file can get it. The store's answer is awaited for seconds at most.

    :raise FilesUnreachable: if it may still be there
    """
    is_unused = (FileObject.file_id.is_(None), FileObject.expires_at < func.now())
    unused = db.session.scalar(
        select(FileObject).where(*is_unused).limit(1).with_for_update(skip_locked=True, key_share=True)
    )
    if unused is None:
        return False
    bucket.delete(unused.key)
    db.session.delete(unused)
    return True
