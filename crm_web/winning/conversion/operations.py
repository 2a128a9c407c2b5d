"""How a lead that is won gets its customer, made or linked, and how that is taken back."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from crm_web.contacts.operations import trash_contact
from crm_web.core.clock import now
from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.customers.operations import (
    CARRIED_OVER,
    CONTACT_FIELDS,
    CustomerInTrash,
    check_parent_is_there,
    find_phone_country,
    trash_customer,
)
from crm_web.models import (
    Contact,
    Conversion,
    ConversionKind,
    Customer,
    CustomerKind,
    Employee,
    Lead,
    limit_of,
    set_audit_actor,
)
from crm_web.records.batch_writes import flush_or_defer
from crm_web.records.operations import check_owner, lock, take_from_trash
from crm_web.records.phones import find_numbers_to_dial
from crm_web.winning.conversion.queries import get_win_contact, has_contacts, list_where_known

FOLLOWS = {"phone": "phone_e164"}
"""Columns that are filled and emptied together with another one."""
BILLING = tuple(name for name in CARRIED_OVER if name.startswith("billing_"))
"""An address is filled as a whole or not at all: a street in one city and another's name make no address."""


class AnotherCustomer(Conflict):
    """The lead has a customer already, and it is not the one chosen."""


def customer_fields_from_lead(lead: Lead) -> dict[str, Any]:
    """
    Say what a lead's customer takes from it.

    :param lead: the lead
    :return: column names of a customer to values
    """
    is_company = bool(lead.company and lead.company.strip())
    values = {target: getattr(lead, source) for target, source in CARRIED_OVER.items()}
    values["name"] = lead.company if is_company else lead.name
    values["kind"] = CustomerKind.ORGANISATION if is_company else CustomerKind.PERSON
    values["email"] = lead.email
    if not lead.phone:
        values["phone"], values["phone_e164"] = lead.mobile, lead.mobile_e164
    return values


def empty_fields_to_fill(lead: Lead, customer: Customer) -> dict[str, Any]:
    """
    Say what a lead fills in at a customer that is there already.

    :param lead: the lead
    :param customer: the customer
    :return: the customer's empty columns to the lead's values
    """
    offered, has_address = customer_fields_from_lead(lead), any(getattr(customer, name) for name in BILLING)
    names = ("email", "phone", "website", "industry", *(() if has_address else BILLING), "owner_id")
    return {name: offered[name] for name in names if offered[name] is not None and getattr(customer, name) is None}


def has_new_contact(lead: Lead, customer: Customer) -> bool:
    """
    Tell whether a lead names a person who could be a contact of a customer.

    :param lead: the lead
    :param customer: the customer
    :return: true for an organisation, where the lead has a first or last name
    """
    is_named = any((part or "").strip() for part in (lead.first_name, lead.last_name))
    return is_named and customer.kind is CustomerKind.ORGANISATION


def create_from_lead(lead: Lead, values: Mapping[str, Any] | None = None, *, by: Employee) -> Customer:
    """
    Make the customer of a lead that is being won, or find the one it has.

    A customer that an undo moved to the trash is taken out again: a lead makes one customer at most, however often it
    is won. The caller has locked the lead's row, so that two colleagues can't do this at once; the database refuses
    a second customer from one lead in any case.

    :param lead: the lead, locked; its ``customer`` is set
    :param values: what a person typed about the new customer; ``None`` takes over what the lead says
    :param by: the employee who wins it
    :return: the lead's customer
    :raise CustomerInTrash: where its customer is in the trash
    :raise DomainError: where its name is too long for a customer, or a value refused
    """
    if lead.customer_id is not None:
        return link_to_lead(lead, db.session.get_one(Customer, lead.customer_id), by=by)
    customer = db.session.scalar(select(Customer).where(Customer.created_from_lead_id == lead.id))
    if customer is not None:
        lock(customer)
        if not customer.is_in_trash:
            return link_to_lead(lead, customer, by=by)
    if values is not None:
        check_owner(values.get("owner_id"))
        check_parent_is_there(values.get("parent_id"))
        carried = Customer(**customer_fields_from_lead(lead))
        country = find_phone_country(carried, values)
        numbers = find_numbers_to_dial(carried, values, country=country, by=by)
        # A number that was not typed does not become the customer's, so neither does its twin.
        values = {**values, **{twin: numbers[twin] for name, twin in FOLLOWS.items() if name in values}}
    customer, contact = _restore_customer(lead, customer, values, by) if customer else _make_customer(lead, values)
    _record_conversion(lead, customer, ConversionKind.CREATED, by, contact=contact)
    _attach_customer(lead, customer)
    return customer


