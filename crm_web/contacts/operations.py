"""Adding, changing and trashing contacts of a customer."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from crm_web.core.clock import now
from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.customers.operations import lock_outside_trash
from crm_web.models import Contact, Customer, Employee, set_audit_actor
from crm_web.records.batch import Batch, begin, save
from crm_web.records.merging import Merge
from crm_web.records.operations import lock, merge_with_saved, read_before_edit
from crm_web.records.phones import set_values

NAMES = ("first_name", "last_name", "email")
"""The fields one of which has to be filled, so that there is something to call the person by."""


class ContactNotNamed(DomainError):
    """A contact needs a name or an email."""


class ContactInTrash(Conflict):
    """A contact in the trash must be restored before it can change."""


def add_contact(customer: Customer, values: Mapping[str, Any], *, by: Employee) -> Contact:
    """Add a contact to a customer.

    :raise CustomerInTrash: if the customer is in the trash
    :raise ContactNotNamed: if it has neither name nor email
    :raise PhoneRefused: if no such phone number can exist in the customer's country
    """
    set_audit_actor(by)
    lock_outside_trash(customer)
    _check_named(Contact(), values)
    if values.get("is_primary"):
        _step_down_primary(customer.id)
    contact = Contact(customer_id=customer.id)
    set_values(contact, values, country=customer.phone_country, by=by)
    db.session.add(contact)
    db.session.flush()
    return contact


def change_contact(contact: Contact, values: Mapping[str, Any], *, version: int, by: Employee) -> Merge:
    """Change a contact.

    :param values: the columns to change
    :param version: the version that the form was opened with
    :raise CustomerInTrash: if the customer is in the trash
    :raise ContactInTrash: if the contact is in the trash
    :raise ChangedMeanwhile: if someone changed the same field since
    :raise ContactNotNamed: if neither name nor email would be left
    :raise PhoneRefused: if no such phone number can exist in the customer's country
    """
    set_audit_actor(by)
    _lock_contact_outside_trash(contact)
    merged = merge_with_saved(contact, values, version=version, by=by)
    _check_named(contact, merged.values)
    if merged.values.get("is_primary") and not contact.is_primary:
        _step_down_primary(contact.customer_id)
    set_values(contact, merged.values, country=contact.phone_country, by=by)
    db.session.flush()
    return merged


def undo_edit(contact: Contact, version: int, *, by: Employee) -> None:
    """Undo the last edit of a contact, unless it changed since.

    :param version: the version that the edit made
    :raise CustomerInTrash: if the customer is in the trash
    :raise ContactInTrash: if the contact is in the trash
    :raise ChangedSinceEdit: if it changed after the edit
    """
    set_audit_actor(by)
    _lock_contact_outside_trash(contact)
    before = read_before_edit(contact, version, what="this contact", moved_by=("deleted_at", "customer_id"))
    change_contact(contact, before, version=contact.version, by=by)


def make_primary(contact: Contact, *, by: Employee) -> Contact | None:
    """Make a contact the primary one of its customer, in place of another.

    :return: the one that was primary before, if there was another
    :raise CustomerInTrash: if the customer is in the trash
    :raise ContactInTrash: if the contact is in the trash
    """
    set_audit_actor(by)
    _lock_contact_outside_trash(contact)
    if contact.is_primary:
        return None
    before = _step_down_primary(contact.customer_id)
    contact.is_primary = True
    db.session.flush()
    return before


def trash_contact(contact: Contact, *, by: Employee, batch: Batch | None = None) -> None:
    """Move a contact to the trash, for good no longer as the primary one. Does nothing if it is there already."""
    begin(by, batch)
    lock(contact, batch=batch)
    if not contact.is_in_trash:
        contact.deleted_at, contact.deleted_by_id, contact.is_primary = now(), by.id, False
        save(batch)


def _check_named(contact: Contact, values: Mapping[str, Any]) -> None:
    if not any((values.get(name, getattr(contact, name)) or "").strip() for name in NAMES):
        raise ContactNotNamed("Enter a name or email.", "last_name")


def _step_down_primary(customer_id: int) -> Contact | None:
    standing = select(Contact).where(
        Contact.customer_id == customer_id, Contact.is_primary, Contact.deleted_at.is_(None)
    )
    # An index allows one.
    contact = db.session.scalar(standing.with_for_update(key_share=True))
    if contact is not None:
        contact.is_primary = False
        db.session.flush()
    return contact


def _lock_contact_outside_trash(contact: Contact) -> None:
    """Lock the customer first, as everyone does, to avoid deadlocks."""
    lock_outside_trash(contact.customer)
    lock(contact)
    if contact.is_in_trash:
        raise ContactInTrash("This contact is in the trash. Restore it first.")
