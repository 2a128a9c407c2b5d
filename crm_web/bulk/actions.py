"""What a bulk edit does to a record, and how it takes that back: each time by the operation that does it to one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crm_web.bulk.eligibility import SkipReason, is_win
from crm_web.bulk.queries import list_conversions
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.customers.operations import assign_customer, set_status
from crm_web.leads.operations import assign_lead, set_source
from crm_web.models import (
    BulkAction,
    BulkEdit,
    BulkEntity,
    BulkItem,
    BulkOutcome,
    Customer,
    CustomerStatus,
    Lead,
    LeadStatus,
    LostReason,
    limit_of,
)
from crm_web.records.batch import Batch
from crm_web.records.operations import move_to_trash, restore_from_trash
from crm_web.winning.operations import WinStands, change_status, put_back_status, undo_wins, win_leads

RecordAction = Callable[[Any, Mapping[str, Any], Batch], object]


def _move(lead: Lead, values: Mapping[str, Any], batch: Batch) -> None:
    reason = values.get("lost_reason")
    change_status(
        lead,
        LeadStatus(values["status"]),
        by=batch.by,
        batch=batch,
        lost_reason=LostReason(reason) if reason else None,
        lost_note=values.get("lost_note"),
    )


def _set_status(customer: Customer, values: Mapping[str, Any], batch: Batch) -> None:
    set_status(customer, CustomerStatus(values["status"]), by=batch.by, batch=batch)


def _trash(record: Lead | Customer, _values: Mapping[str, Any], batch: Batch) -> None:
    move_to_trash(record, by=batch.by, batch=batch)


def _restore(record: Lead | Customer, _before: Mapping[str, Any], batch: Batch) -> None:
    restore_from_trash(record, by=batch.by, batch=batch)


_ACTIONS: dict[tuple[BulkEntity, BulkAction], tuple[RecordAction, RecordAction]] = {
    (BulkEntity.LEAD, BulkAction.ASSIGN): (
        lambda lead, values, batch: assign_lead(lead, values["owner_id"], by=batch.by, batch=batch),
        lambda lead, before, batch: assign_lead(lead, before["owner_id"], by=batch.by, batch=batch),
    ),
    (BulkEntity.LEAD, BulkAction.STATUS): (
        _move,
        lambda lead, before, batch: put_back_status(lead, before, by=batch.by, batch=batch),
    ),
    (BulkEntity.LEAD, BulkAction.SOURCE): (
        lambda lead, values, batch: set_source(lead, values["source"], by=batch.by, batch=batch),
        lambda lead, before, batch: set_source(lead, before["source"], by=batch.by, batch=batch),
    ),
    (BulkEntity.LEAD, BulkAction.TRASH): (_trash, _restore),
    (BulkEntity.CUSTOMER, BulkAction.ASSIGN): (
        lambda customer, values, batch: assign_customer(customer, values["owner_id"], by=batch.by, batch=batch),
        lambda customer, before, batch: assign_customer(customer, before["owner_id"], by=batch.by, batch=batch),
    ),
    (BulkEntity.CUSTOMER, BulkAction.STATUS): (_set_status, _set_status),
    (BulkEntity.CUSTOMER, BulkAction.TRASH): (_trash, _restore),
}
"""For each kind of edit what it does with its values, and what takes that back with what was before."""


def apply(edit: BulkEdit, records: Sequence[Any], batch: Batch) -> dict[int, SkipReason]:
    """Apply an edit to records.

    :param edit: the edit, with all its values
    :return: by the record's id, what a rule said against it
    """
    if is_win(edit):
        errors = win_leads(records, batch=batch)
    else:
        action, _ = _ACTIONS[edit.entity, edit.action]
        errors = _try_each([(record, edit.values) for record in records], action, batch)
    return {
        record_id: SkipReason(BulkOutcome.REFUSED, error.message, error.message) for record_id, error in errors.items()
    }


def revert(edit: BulkEdit, pairs: Sequence[tuple[BulkItem, Any]], batch: Batch) -> dict[int, str]:
    """Undo an edit.

    :param pairs: its items with their records, changed together, that nobody has changed since
    :return: by the record's id, why it was left as it is
    """
    _, undo = _ACTIONS[edit.entity, edit.action]
    won = list_conversions(edit) if is_win(edit) else set()
    errors = _try_each([(record, item.before) for item, record in pairs if item.record_id not in won], undo, batch)
    if won:
        errors |= undo_wins([record for item, record in pairs if item.record_id in won], batch=batch)
    return {record_id: _refusal_text(error) for record_id, error in errors.items()}


def _try_each(
    pairs: Sequence[tuple[Any, Mapping[str, Any]]], action: RecordAction, batch: Batch
) -> dict[int, DomainError]:
    errors: dict[int, DomainError] = {}
    for record, values in pairs:
        record_id = record.id
        try:
            action(record, values, batch)
        except DomainError as error:
            errors[record_id] = error
            # Whatever the action had set before it was refused is not written with the others.
            db.session.expire(record)
    return errors


def _refusal_text(error: DomainError) -> str:
    obstacles = error.obstacles if isinstance(error, WinStands) else ()
    return " ".join([error.message, *(f"{it.name}: {it.reason}" for it in obstacles)])[: limit_of(BulkItem.undo_reason)]