def create_from_leads(leads: Sequence[Lead], *, by: Employee) -> dict[int, DomainError]:
    """
    Make the customers of many leads that are being won, as ``create_from_lead`` does with each.

    :param leads: leads without a customer, none of which ever made one, locked; their ``customer_id`` is set
    :param by: the employee who wins them
    :return: by its id, why a lead gets no customer
    """
    refused: dict[int, DomainError] = {}
    pairs: list[tuple[Lead, Mapping[str, Any]]] = []
    for lead in leads:
        values = customer_fields_from_lead(lead)
        try:
            _check_name(values)
            pairs.append((lead, values))
        except DomainError as error:
            refused[lead.id] = error
    made = _make_customers(pairs)
    for (lead, _), (customer, contact) in zip(pairs, made, strict=True):
        db.session.add(Conversion(**_describe_win(lead, customer, ConversionKind.CREATED, by, contact=contact)))
    db.session.flush()
    for (lead, _), (customer, _) in zip(pairs, made, strict=True):
        _attach_customer(lead, customer)
    return refused


def link_to_lead(lead: Lead, customer: Customer, *, fill: bool = False, by: Employee) -> Customer:
    """
    Give a lead that is being won a customer that is there already.

    :param lead: the lead, locked; its ``customer`` is set
    :param customer: who buys; its row is locked, after the lead's
    :param fill: whether the customer's empty fields take what the lead says, and the lead's person becomes a contact
        of an organisation that does not know them yet; nothing is ever overwritten
    :param by: the employee who links them
    :return: the customer
    :raise AnotherCustomer: where the lead has another customer already
    :raise CustomerInTrash: where the customer is in the trash
    """
    lock(customer)
    if lead.customer_id not in (None, customer.id):
        raise AnotherCustomer("This lead belongs to another customer already. Look at it first.", "customer_id")
    if customer.is_in_trash:
        whose = "Its customer" if lead.customer_id else "Customer"
        message = f"{whose} {customer.number} {customer.name} is in the trash. Restore it first."
        raise CustomerInTrash(message, "status")
    contact = _add_contact_from_lead(lead, customer, by) if fill else None
    filled = _fill_what_is_empty(customer, lead) if fill else {}
    _record_conversion(lead, customer, ConversionKind.LINKED, by, contact=contact, filled=filled)
    _attach_customer(lead, customer)
    return customer


def revert_conversion(conversion: Conversion, customer: Customer, *, by: Employee) -> None:
    """
    Take back what winning did to the customer; the caller has made sure that nothing stands in the way.

    :param conversion: the standing line of the ledger; it is marked as undone
    :param customer: its customer, locked
    :param by: the employee who takes it back
    """
    set_audit_actor(by)
    contact = get_win_contact(conversion)
    # At a customer that was there before, a contact that somebody changed since has become theirs.
    if contact is not None and contact.version == conversion.before["contact"]["version"]:
        trash_contact(contact, by=by)
    if conversion.kind is ConversionKind.CREATED:
        trash_customer(customer, by=by)
    else:
        _empty_what_was_filled(customer, conversion.filled)
    conversion.undone_at, conversion.undone_by_id = now(), by.id
    flush_or_defer()


def _attach_customer(lead: Lead, customer: Customer) -> None:
    """
    Left for the caller to flush together with the status: one change, one line of history.

    By the id: the customer may have the lead that made it at hand, and the two would wait for each other to be saved.
    """
    lead.customer_id = customer.id
    db.session.expire(lead, ["customer"])


def _make_customer(lead: Lead, values: Mapping[str, Any] | None) -> tuple[Customer, Contact | None]:
    values = values or customer_fields_from_lead(lead)
    _check_name(values)
    return _make_customers([(lead, values)])[0]


def _check_name(values: Mapping[str, Any]) -> None:
    limit = limit_of(Customer.name)
    if len(values["name"]) > limit:
        raise DomainError(
            f"Shorten the lead’s name to {limit} characters first: the customer is named by it.", "status"
        )


