"""Creating, changing and assigning customers."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.models import Contact, Customer, CustomerStatus, Employee, set_audit_actor
from crm_web.records.batch import Batch, begin, save
from crm_web.records.mentions import save_mentions
from crm_web.records.merging import Merge
from crm_web.records.operations import (
    check_owner,
    lock,
    merge_with_saved,
    read_before_edit,
)
from crm_web.records.phones import reparse_phones, set_values

PARENTS_LOCK = 7430101
"""The advisory lock for changing the parent of a customer."""


class CustomerInTrash(Conflict):
    """A customer in the trash must be restored before it can change."""


class CustomerNotNamed(DomainError):
    """A customer needs a name."""


class ParentNotPossible(Conflict):
    """The customer chosen as parent company is in the trash, or belongs to the customer itself."""


def create_customer(values: Mapping[str, Any], *, by: Employee) -> Customer:
    """Create a customer without a lead.

    :raise CustomerNotNamed: if it has no name
    :raise PhoneRefused: if no such phone number can exist in its country
    :raise OwnerNotEntitled: if the owner is deactivated or has a role without records
    :raise ParentNotPossible: if the parent is in the trash
    """
    set_audit_actor(by)
    _check_named(values)
    check_owner(values.get("owner_id"))
    check_parent_is_there(values.get("parent_id"))
    customer = Customer()
    set_values(customer, values, country=find_phone_country(customer, values), by=by)
    db.session.add(customer)
    save_mentions(customer, by=by)
    db.session.flush()
    return customer


def change_customer(customer: Customer, values: Mapping[str, Any], *, version: int, by: Employee) -> Merge:
    """Change a customer.

    :param values: the columns to change
    :param version: the version that the form was opened with
    :raise CustomerInTrash: if it is in the trash
    :raise ChangedMeanwhile: if somebody changed the same field since
    :raise CustomerNotNamed: if no name would be left
    :raise PhoneRefused: if no such phone number can exist in its country
    :raise OwnerNotEntitled: if a new owner is deactivated or has a role without records
    :raise ParentNotPossible: if a new parent is in the trash, or belongs to the customer itself
    """
    set_audit_actor(by)
    lock_outside_trash(customer)
    merged = merge_with_saved(customer, values, version=version, by=by)
    _check_named({"name": customer.name} | merged.values)
    owner_id, parent_id = (merged.values.get(name) for name in ("owner_id", "parent_id"))
    if owner_id != customer.owner_id:
        check_owner(owner_id)
    if "parent_id" in values and parent_id != customer.parent_id:
        _check_parent(customer, parent_id)
    before, country = customer.phone_country, find_phone_country(customer, merged.values)
    note = customer.description
    set_values(customer, merged.values, country=country, by=by)
    if country != before:
        _read_numbers_of_contacts(customer, by)
    save_mentions(customer, note, by=by)
    db.session.flush()
    return merged


def undo_edit(customer: Customer, version: int, *, by: Employee) -> None:
    """Undo the last edit of a customer's fields, unless it changed since.

    :param version: the version that the edit made
    :raise CustomerInTrash: if it is in the trash
    :raise ChangedSinceEdit: if it changed after the edit
    :raise DomainError: if a rule forbids a value that it had, such as an owner who left
    """
    set_audit_actor(by)
    lock_outside_trash(customer)
    before = read_before_edit(customer, version, what="this customer", moved_by=("deleted_at",))
    change_customer(customer, before, version=customer.version, by=by)


def assign_customer(customer: Customer, owner_id: int | None, *, by: Employee, batch: Batch | None = None) -> None:
    """Assign a customer.

    :param owner_id: ``None`` for nobody
    :raise CustomerInTrash: if it is in the trash
    :raise OwnerNotEntitled: if that person is deactivated or has a role without records
    """
    begin(by, batch)
    lock_outside_trash(customer, batch=batch)
    if owner_id != customer.owner_id:
        check_owner(owner_id, batch=batch)
        customer.owner_id = owner_id
        save(batch)


def set_status(customer: Customer, status: CustomerStatus, *, by: Employee, batch: Batch | None = None) -> None:
    """Set the status of a customer.

    :raise CustomerInTrash: if it is in the trash
    """
    begin(by, batch)
    lock_outside_trash(customer, batch=batch)
    customer.status = status
    save(batch)


def lock_outside_trash(customer: Customer, *, batch: Batch | None = None) -> None:
    """Lock and reload a customer that is about to change.

    :raise CustomerInTrash: if it is in the trash
    """
    lock(customer, batch=batch)
    if customer.is_in_trash:
        raise CustomerInTrash("This customer is in the trash. Restore it first.")


def check_parent_is_there(parent_id: int | None) -> None:
    """Check that a parent company exists.

    :param parent_id: ``None`` for none
    :raise ParentNotPossible: if it does not exist or is in the trash
    """
    parent = None if parent_id is None else db.session.get(Customer, parent_id)
    if parent_id is not None and (parent is None or parent.is_in_trash):
        raise ParentNotPossible("That company is in the trash. Choose another parent company.", "parent")


def find_phone_country(customer: Customer, values: Mapping[str, Any]) -> str | None:
    """Find the country of a customer's phone numbers.

    :param values: the columns that are about to change
    :return: the ISO code; ``None`` if no address has a country
    """
    names = ("billing_country", "shipping_country")
    return next((code for name in names if (code := values.get(name, getattr(customer, name)))), None)


def _read_numbers_of_contacts(customer: Customer, by: Employee) -> None:
    """Read the contacts' numbers for the customer's new country; impossible ones stay as they are."""
    contacts = (
        select(Contact).where(Contact.customer_id == customer.id).order_by(Contact.id).with_for_update(key_share=True)
    )
    for contact in db.session.scalars(contacts):
        reparse_phones(contact, country=customer.phone_country, by=by)


def _check_named(values: Mapping[str, Any]) -> None:
    if not (values.get("name") or "").strip():
        raise CustomerNotNamed("Enter the customer’s name.", "name")


def _check_parent(customer: Customer, parent_id: int | None) -> None:
    """Check that no customer becomes its own parent, however many companies lie between."""
    check_parent_is_there(parent_id)
    # Two changes at once could close a circle that neither of them sees.
    db.session.execute(select(func.pg_advisory_xact_lock(PARENTS_LOCK)))
    line = select(Customer.id, Customer.parent_id).where(Customer.id == parent_id).cte("line", recursive=True)
    above = line.union(select(Customer.id, Customer.parent_id).join(line, Customer.id == line.c.parent_id))
    if db.session.scalar(select(func.count()).select_from(above).where(above.c.id == customer.id)):
        raise ParentNotPossible("That company belongs to this customer. Choose another parent company.", "parent")
