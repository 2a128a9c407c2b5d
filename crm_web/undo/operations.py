"""Restoring a field to its value before a change, by the same rules as any other change."""

from collections.abc import Callable
from typing import Any

from crm_web.contacts.operations import change_contact
from crm_web.core.errors import DomainError
from crm_web.customers.operations import change_customer
from crm_web.employees.operations import change_employee
from crm_web.history.formatting import is_restorable
from crm_web.leads.operations import change_lead
from crm_web.models import Change, Contact, Customer, Employee, Lead, LeadStatus, LostReason
from crm_web.records.labels import label_of
from crm_web.records.merging import is_same
from crm_web.records.serialization import from_history
from crm_web.winning.operations import change_status


class NotPutBack(DomainError):
    """This field can't be restored."""


def put_back(change: Change, column: str, record: Any, *, by: Employee) -> bool:
    """Restore the value that a field had before a change.

    :return: false if the field has that value already
    :raise NotPutBack: if the field is derived, or its old value is no longer valid
    :raise DomainError: if a rule of the record forbids it
    """
    if column not in change.fields or not is_restorable(change, column):
        raise NotPutBack(f"{label_of(column)} can’t be restored on its own.")
    try:
        old = from_history(type(record), column, change.fields[column][0])
    except ValueError as error:
        raise NotPutBack(f"The earlier value of {label_of(column)} is no longer valid.") from error
    if is_same(getattr(record, column), old):
        return False
    _WAYS[change.entity](record, {column: old}, change, by)
    return True


def _put_back_lead(lead: Lead, values: dict[str, Any], change: Change, by: Employee) -> None:
    if "status" in values:
        _put_back_status(lead, values["status"], change, by)
        return
    change_lead(lead, values, version=lead.version, by=by)


def _put_back_status(lead: Lead, status: LeadStatus, change: Change, by: Employee) -> None:
    """Restoring a lost status also restores the reason that the same change removed."""
    reason, note = (change.fields.get(column, [None])[0] for column in ("lost_reason", "lost_note"))
    change_status(
        lead, status, by=by, seen=lead.status, lost_reason=LostReason(reason) if reason else None, lost_note=note
    )


def _put_back_customer(customer: Customer, values: dict[str, Any], _change: Change, by: Employee) -> None:
    change_customer(customer, values, version=customer.version, by=by)


def _put_back_contact(contact: Contact, values: dict[str, Any], _change: Change, by: Employee) -> None:
    change_contact(contact, values, version=contact.version, by=by)


def _put_back_employee(employee: Employee, values: dict[str, Any], _change: Change, by: Employee) -> None:
    change_employee(employee, values, version=employee.version, handover=None, by=by)


_WAYS: dict[str, Callable[[Any, dict[str, Any], Change, Employee], None]] = {
    "lead": _put_back_lead,
    "customer": _put_back_customer,
    "contact": _put_back_contact,
    "employee": _put_back_employee,
}
