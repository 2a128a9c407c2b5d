"""What a bulk edit does to a record, and how it takes that back: each time by the operation that does it to one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crm_web.bulk.eligibility import SkipReason, is_win
from crm_web.bulk.queries import list_conversions
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.customers.operations import assign_customer, restore_customer, set_status, trash_customer
from crm_web.leads.operations import assign_lead, restore_lead, set_source, trash_lead
from crm_web.models import (
    BulkAction,
    BulkEdit,
    BulkEntity,
    BulkItem,
    BulkOutcome,
    Customer,
    CustomerStatus,
    Employee,
    Lead,
    LeadStatus,
    LostReason,
    limit_of,
)
from crm_web.winning.operations import WinStands, change_status, put_back_status, undo_wins, win_leads

RecordAction = Callable[[Any, Mapping[str, Any], Employee], object]


def _move(lead: Lead, values: Mapping[str, Any], by: Employee) -> None:
    reason = values.get("lost_reason")
    change_status(
        lead,
        LeadStatus(values["status"]),
        by=by,
        lost_reason=LostReason(reason) if reason else None,
        lost_note=values.get("lost_note"),
    )


def _set_status(customer: Customer, values: Mapping[str, Any], by: Employee) -> None:
    set_status(customer, CustomerStatus(values["status"]), by=by)


_ACTIONS: dict[tuple[BulkEntity, BulkAction], tuple[RecordAction, RecordAction]] = {
    (BulkEntity.LEAD, BulkAction.ASSIGN): (
        lambda lead, values, by: assign_lead(lead, values["owner_id"], by=by),
        lambda lead, before, by: assign_lead(lead, before["owner_id"], by=by),
    ),
    (BulkEntity.LEAD, BulkAction.STATUS): (_move, lambda lead, before, by: put_back_status(lead, before, by=by)),
    (BulkEntity.LEAD, BulkAction.SOURCE): (
        lambda lead, values, by: set_source(lead, values["source"], by=by),
        lambda lead, before, by: set_source(lead, before["source"], by=by),
    ),
    (BulkEntity.LEAD, BulkAction.TRASH): (
        lambda lead, _values, by: trash_lead(lead, by=by),
        lambda lead, _before, by: restore_lead(lead, by=by),
    ),
    (BulkEntity.CUSTOMER, BulkAction.ASSIGN): (
        lambda customer, values, by: assign_customer(customer, values["owner_id"], by=by),
        lambda customer, before, by: assign_customer(customer, before["owner_id"], by=by),
    ),
    (BulkEntity.CUSTOMER, BulkAction.STATUS): (_set_status, _set_status),
    (BulkEntity.CUSTOMER, BulkAction.TRASH): (
        lambda customer, _values, by: trash_customer(customer, by=by),
        lambda customer, _before, by: restore_customer(customer, by=by),
    ),
}
"""For each kind of edit what it does with its values, and what takes that back with what was before."""


def apply(edit: BulkEdit, records: Sequence[Any], by: Employee) -> dict[int, SkipReason]:
    """
    Do to records what an edit is about.

    :param edit: the edit, with all its values
    :param records: the records, changed together: see ``crm_web.records.batch_writes``
    :param by: the employee who edits
    :return: by the record's id, what a rule said against it
    """
    if is_win(edit):
        errors = win_leads(records, by=by)
    else:
        action, _ = _ACTIONS[edit.entity, edit.action]
        errors = _try_each([(record, edit.values) for record in records], action, by)
    return {
        record_id: SkipReason(BulkOutcome.REFUSED, error.message, error.message) for record_id, error in errors.items()
    }


def revert(edit: BulkEdit, pairs: Sequence[tuple[BulkItem, Any]], by: Employee) -> dict[int, str]:
    """
    Take back what an edit did.

    :param edit: the edit
    :param pairs: its items with their records, changed together, that nobody has changed since
    :param by: the employee who takes it back
    :return: by the record's id, why it was left as it is
    """
    _, undo = _ACTIONS[edit.entity, edit.action]
    won = list_conversions(edit) if is_win(edit) else set()
    errors = _try_each([(record, item.before) for item, record in pairs if item.record_id not in won], undo, by)
    if won:
        errors |= undo_wins([record for item, record in pairs if item.record_id in won], by=by)
    return {record_id: _refusal_text(error) for record_id, error in errors.items()}


def _try_each(
    pairs: Sequence[tuple[Any, Mapping[str, Any]]], action: RecordAction, by: Employee
) -> dict[int, DomainError]:
    errors: dict[int, DomainError] = {}
    for record, values in pairs:
        record_id = record.id
        try:
            action(record, values, by)
        except DomainError as error:
            errors[record_id] = error
            # Whatever the deed had set before it was refused is not written with the others.
            db.session.expire(record)
    return errors


def _refusal_text(error: DomainError) -> str:
    obstacles = error.obstacles if isinstance(error, WinStands) else ()
    return " ".join([error.message, *(f"{it.name}: {it.reason}" for it in obstacles)])[: limit_of(BulkItem.undo_reason)]
