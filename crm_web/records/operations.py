"""Operations that leads, customers and contacts share: locking, owner checks, merging of edits, the trash."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, Select, bindparam, false, inspect, or_, select
from sqlalchemy.orm import SessionTransaction, joinedload
from sqlalchemy.orm.attributes import instance_state

from crm_web.core.clock import now
from crm_web.core.errors import Conflict, RecordGone
from crm_web.core.extensions import db
from crm_web.models import (
    AUDIT_SETTINGS,
    Activity,
    Base,
    Change,
    ChangeAction,
    Customer,
    Employee,
    Erasure,
    File,
    Lead,
    MailTemplate,
    SavedView,
    Webhook,
    audit_values,
)
from crm_web.records.batch import Batch, save
from crm_web.records.merging import Merge, RemoteChange, merge
from crm_web.records.queries import Record, name_of_last_editor
from crm_web.records.serialization import from_history

AnyRecord = TypeVar("AnyRecord", Lead, Customer)

_held: WeakKeyDictionary[SessionTransaction, tuple[Base, int]] = WeakKeyDictionary()
"""What ``find_locked`` has locked in a transaction, and who was named to the history."""


class OwnerNotEntitled(Conflict):
    """The chosen owner is deactivated or has a role without records."""


class MergedAway(Conflict):
    """A record that was merged into another one comes back only by undoing that."""


class ChangedSinceEdit(Conflict):
    """Somebody changed the record after the edit that should be undone."""


class ChangedMeanwhile(Conflict):
    """Somebody else changed the same field after the form was opened.

    :param merge: what can be merged, and what conflicts
    :param original: the value before, as far as it is known, of each column that was changed since
    """

    def __init__(self, merge: Merge, original: Mapping[str, Any]) -> None:
        others = " and ".join(sorted(set(merge.conflicts.values())))
        super().__init__(f"{others} saved changes here after you opened this page.{merge.move_in_words()}")
        self.merge = merge
        self.original = original


class ErasedMeanwhile(Conflict):
    """The person was erased after the form was opened: saving it would bring them back."""


class SavedMeanwhile(Conflict):
    """Somebody else saved the same after the form was opened."""


class RecordInTrash(Conflict):
    """What is on a record in the trash stays as it is."""


def require_outside_trash(record: Lead | Customer) -> None:
    """Check that a lead or customer, which is locked, may get or lose something.

    :raise RecordInTrash: if it is in the trash
    """
    if record.is_in_trash:
        raise RecordInTrash("This record is in the trash. Restore it first.")


def lock(
    record: Base,
    *,
    by: Employee | None = None,
    shared: bool = False,
    deleting: bool = False,
    batch: Batch | None = None,
) -> None:
    """Lock the record's own row until the transaction ends, and reload it.

    Rows that refer to it can be written meanwhile, unless it is about to be deleted.

    :param by: who makes the following changes, named to the history by the same statement unless the batch did so
    :param shared: allow other shared locks, for a row that must only stay unchanged
    :param deleting: also wait for those who write rows that refer to it
    :raise RecordGone: if it was deleted permanently meanwhile
    """
    if batch and batch.holds(record) or not deleting and _is_held(record, by):
        return
    # The class, since ``current_user`` only stands for an employee.
    model, identity = record.__class__, instance_state(record).identity
    if identity is None:
        raise RecordGone
    names_actor = by is not None and batch is None
    query = _build_lock(model, names_actor=names_actor, shared=shared, deleting=deleting)
    values = {f"key_{place}": value for place, value in enumerate(identity)}
    if db.session.execute(query, values | (audit_values(by) if names_actor else {})).unique().first() is None:
        raise RecordGone
    if batch:
        batch.add([record])


def find_locked(model: type[AnyRecord], record_id: int, *, by: Employee) -> AnyRecord | None:
    """Find a record that is about to change, locked as by ``lock``, which then has nothing to do for it.

    :param by: who makes the following changes
    :return: ``None`` if there is none
    """
    query = _build_lock(model, names_actor=True, shared=False, deleting=False)
    row = db.session.execute(query, {"key_0": record_id} | audit_values(by)).unique().first()
    if row is None:
        return None
    record: AnyRecord = row[0]
    session = db.session()
    transaction = session.get_transaction()
    # A savepoint may let go of it alone.
    if transaction is not None and session.get_nested_transaction() is None:
        _held[transaction] = record, by.id
    return record


def _is_held(record: Base, by: Employee | None) -> bool:
    transaction = db.session().get_transaction()
    held, employee_id = _held.get(transaction, (None, None)) if transaction else (None, None)
    return held is record and (by is None or by.id == employee_id)


def lock_unchanged(record: MailTemplate | Webhook, version: int) -> None:
    """Lock what is saved as a whole.

    :param version: the version that the person saw
    :raise SavedMeanwhile: if somebody else saved it since
    """
    lock(record)
    if record.version != version:
        raise SavedMeanwhile("Someone else saved changes after you opened this page. Reload it and try again.")


@cache
def _build_lock(model: type[Base], *, names_actor: bool, shared: bool, deleting: bool) -> Select[Any]:
    """Built once for each use, since every change of a record sends it."""
    query: Select[Any] = select(model).add_columns(*(AUDIT_SETTINGS if names_actor else ()))
    for place, column in enumerate(inspect(model).primary_key):
        query = query.where(column == bindparam(f"key_{place}"))
    # Its own row only: the outer side of a join, such as a manager loaded along, can't be locked.
    query = query.with_for_update(of=model, read=shared, key_share=not (shared or deleting))
    return query.execution_options(populate_existing=True, prepared=True)


def check_owner(owner_id: int | None, *, by: Employee | None = None, batch: Batch | None = None) -> None:
    """Check that a person may own records.

    It waits for a concurrent deactivation of that person, so that it fails here and not at the table's constraint.

    :param owner_id: ``None`` for nobody
    :param by: who makes the following changes, as for ``lock``
    :raise OwnerNotEntitled: if that person is deactivated or has a role without records
    """
    owner = None if owner_id is None else db.session.get(Employee, owner_id)
    if owner is not None:
        lock(owner, by=by, shared=True, batch=batch)
    if owner_id is not None and (owner is None or not owner.can_own):
        raise OwnerNotEntitled("Choose an active employee. Viewers can’t own records.", "owner_id")


def merge_with_saved(
    record: Record | Activity | Employee, values: Mapping[str, Any], *, version: int, by: Employee
) -> Merge:
    """Merge the values of a form with what others saved since it was opened.

    :param record: locked and reloaded
    :param version: the version that the form was opened with
    :raise ChangedMeanwhile: if somebody changed the same field to something else
    :raise ErasedMeanwhile: if the person was erased
    """
    if version == record.version:
        return Merge(dict(values), version=version)
    changes = _list_changes_since(record, version)
    if _is_erased_by(changes):
        raise ErasedMeanwhile("A person was erased after you opened this page. Nothing was saved.")
    is_known = _is_whole(changes, record, version)
    remote_changes: dict[str, RemoteChange] = {}
    for change in changes if is_known else []:
        who = _call(change.actor, by)
        for column, (old, _new) in change.fields.items():
            if column in values:
                first = remote_changes[column].old if column in remote_changes else _read_old(record, column, old)
                remote_changes[column] = RemoteChange(first, who)
    theirs = {column: getattr(record, column) for column in values}
    merged = merge(remote_changes, values, theirs, unknown_editor="" if is_known else name_of_last_editor(record))
    merged.moved, merged.version = _find_move(record, changes, values, by), record.version
    if merged.conflicts:
        raise ChangedMeanwhile(merged, {column: remote_changes[column].old for column in remote_changes})
    return merged


def _call(actor: Employee | None, by: Employee) -> str:
    if actor is None:
        return "The system"
    return "You" if actor.id == by.id else actor.name


def _find_move(
    record: Record | Activity | Employee, changes: Sequence[Change], values: Mapping[str, Any], by: Employee
) -> tuple[str, str] | None:
    """Find the last status change since the form was opened, if the form has no status field and the status differs."""
    moves = [change for change in changes if "status" in change.fields and "status" not in values]
    if not moves or not hasattr(record, "status") or moves[0].fields["status"][0] == record.status:
        return None
    return _call(moves[-1].actor, by), record.status.label


def _read_old(record: Record | Activity | Employee, column: str, value: Any) -> Any:
    try:
        return from_history(type(record), column, value)
    except ValueError:
        # A word that the product no longer knows differs from every other one all the same.
        return value


def _list_changes_since(record: Record | Activity | Employee, version: int) -> Sequence[Change]:
    query = select(Change).where(*_is_of(record), Change.version > version)
    return db.session.scalars(query.order_by(Change.id).options(joinedload(Change.actor))).all()


def _is_erased_by(changes: Sequence[Change]) -> bool:
    """Return whether one of the changes of a record erased a person, from it or from its company or a text in it."""
    if not changes:
        return False
    # One transaction erases and signs it, so that both have its time.
    erased = select(Erasure.id).where(Erasure.erased_at.in_([change.at for change in changes]))
    return db.session.scalar(erased.limit(1)) is not None


def _is_whole(changes: Sequence[Change], record: Record | Activity | Employee, version: int) -> bool:
    """Return whether history has every change since a version: older entries have no version, and a form may
    send any.
    """
    if not 0 < version < record.version:
        return False
    if changes and changes[0].version == version + 1:
        return True
    unnumbered = select(Change.id).where(*_is_of(record), Change.version.is_(None)).limit(1)
    return db.session.scalar(unnumbered) is None


def _is_of(record: Record | Activity | Employee) -> tuple[ColumnElement[bool], ...]:
    return Change.entity == type(record).__name__.lower(), Change.entity_id == record.id


def read_before_edit(
    record: Record | Activity, version: int, *, what: str, moved_by: Sequence[str] = ()
) -> dict[str, Any]:
    """Read the values that the last edit of a record's fields replaced, to undo it.

    :param record: locked and reloaded
    :param version: the version that the edit made
    :param what: how the record is called in the refusal
    :param moved_by: the columns whose change is no edit, such as the status
    :raise ChangedSinceEdit: if it changed after the edit, or that version was made by something else
    """
    moved = or_(false(), *(Change.fields.has_key(column) for column in moved_by))
    edits = select(Change).where(*_is_of(record), Change.action == ChangeAction.CHANGED, ~moved)
    edit = db.session.scalar(edits.where(Change.version == version)) if version == record.version else None
    if edit is None:
        raise ChangedSinceEdit(f"{name_of_last_editor(record)} changed {what} after that edit. It stays as it is.")
    return {name: from_history(type(record), name, old) for name, (old, _) in edit.fields.items()}


def move_to_trash(record: Record | File | SavedView, *, by: Employee, batch: Batch | None = None) -> None:
    """Move a record to the trash; references to it stay. Does nothing if it is there already."""
    lock(record, by=by, batch=batch)
    if not record.is_in_trash:
        record.deleted_at, record.deleted_by_id = now(), by.id
        save(batch)


def restore_from_trash(record: Record | File | SavedView, *, by: Employee, batch: Batch | None = None) -> None:
    """Restore a record from the trash. Does nothing if it is not there.

    :raise MergedAway: if it is there because it was merged into another record
    """
    lock(record, by=by, batch=batch)
    if getattr(record, "merged_into_id", None) is not None:
        raise MergedAway("This record was merged into another one. Undo the merge instead.")
    if record.is_in_trash:
        record.deleted_at = record.deleted_by_id = None
        save(batch)