def _make_customers(pairs: Sequence[tuple[Lead, Mapping[str, Any]]]) -> list[tuple[Customer, Contact | None]]:
    """Customers first, so that their contacts know them; each kind in one statement."""
    customers = [Customer(created_from_lead_id=lead.id, **values) for lead, values in pairs]
    db.session.add_all(customers)
    db.session.flush()
    contacts = {
        customer: _build_contact(lead, customer, is_primary=True)
        for (lead, _), customer in zip(pairs, customers, strict=True)
        if has_new_contact(lead, customer)
    }
    db.session.add_all(contacts.values())
    db.session.flush()
    return [(customer, contacts.get(customer)) for customer in customers]


def _build_contact(lead: Lead, customer: Customer, *, is_primary: bool) -> Contact:
    person = {name: getattr(lead, name) for name in CONTACT_FIELDS}
    return Contact(customer_id=customer.id, is_primary=is_primary, **person)


def _add_contact_from_lead(lead: Lead, customer: Customer, by: Employee) -> Contact | None:
    """Make the lead's person a contact of an organisation, unless they, or somebody called so, are there already."""
    if not has_new_contact(lead, customer) or list_where_known(lead, [customer.id]):
        return None
    earlier = _find_earlier_contact(lead, customer)
    if earlier is not None:
        return _restore_contact(earlier, by) if earlier.is_in_trash else None
    contact = _build_contact(lead, customer, is_primary=not has_contacts(customer.id))
    db.session.add(contact)
    db.session.flush()
    return contact


def _restore_customer(
    lead: Lead, customer: Customer, values: Mapping[str, Any] | None, by: Employee
) -> tuple[Customer, Contact | None]:
    """Restore the customer that an undo moved to the trash, with the contact that went along."""
    take_from_trash(customer, by=by)
    for name, value in (values or {}).items():
        setattr(customer, name, value)
    db.session.flush()
    contact = _find_earlier_contact(lead, customer)
    return customer, _restore_contact(contact, by) if contact and contact.is_in_trash else contact


def _find_earlier_contact(lead: Lead, customer: Customer) -> Contact | None:
    """The contact that an earlier win made, which was taken back; somebody may have restored it since."""
    latest = select(Conversion).where(Conversion.lead_id == lead.id, Conversion.customer_id == customer.id)
    conversion = db.session.scalars(latest.order_by(Conversion.id.desc()).limit(1)).first()
    return get_win_contact(conversion) if conversion else None


def _restore_contact(contact: Contact, by: Employee) -> Contact:
    take_from_trash(contact, by=by)
    contact.is_primary = not has_contacts(contact.customer_id, only_primary=True)
    db.session.flush()
    return contact


def _record_conversion(
    lead: Lead,
    customer: Customer,
    kind: ConversionKind,
    by: Employee,
    *,
    contact: Contact | None,
    filled: Mapping[str, Any] | None = None,
) -> None:
    """Write the line, unless one stands: a lead that left Won keeps it, and its customer."""
    db.session.flush()
    line = insert(Conversion).values(_describe_win(lead, customer, kind, by, contact=contact, filled=filled))
    db.session.execute(line.on_conflict_do_nothing(index_elements=["lead_id"], index_where=text("undone_at IS NULL")))


def _describe_win(
    lead: Lead,
    customer: Customer,
    kind: ConversionKind,
    by: Employee,
    *,
    contact: Contact | None,
    filled: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The line of the ledger: columns to values."""
    known = {name: getattr(lead, name) for name in ("status", "lost_reason", "lost_note", "customer_id")}
    known["closed_at"] = lead.closed_at.isoformat() if lead.closed_at else None
    if contact:
        known["contact"] = {"id": contact.id, "version": contact.version}
    return {
        "lead_id": lead.id,
        "customer_id": customer.id,
        "kind": kind,
        "converted_by_id": by.id,
        "before": known,
        "filled": dict(filled or {}),
        "customer_version": customer.version,
    }


def _fill_what_is_empty(customer: Customer, lead: Lead) -> dict[str, Any]:
    filled, offered = empty_fields_to_fill(lead, customer), customer_fields_from_lead(lead)
    for name in filled:
        setattr(customer, name, offered[name])
        if name in FOLLOWS:
            setattr(customer, FOLLOWS[name], offered[FOLLOWS[name]])
    return filled


def _empty_what_was_filled(customer: Customer, filled: Mapping[str, Any]) -> None:
    for name, value in filled.items():
        if getattr(customer, name) == value:
            setattr(customer, name, None)
            if name in FOLLOWS:
                setattr(customer, FOLLOWS[name], None)
