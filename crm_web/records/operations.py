"""What happens to leads, customers and contacts alike: locked, given to someone, moved to the trash and back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import joinedload

from crm_web.core.clock import now
from crm_web.core.errors import Conflict, RecordGone
from crm_web.core.extensions import db
from crm_web.models import Base, Change, Employee, SavedView, set_audit_actor
from crm_web.records.batch_writes import claim_lock, flush_or_defer
from crm_web.records.merging import Merge, RemoteChange, merge
from crm_web.records.queries import Record, name_of_last
from crm_web.records.serialization import from_history


class OwnerNotEntitled(Conflict):
    """The person chosen as owner is not active or does not sell."""


class ChangedMeanwhile(Conflict):
    """
    Somebody else changed the same field to something else after the form was opened.

    :param merge: what can be put together, and what can't
    :param original: the first value, as far as it is known, of each column that was changed since
    """

    def __init__(self, merge: Merge, original: Mapping[str, Any]) -> None:
        others = " and ".join(sorted(set(merge.conflicts.values())))
        super().__init__(f"{others} saved changes here after you opened this page.{merge.move_in_words()}")
        self.merge = merge
        self.original = original


def lock(record: Base, *, shared: bool = False) -> None:
    """
    Lock a record's row until the transaction ends, and read it afresh.

    :param record: the record; only its own row is locked, whatever was loaded along with it
    :param shared: whether others may hold it in this way too, since it only must not change meanwhile
    :raise RecordGone: where somebody has just deleted it for good
    """
    if claim_lock(record):
        return
    try:
        db.session.refresh(record, with_for_update={"of": type(record), "read": shared})
    except InvalidRequestError as error:
        raise RecordGone from error


def check_owner(owner_id: int | None) -> None:
    """
    Make sure that a record may belong to someone.

    It waits for a deactivation of that person that is under way, so that it is refused here and not by the table.

    :param owner_id: the employee; ``None`` for nobody
    :raise OwnerNotEntitled: where that person is not active or does not sell
    """
    owner = None if owner_id is None else db.session.get(Employee, owner_id)
    if owner is not None and not claim_lock(owner):
        db.session.refresh(owner, with_for_update={"read": True, "key_share": True, "of": Employee})
    if owner_id is not None and (owner is None or not owner.can_own):
        raise OwnerNotEntitled("Choose an owner who is active and sells.", "owner_id")


def merge_with_saved(record: Record | Employee, values: Mapping[str, Any], *, version: int, by: Employee) -> Merge:
    """
    Put what a form says together with what others saved since it was opened.

    :param record: the record, locked and read afresh
    :param values: column names to values, every field of the form
    :param version: the version that the form was opened with
    :param by: the employee who saves
    :return: what to save
    :raise ChangedMeanwhile: where somebody changed the same field to something else
    """
    if version == record.version:
        return Merge(dict(values))
    changes = _list_changes_since(record, version)
    is_known = _is_whole(changes, record, version)
    overtaken: dict[str, RemoteChange] = {}
    for change in changes if is_known else []:
        who = _call(change.actor, by)
        for column, (old, _new) in change.fields.items():
            if column in values:
                first = overtaken[column].old if column in overtaken else _read_old(record, column, old)
                overtaken[column] = RemoteChange(first, who)
    theirs = {column: getattr(record, column) for column in values}
    merged = merge(overtaken, values, theirs, stranger="" if is_known else name_of_last(record))
    merged.moved = _find_move(record, changes, values, by)
    if merged.conflicts:
        raise ChangedMeanwhile(merged, {column: overtaken[column].old for column in overtaken})
    return merged


def _call(actor: Employee | None, by: Employee) -> str:
    if actor is None:
        return "The installation"
    return "You" if actor.id == by.id else actor.name


def _find_move(
    record: Record | Employee, changes: Sequence[Change], values: Mapping[str, Any], by: Employee
) -> tuple[str, str] | None:
    """The last move to another status, where the form does not hold that itself, and it is another one by now."""
    moves = [change for change in changes if "status" in change.fields and "status" not in values]
    if not moves or not hasattr(record, "status") or moves[0].fields["status"][0] == record.status:
        return None
    return _call(moves[-1].actor, by), record.status.label


def _read_old(record: Record | Employee, column: str, value: Any) -> Any:
    try:
        return from_history(type(record), column, value)
    except ValueError:
        # A word that the product no longer knows differs from every other one all the same.
        return value


def _list_changes_since(record: Record | Employee, version: int) -> Sequence[Change]:
    query = select(Change).where(*_is_of(record), Change.version > version)
    return db.session.scalars(query.order_by(Change.id).options(joinedload(Change.actor))).all()


def _is_whole(changes: Sequence[Change], record: Record | Employee, version: int) -> bool:
    """Whether history tells all since a version: it did not always note versions, and a form may name any number."""
    if not 0 < version < record.version:
        return False
    if changes and changes[0].version == version + 1:
        return True
    unnumbered = select(Change.id).where(*_is_of(record), Change.version.is_(None)).limit(1)
    return db.session.scalar(unnumbered) is None


def _is_of(record: Record | Employee) -> tuple[ColumnElement[bool], ...]:
    return Change.entity == type(record).__name__.lower(), Change.entity_id == record.id


def move_to_trash(record: Record | SavedView, *, by: Employee) -> None:
    """
    Move a record to the trash; whatever refers to it stays as it is.

    :param record: the record; one that is in the trash already stays there
    :param by: the employee who does it
    """
    set_audit_actor(by)
    lock(record)
    if not record.is_in_trash:
        record.deleted_at, record.deleted_by_id = now(), by.id
        flush_or_defer()


def take_from_trash(record: Record | SavedView, *, by: Employee) -> None:
    """
    Take a record out of the trash.

    :param record: the record; one that is not in the trash stays as it is
    :param by: the employee who does it
    """
    set_audit_actor(by)
    lock(record)
    if record.is_in_trash:
        record.deleted_at = record.deleted_by_id = None
        flush_or_defer()
