"""What people do with customers."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from crm_web.errors import DomainError
from crm_web.extensions import db
from crm_web.merging import Merge
from crm_web.models import (
    Contact,
    Conversion,
    ConversionKind,
    Customer,
    CustomerKind,
    Employee,
    Lead,
    limit_of,
    record_by,
)
from crm_web.records import check_owner, lock, merge_with_saved, move_to_trash, take_from_trash

CARRIED_OVER = {
    "phone": "phone",
    "phone_e164": "phone_e164",
    "website": "website",
    "industry": "industry",
    "billing_street": "street",
    "billing_city": "city",
    "billing_state": "state",
    "billing_postal_code": "postal_code",
    "billing_country": "country",
    "owner_id": "owner_id",
}
"""Which field of a customer takes its value from which field of the lead that makes it, beside name and e-mail."""

CONTACT_FIELDS = (
    "salutation",
    "first_name",
    "last_name",
    "job_title",
    "email",
    "phone",
    "phone_e164",
    "mobile",
    "mobile_e164",
)
"""The fields that a lead's person takes along as a contact of the new organisation."""


PARENTS_LOCK = 7430101
"""The number of the lock that whoever moves a customer under another one takes for the transaction."""


class CustomerInTrash(DomainError):
    """A customer in the trash has to be restored before anything about it can change."""


class ParentNotPossible(DomainError):
    """The customer chosen as parent company is in the trash, or belongs to the customer itself."""


def create_customer(values: Mapping[str, Any], *, by: Employee) -> Customer:
    """
    Enter a customer by hand.

    :param values: column names to values, as the customer form gives them
    :param by: the employee who enters it
    :return: the new customer, with its id and number
    :raise OwnerNotEntitled: where the owner is not active or does not sell
    :raise ParentNotPossible: where the parent is in the trash
    """
    record_by(by)
    check_owner(values.get("owner_id"))
    _check_parent_is_there(values.get("parent_id"))
    customer = Customer(**values)
    db.session.add(customer)
    db.session.flush()
    return customer


def change_customer(customer: Customer, values: Mapping[str, Any], *, version: int, by: Employee) -> Merge:
    """
    Save the customer form.

    :param customer: the customer
    :param values: column names to values, every field of the form
    :param version: the version that the form was opened with
    :param by: the employee who saves
    :return: what was saved, with what others had changed since
    :raise CustomerInTrash: where it is in the trash
    :raise ChangedMeanwhile: where someone changed the same field since
    :raise OwnerNotEntitled: where a new owner is not active or does not sell
    :raise ParentNotPossible: where a new parent is in the trash, or the customer would stand above itself
    """
    record_by(by)
    lock_outside_trash(customer)
    merged = merge_with_saved(customer, values, version=version, by=by)
    owner_id, parent_id = (merged.values.get(name) for name in ("owner_id", "parent_id"))
    if owner_id != customer.owner_id:
        check_owner(owner_id)
    if "parent_id" in values and parent_id != customer.parent_id:
        _check_parent(customer, parent_id)
    for name, value in merged.values.items():
        setattr(customer, name, value)
    db.session.flush()
    return merged


def create_from_lead(lead: Lead, *, by: Employee) -> Customer:
    """
    Make the customer of a lead that is being won, or find the one it has.

    The caller has locked the lead's row, so that two colleagues can't do this at once; the
    database refuses a second customer from one lead in any case.

    :param lead: the lead, locked; its ``customer`` is set
    :param by: the employee who wins it
    :return: the lead's customer
    :raise DomainError: where its customer is in the trash, or its name too long for one
    """
    customer = _customer_to_reuse(lead)
    if customer is not None and customer.is_in_trash:
        raise DomainError(
            f"Its customer {customer.number} {customer.name} is in the trash. Restore it first.", "status"
        )
    kind = ConversionKind.LINKED if customer else ConversionKind.CREATED
    customer = customer or _make_customer(lead)
    if not _is_in_ledger(lead):
        db.session.add(Conversion(lead_id=lead.id, customer_id=customer.id, kind=kind, converted_by_id=by.id))
        db.session.flush()
    # Left for the caller to flush together with the status: one change, one line of history.
    lead.customer = customer
    return customer


