"""Adding, removing and restoring files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from io import SEEK_END
from typing import BinaryIO

from sqlalchemy import func, select

from crm_web.core.clock import now
from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.files.queries import list_removed_with, record_of
from crm_web.files.storage.operations import Content, keep, take_in
from crm_web.files.types import clean_name, find_media_type
from crm_web.models import Activity, Customer, Employee, File, Lead, MediaType, set_audit_actor
from crm_web.records.operations import lock, move_to_trash, require_outside_trash, restore_from_trash
from crm_web.records.retention import delete_portion

KEPT_FOR = timedelta(days=30)
"""How long a removed file can be restored."""
MEGABYTE = 1024 * 1024


class FileTooLarge(DomainError):
    """A file is larger than this installation allows."""


@dataclass(frozen=True)
class Received:
    """A file that was sent and is not added yet."""

    name: str
    size: int
    media_type: MediaType | None
    content: Content


def receive_files(sent: Sequence[tuple[BinaryIO, str]]) -> list[Received]:
    """Check files that were sent, and upload them if new ones are kept in a bucket.

    Call it before anything is locked or changed: an upload takes its time, so the transaction ends before. Load what
    you go on with again. What is not added afterwards is deleted by the worker.

    :param sent: the bytes of each file, with its name
    :raise FileTooLarge: if one of them is too large
    :raise FilesUnreachable: if the bucket can't be reached
    """
    most = current_settings().max_file_mb
    checked = []
    for stream, sent_name in sent:
        name, size = clean_name(sent_name), stream.seek(0, SEEK_END)
        if size > most * MEGABYTE:
            raise FileTooLarge(f"{name} is too large. The limit is {most} MB for each file.", "files")
        stream.seek(0)
        checked.append((name, size, find_media_type(stream.read(16)), stream))
    if current_settings().files_store != "database":
        db.session.rollback()
    return [Received(name, size, media_type, take_in(stream)) for name, size, media_type, stream in checked]


def add_files(place: Lead | Customer | Activity, received: Sequence[Received], *, by: Employee | None) -> list[File]:
    """Add files to a lead, customer or activity, all or none.

    :param by: ``None`` for the system
    :raise RecordInTrash: if the record is in the trash
    :raise RecordGone: if the activity was removed meanwhile
    """
    set_audit_actor(by)
    record = record_of(place)
    lock(record, shared=True)
    require_outside_trash(record)
    ids = {"lead_id": record.id} if isinstance(record, Lead) else {"customer_id": record.id}
    if isinstance(place, Activity):
        lock(place, shared=True)
        ids["activity_id"] = place.id
    return [_add(ids, one) for one in received]


def _add(ids: dict[str, int], received: Received) -> File:
    file = File(**ids, name=received.name, size=received.size, media_type=received.media_type)
    db.session.add(file)
    db.session.flush()
    keep(received.content, file.id)
    return file


def remove_file(file: File, *, by: Employee) -> None:
    """Remove a file; it can be restored for 30 days. One that is removed already stays so.

    :raise RecordInTrash: if its record is in the trash
    """
    set_audit_actor(by)
    _lock(file)
    move_to_trash(file, by=by)


def restore_file(file: File, *, by: Employee) -> None:
    """Restore a file that was removed.

    :raise RecordInTrash: if its record is in the trash
    """
    set_audit_actor(by)
    _lock(file)
    restore_from_trash(file, by=by)


def remove_files_with(activity: Activity, *, by: Employee) -> None:
    """Remove the files of an activity that is about to be removed."""
    mine = select(File).where(File.activity_id == activity.id, File.deleted_at.is_(None)).order_by(File.id)
    for file in db.session.scalars(mine.with_for_update(key_share=True)).all():
        file.activity_id, file.deleted_at, file.deleted_by_id = None, now(), by.id
    db.session.flush()


def restore_files_with(activity: Activity, removed_id: int) -> None:
    """Restore the files that were removed with an activity, as files of the one that took its place.

    :param removed_id: the id that the activity had when it was removed
    """
    for file in list_removed_with(activity, removed_id):
        file.activity_id, file.deleted_at, file.deleted_by_id = activity.id, None, None
    db.session.flush()


def delete_expired_files() -> bool:
    """Delete some of the files that were removed long enough ago; returns whether there may be more."""
    return delete_portion(File, File.deleted_at < func.now() - KEPT_FOR, limit=20)


def _lock(file: File) -> None:
    lock(file.record, shared=True)
    lock(file)
    require_outside_trash(file.record)
