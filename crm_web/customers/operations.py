"""What people do with customers."""

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
    move_to_trash,
    read_before_edit,
    restore_from_trash,
)
from crm_web.records.phones import reparse_phones, set_values

PARENTS_LOCK = 7430101
"""The number of the lock that whoever moves a customer under another one takes for the transaction."""


class CustomerInTrash(Conflict):
    """A customer in the trash has to be restored before anything about it can change."""


class CustomerNotNamed(DomainError):
    """A customer has to have a name that can be seen."""


class ParentNotPossible(Conflict):
    """The customer chosen as parent company is in the trash, or belongs to the customer itself."""


def create_customer(values: Mapping[str, Any], *, by: Employee) -> Customer:
    """Enter a customer by hand.

    :param values: column names to values, as the customer form gives them
    :return: the new customer, with its id and number
    :raise CustomerNotNamed: where it has no name
    :raise PhoneRefused: where no such phone number can exist in its country
    :raise OwnerNotEntitled: where the owner is not active or does not sell
    :raise ParentNotPossible: where the parent is in the trash
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
    """Save the customer form.

    :param values: column names to values, those that were sent; nothing else changes
    :param version: the version that the form was opened with
    :return: what was saved, with what others had changed since
    :raise CustomerInTrash: where it is in the trash
    :raise ChangedMeanwhile: where someone changed the same field since
    :raise CustomerNotNamed: where no name would be left
    :raise PhoneRefused: where no such phone number can exist in its country
    :raise OwnerNotEntitled: where a new owner is not active or does not sell
    :raise ParentNotPossible: where a new parent is in the trash, or the customer would stand above itself
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
    :raise CustomerInTrash: where it is in the trash
    :raise ChangedSinceEdit: where it changed after the edit
    :raise DomainError: where a rule forbids a value that it had, such as an owner who left
    """
    set_audit_actor(by)
    lock_outside_trash(customer)
    before = read_before_edit(customer, version, what="this customer", moved_by=("deleted_at",))
    change_customer(customer, before, version=customer.version, by=by)


def assign_customer(customer: Customer, owner_id: int | None, *, by: Employee, batch: Batch | None = None) -> None:
    """Give a customer to somebody.

    :param customer: the customer; its row is locked
    :param owner_id: the employee who gets it; ``None`` for nobody
    :raise CustomerInTrash: where it is in the trash
    :raise OwnerNotEntitled: where that person is not active or does not sell
    """
    begin(by, batch)
    lock_outside_trash(customer, batch=batch)
    if owner_id != customer.owner_id:
        check_owner(owner_id, batch=batch)
        customer.owner_id = owner_id
        save(batch)


def set_status(customer: Customer, status: CustomerStatus, *, by: Employee, batch: Batch | None = None) -> None:
    """Say whether we do business with a customer.

    :param customer: the customer; its row is locked
    :param status: its status from now on
    :raise CustomerInTrash: where it is in the trash
    """
    begin(by, batch)
    lock_outside_trash(customer, batch=batch)
    customer.status = status
    save(batch)


def trash_customer(customer: Customer, *, by: Employee, batch: Batch | None = None) -> None:
    """Move a customer to the trash; its leads stay as they are.

    :param customer: the customer; one that is in the trash already stays there
    """
    move_to_trash(customer, by=by, batch=batch)


def restore_customer(customer: Customer, *, by: Employee, batch: Batch | None = None) -> None:
    """Take a customer out of the trash.

    :param customer: the customer; one that is not in the trash stays as it is
    """
    restore_from_trash(customer, by=by, batch=batch)


def lock_outside_trash(customer: Customer, *, batch: Batch | None = None) -> None:
    """Lock a customer that is about to change.

    :param customer: the customer; its row is read afresh
    :raise CustomerInTrash: where it is in the trash
    """
    lock(customer, batch=batch)
    if customer.is_in_trash:
        raise CustomerInTrash("This customer is in the trash. Restore it first.")


def check_parent_is_there(parent_id: int | None) -> None:
    """Make sure that a customer may belong to another one.

    :param parent_id: the parent company; ``None`` for none
    :raise ParentNotPossible: where it is unknown or in the trash
    """
    parent = None if parent_id is None else db.session.get(Customer, parent_id)
    if parent_id is not None and (parent is None or parent.is_in_trash):
        raise ParentNotPossible("That company is in the trash. Choose another parent company.", "parent")


def find_phone_country(customer: Customer, values: Mapping[str, Any]) -> str | None:
    """Say which country the numbers of a customer will be of.

    :param customer: the customer as it is
    :param values: column names to the values that it is about to get
    :return: the ISO code; ``None`` where no address names a country
    """
    names = ("billing_country", "shipping_country")
    return next((code for name in names if (code := values.get(name, getattr(customer, name)))), None)


def _read_numbers_of_contacts(customer: Customer, by: Employee) -> None:
    """Their numbers follow the customer's country; one that can't be of that country stays as it is."""
    contacts = (
        select(Contact).where(Contact.customer_id == customer.id).order_by(Contact.id).with_for_update(key_share=True)
    )
    for contact in db.session.scalars(contacts):
        reparse_phones(contact, country=customer.phone_country, by=by)


def _check_named(values: Mapping[str, Any]) -> None:
    if not (values.get("name") or "").strip():
        raise CustomerNotNamed("Enter the customer’s name.", "name")


def _check_parent(customer: Customer, parent_id: int | None) -> None:
    """Walk up from the parent: a customer that stands above itself would never end."""
    check_parent_is_there(parent_id)
    # Two moves at once could close a circle that neither of them sees.
    db.session.execute(select(func.pg_advisory_xact_lock(PARENTS_LOCK)))
    line = select(Customer.id, Customer.parent_id).where(Customer.id == parent_id).cte("line", recursive=True)
    above = line.union(select(Customer.id, Customer.parent_id).join(line, Customer.id == line.c.parent_id))
    if db.session.scalar(select(func.count()).select_from(above).where(above.c.id == customer.id)):
        raise ParentNotPossible("That company belongs to this customer. Choose another parent company.", "parent")
