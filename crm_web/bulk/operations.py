"""One action on many records: selected, applied all or nothing, undone all or nothing."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from psycopg2.errors import LockNotAvailable
from sqlalchemy import Select, delete, func, insert, literal, select
from sqlalchemy.exc import OperationalError

from crm_web.bulk.actions import apply, revert
from crm_web.bulk.eligibility import ABOUT, EditContext, check_eligible, is_win
from crm_web.bulk.queries import MODELS, count_selection, list_chunks, load_context
from crm_web.bulk.tasks.operations import put_back_tasks, tasks_stay
from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.leads.operations import check_lost_reason, use_source
from crm_web.models import (
    BulkAction,
    BulkEdit,
    BulkEntity,
    BulkItem,
    BulkOutcome,
    ChangeSource,
    Customer,
    Employee,
    Lead,
    LeadStatus,
    StatusKind,
    UndoOutcome,
    set_audit_actor,
    using_change_source,
)
from crm_web.records.batch import batch_of, write_rows
from crm_web.records.operations import check_owner, lock

MOST = 10_000
"""How many records one edit changes at most: what fits into one transaction that nobody notices."""
KEPT_FOR = timedelta(days=7)
"""How long an edit that is not applied waits for it."""


class NothingChosen(DomainError):
    """A bulk edit needs at least one record."""


class TooMany(DomainError):
    """More records were chosen than one edit may change."""


class EditUnderWay(Conflict):
    """The same edit is being applied or undone in this very moment."""


def save_selection(
    entity: BulkEntity,
    action: BulkAction,
    selection: Select[Any],
    *,
    place: str,
    values: Mapping[str, Any] | None = None,
    by: Employee,
) -> BulkEdit:
    """Save which records an edit is about; nothing is done to them yet.

    :param selection: a select of the records, at most ``MOST``
    :param place: the address of the list that they were chosen in
    :param values: what is to be set, as far as it is known by now
    :return: the edit, not applied yet
    :raise NothingChosen: if the selection is empty
    :raise TooMany: if it is too large
    """
    set_audit_actor(by)
    count = count_selection(entity, selection)
    if not count:
        raise NothingChosen(f"Select at least one {entity}.", "ids")
    if count > MOST:
        raise TooMany(f"You selected {count:,} {entity}s; the limit is {MOST:,}. Narrow the list down.", "ids")
    edit = BulkEdit(entity=entity, action=action, values=dict(values or {}), place=place, made_by_id=by.id)
    db.session.add(edit)
    db.session.flush()
    model = MODELS[entity]
    before = {name: getattr(model, name) for name in _columns_kept(entity, action)}
    pairs = [part for name, column in before.items() for part in (name, column)]
    frozen = selection.with_only_columns(literal(edit.id), model.id, model.version, func.jsonb_build_object(*pairs))
    columns = ["bulk_edit_id", "record_id", "version_seen", "before"]
    db.session.execute(insert(BulkItem).from_select(columns, frozen.order_by(None).limit(MOST)))
    return edit


def _columns_kept(entity: BulkEntity, action: BulkAction) -> Sequence[str]:
    """What the undo of an action has to know."""
    if entity is BulkEntity.LEAD and action is BulkAction.STATUS:
        return "status", "lost_reason", "lost_note", "closed_at"
    return [ABOUT[action]] if action in ABOUT else []


def delete_expired_selections() -> bool:
    """Delete some of the edits that were never applied.

    :return: whether there may be more
    """
    expired = select(BulkEdit.id).where(BulkEdit.applied_at.is_(None), BulkEdit.created_at < func.now() - KEPT_FOR)
    ids = db.session.scalars(expired.limit(10).with_for_update(skip_locked=True)).all()
    for model, column in ((BulkItem, BulkItem.bulk_edit_id), (BulkEdit, BulkEdit.id)):
        db.session.execute(delete(model).where(column.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids) == 10


def apply_edit(edit: BulkEdit, values: Mapping[str, Any], *, by: Employee) -> BulkEdit:
    """Apply an edit to all its records or none, by the operation for a single record.

    :param edit: the edit; one that is applied already stays as it is
    :param values: what is set: ``owner_id``, ``status`` (with ``lost_reason`` and ``lost_note``) or ``source``; for a
        win ``create_all`` also wins the leads that may be customers already
    :return: the edit, each of its items with an outcome
    :raise EditUnderWay: if somebody else's click applies it in this moment
    :raise OwnerNotEntitled: if the new owner is deactivated or has a role without records
    :raise LostReasonMissing: if leads are lost without a reason
    """
    with using_change_source(ChangeSource.BULK):
        set_audit_actor(by)
        _lock_edit(edit)
        if edit.is_applied:
            return edit
        _lock_records(edit)
        edit.values = {**edit.values, **_check_values(edit, values)}
        context = load_context(edit, by, leave_likely=not edit.values.get("create_all"))
        for chunk in list_chunks(edit, BulkOutcome.PENDING):
            _apply_chunk(edit, chunk, context)
        edit.applied_at = func.now()
        db.session.flush()
    return edit


def _apply_chunk(edit: BulkEdit, chunk: list[tuple[BulkItem, Any]], context: EditContext) -> None:
    skip_reasons = {item.record_id: check_eligible(edit, item, record, context) for item, record in chunk}
    doable = [(item, record) for item, record in chunk if skip_reasons[item.record_id] is None]
    with batch_of([record for _, record in doable], by=context.by) as batch:
        refused = apply(edit, [record for _, record in doable], batch)
    rows = []
    for item, record in chunk:
        skip_reason = skip_reasons[item.record_id] or refused.get(item.record_id)
        version = None if skip_reason else batch.versions.get(record) or record.version
        outcome, reason = (skip_reason.outcome, skip_reason.reason) if skip_reason else (BulkOutcome.DONE, None)
        rows.append({"record_id": item.record_id, "outcome": outcome, "reason": reason, "version_after": version})
    _write_items(edit, rows)


def undo_edit(edit: BulkEdit, *, by: Employee) -> BulkEdit:
    """Undo an edit. Records that somebody has changed since stay as they are, and are listed.

    Whoever made the edit may take it back even where it gave their records to somebody else.

    :param edit: the edit; one that is not applied, or undone already, stays as it is
    :return: the edit, each item that was done with an outcome of the undo
    :raise EditUnderWay: if somebody else's click undoes it in this moment
    """
    with using_change_source(ChangeSource.BULK):
        set_audit_actor(by)
        _lock_edit(edit)
        if not edit.is_applied or edit.is_undone:
            return edit
        _lock_records(edit)
        for chunk in list_chunks(edit, BulkOutcome.DONE):
            _undo_chunk(edit, chunk, by)
        edit.undone_at, edit.undone_by_id = func.now(), by.id
        db.session.flush()
    return edit


def _undo_chunk(edit: BulkEdit, chunk: list[tuple[BulkItem, Any]], by: Employee) -> None:
    left = {item.record_id: reason for item, record in chunk if (reason := _reason_to_leave(item, record))}
    doable = [(item, record) for item, record in chunk if item.record_id not in left]
    with tasks_stay(edit), batch_of([record for _, record in doable], by=by) as batch:
        left |= revert(edit, doable, batch)
    if edit.action is BulkAction.ASSIGN:
        put_back_tasks(edit, [item.record_id for item, _ in doable if item.record_id not in left])
    rows = []
    for item, _ in chunk:
        reason = left.get(item.record_id)
        outcome = UndoOutcome.LEFT if reason else UndoOutcome.UNDONE
        rows.append({"record_id": item.record_id, "undo_outcome": outcome, "undo_reason": reason})
    _write_items(edit, rows)


def _reason_to_leave(item: BulkItem, record: Any) -> str | None:
    if record is None:
        return "Permanently deleted"
    return None if record.version == item.version_after else "Changed since the edit"


def _write_items(edit: BulkEdit, rows: list[dict[str, Any]]) -> None:
    keyed = [{"bulk_edit_id": edit.id, **row} for row in rows]
    write_rows(BulkItem, ("bulk_edit_id", "record_id"), keyed)


def _lock_edit(edit: BulkEdit) -> None:
    """Whoever comes second waits here, and then finds the receipt."""
    try:
        with db.session.begin_nested():
            lock(edit)
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
        raise EditUnderWay("This edit is still running. Reload in a moment to see the result.") from error


def _lock_records(edit: BulkEdit) -> None:
    """All leads, then all customers, each in the order of their ids, so that two edits never wait in a ring."""
    model = MODELS[edit.entity]
    mine = (BulkItem.record_id == model.id) & (BulkItem.bulk_edit_id == edit.id)
    db.session.execute(
        select(model.id).join(BulkItem, mine).order_by(model.id).with_for_update(key_share=True, of=model)
    ).all()
    if is_win(edit):
        theirs = select(Customer.id).where(Customer.id.in_(select(Lead.customer_id).join(BulkItem, mine)))
        db.session.execute(theirs.order_by(Customer.id).with_for_update(key_share=True)).all()


def _check_values(edit: BulkEdit, values: Mapping[str, Any]) -> dict[str, Any]:
    """What is wrong for all is said once, before anything is done."""
    values = dict(values)
    if edit.action is BulkAction.ASSIGN:
        check_owner(values["owner_id"])
    if edit.action is BulkAction.SOURCE:
        values["source"] = use_source(values["source"])
    status = {**edit.values, **values}.get("status")
    if edit.entity is BulkEntity.LEAD and status and LeadStatus(status).kind is StatusKind.LOST:
        check_lost_reason(values.get("lost_reason"), values.get("lost_note"))
    return values
