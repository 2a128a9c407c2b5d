"""What a bulk edit does to a record, and how it takes that back: each time by the operation that does it to one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crm_web.bulk.verdicts import Verdict, is_win
from crm_web.bulk.win_queries import list_conversions
from crm_web.customers.operations import assign_customer, restore_customer, set_status, trash_customer
from crm_web.errors import DomainError
from crm_web.leads.change_operations import assign_lead, put_back_status, set_source
from crm_web.leads.operations import WinStands, change_status, restore_lead, trash_lead, undo_win
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
)

Deed = Callable[[Any, Mapping[str, Any], Employee], object]


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


_DEEDS: dict[tuple[BulkEntity, BulkAction], tuple[Deed, Deed]] = {
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


def do(edit: BulkEdit, records: Sequence[Any], by: Employee) -> dict[int, Verdict]:
    """
    Do to records what an edit is about.

    :param edit: the edit, with all its values
    :param records: the records, locked
    :param by: the employee who edits
    :return: by the record's id, what a rule said against it
    """
    deed, _ = _DEEDS[edit.entity, edit.action]
    refused: dict[int, Verdict] = {}
    for record in records:
        try:
            deed(record, edit.values, by)
        except DomainError as error:
            refused[record.id] = Verdict(BulkOutcome.REFUSED, error.message, error.message)
    return refused


def take_back(edit: BulkEdit, pairs: Sequence[tuple[BulkItem, Any]], by: Employee) -> dict[int, str]:
    """
    Take back what an edit did.

    :param edit: the edit
    :param pairs: its items with their records, locked, that nobody has changed since
    :param by: the employee who takes it back
    :return: by the record's id, why it was left as it is
    """
    _, undo = _DEEDS[edit.entity, edit.action]
    left: dict[int, str] = {}
    won = list_conversions(edit) if is_win(edit) else ()
    for item, record in pairs:
        try:
            if record.id in won:
                undo_win(record, by=by)
            else:
                undo(record, item.before, by)
        except WinStands as error:
            left[record.id] = " ".join([error.message, *(f"{it.name}: {it.reason}" for it in error.obstacles)])
        except DomainError as error:
            left[record.id] = error.message
    return left