def _make_customer(lead: Lead) -> Customer:
    has_company = _has_company(lead)
    name = (lead.company or "") if has_company else lead.name
    if len(name) > limit_of(Customer.name):
        limit = limit_of(Customer.name)
        raise DomainError(
            f"Shorten the lead’s name to {limit} characters first: the customer is named by it.", "status"
        )
    customer = Customer(
        name=name,
        kind=CustomerKind.ORGANISATION if has_company else CustomerKind.PERSON,
        email=lead.email,
        created_from_lead_id=lead.id,
        **{target: getattr(lead, field) for target, field in CARRIED_OVER.items()},
    )
    if not lead.phone:
        customer.phone, customer.phone_e164 = lead.mobile, lead.mobile_e164
    db.session.add(customer)
    db.session.flush()
    if has_company:
        _add_contact_of(lead, customer)
    return customer


def _customer_to_reuse(lead: Lead) -> Customer | None:
    """The customer that the lead has, or once made: a lead makes one customer at most, however often it is won."""
    if lead.customer_id is not None:
        return db.session.get_one(Customer, lead.customer_id)
    return db.session.scalar(select(Customer).where(Customer.created_from_lead_id == lead.id))


def _is_in_ledger(lead: Lead) -> bool:
    """Whether the ledger has a standing line for the lead: one that left Won keeps it, and its customer."""
    standing = select(Conversion.id).where(Conversion.lead_id == lead.id, Conversion.undone_at.is_(None))
    return db.session.scalar(standing) is not None


def _has_company(lead: Lead) -> bool:
    return bool(lead.company and lead.company.strip())


def _add_contact_of(lead: Lead, customer: Customer) -> None:
    if any((getattr(lead, name) or "").strip() for name in ("first_name", "last_name")):
        person = {name: getattr(lead, name) for name in CONTACT_FIELDS}
        db.session.add(Contact(customer_id=customer.id, is_primary=True, **person))
        db.session.flush()


def trash_customer(customer: Customer, *, by: Employee) -> None:
    """
    Move a customer to the trash; its leads stay as they are.

    :param customer: the customer; one that is in the trash already stays there
    :param by: the employee who does it
    """
    move_to_trash(customer, by=by)


def restore_customer(customer: Customer, *, by: Employee) -> None:
    """
    Take a customer out of the trash.

    :param customer: the customer; one that is not in the trash stays as it is
    :param by: the employee who does it
    """
    take_from_trash(customer, by=by)


def lock_outside_trash(customer: Customer) -> None:
    """
    Lock a customer that is about to change.

    :param customer: the customer; its row is read afresh
    :raise CustomerInTrash: where it is in the trash
    """
    lock(customer)
    if customer.is_in_trash:
        raise CustomerInTrash("This customer is in the trash. Restore it first.")


def _check_parent_is_there(parent_id: int | None) -> None:
    parent = None if parent_id is None else db.session.get(Customer, parent_id)
    if parent_id is not None and (parent is None or parent.is_in_trash):
        raise ParentNotPossible("Choose another parent company: this one is in the trash.", "parent")


def _check_parent(customer: Customer, parent_id: int | None) -> None:
    """Walk up from the parent: a customer that stands above itself would never end."""
    _check_parent_is_there(parent_id)
    # Two moves at once could close a circle that neither of them sees.
    db.session.execute(select(func.pg_advisory_xact_lock(PARENTS_LOCK)))
    line = select(Customer.id, Customer.parent_id).where(Customer.id == parent_id).cte("line", recursive=True)
    above = line.union(select(Customer.id, Customer.parent_id).join(line, Customer.id == line.c.parent_id))
    if db.session.scalar(select(func.count()).select_from(above).where(above.c.id == customer.id)):
        raise ParentNotPossible("Choose another parent company: this one belongs to the customer itself.", "parent")
