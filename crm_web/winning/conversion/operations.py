"""How a lead that is won gets its customer, made or linked, and how that is taken back."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from string import Template
from typing import Any

from sqlalchemy import Executable, select, text
from sqlalchemy.dialects.postgresql import insert

from crm_web.contacts.operations import trash_contact
from crm_web.core.clock import now
from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.core.prepared import ONE_PLAN
from crm_web.customers.operations import CustomerInTrash, check_parent_is_there, find_phone_country
from crm_web.models import (
    Contact,
    Conversion,
    ConversionKind,
    Customer,
    CustomerStatus,
    Employee,
    Lead,
    LeadStatus,
    limit_of,
)
from crm_web.records.batch import Batch, begin, save
from crm_web.records.operations import check_owner, lock, move_to_trash, restore_from_trash
from crm_web.records.phones import parse_phone_columns
from crm_web.records.queries import get_remaining
from crm_web.winning.conversion.queries import get_win_contact, has_contacts, list_where_known
from crm_web.winning.mapping import (
    FOLLOWS,
    SQL,
    STATUS_OF_BUYERS,
    contact_from_lead,
    customer_from_lead,
    empty_fields_to_fill,
    names_contact,
)

_CREATE = Template("""
WITH won AS (
    SELECT * FROM leads l WHERE id = ANY (CAST(:ids AS bigint[])) AND customer_id IS NULL
        AND NOT EXISTS (SELECT FROM customers c WHERE c.created_from_lead_id = l.id)
), customer AS (
    INSERT INTO customers (created_from_lead_id, $customer_columns)
    SELECT won.id, $customer_values FROM won $typed ORDER BY won.id
    RETURNING id, created_from_lead_id AS lead_id, kind, version
), contact AS (
    INSERT INTO contacts (customer_id, is_primary, $contact_columns)
    SELECT c.id, true, $contact_columns FROM customer c JOIN won ON won.id = c.lead_id
    WHERE c.kind = 'organisation' AND $names_person ORDER BY c.id
    RETURNING id, customer_id, version
), conversion AS (
    INSERT INTO conversions (lead_id, customer_id, kind, converted_by_id, customer_version, before)
    SELECT won.id, c.id, 'created', :by, c.version,
        jsonb_build_object('status', status, 'lost_reason', lost_reason, 'lost_note', lost_note, 'customer_id', NULL,
            'closed_at', closed_at)
        || CASE WHEN p.id IS NULL THEN '{}' ELSE
            jsonb_build_object('contact', jsonb_build_object('id', p.id, 'version', p.version)) END
    FROM won JOIN customer c ON c.lead_id = won.id LEFT JOIN contact p ON p.customer_id = c.id ORDER BY c.id
    ON CONFLICT (lead_id) WHERE undone_at IS NULL DO NOTHING
)
UPDATE leads l SET status = 'won', customer_id = c.id, closed_at = :moment, status_changed_at = :moment,
    lost_reason = NULL, lost_note = NULL
FROM customer c WHERE l.id = c.lead_id AND l.id = ANY (CAST(:ids AS bigint[]))
RETURNING $lead_columns
""")


class AnotherCustomer(Conflict):
    """The lead has a customer already, and it is not the one chosen."""


def win_with_new_customers(
    leads: Sequence[Lead], values: Mapping[str, Any] | None = None, *, by: Employee
) -> set[Lead]:
    """Win leads that never had a customer: one statement makes customers, contacts and conversions and closes them.

    The caller has locked the leads, so that two colleagues can't do this at once; the database refuses a second
    customer from one lead in any case.

    :param leads: the leads, locked and none of them won
    :param values: the customer's columns as a person typed them, for a single lead; ``None`` takes over the lead's
    :return: the leads that are won now; the others have a customer, or made one before
    """
    binds = {"ids": [lead.id for lead in leads], "by": by.id, "moment": now()}
    if values is not None:
        binds["typed"] = json.dumps(dict(values), default=str)
    won: set[Lead] = set(db.session.scalars(_build_statement(None if values is None else tuple(values)), binds))
    for lead in won:
        db.session.expire(lead, ["customer"])
    return won


@cache
def _build_statement(typed: tuple[str, ...] | None) -> Executable:
    """Build the statement that wins leads: once, since reading its text anew costs more than sending it."""
    columns = Lead.__table__.columns
    parts = {**SQL, "typed": "", "lead_columns": ", ".join(f"l.{column.name}" for column in columns)}
    if typed is not None:
        parts["customer_columns"] = ", ".join(typed)
        parts["customer_values"] = ", ".join(f"typed.{name}" for name in typed)
        parts["typed"] = "CROSS JOIN jsonb_populate_record(NULL::customers, CAST(:typed AS jsonb)) typed"
    statement = select(Lead).from_statement(text(_CREATE.substitute(parts)).columns(*columns))
    return statement.execution_options(populate_existing=True, prepared=ONE_PLAN)


def check_name(lead: Lead) -> None:
    """Make sure that a customer can be called as a lead is.

    :raise DomainError: if the name is too long
    """
    limit = limit_of(Customer.name)
    if len(customer_from_lead(lead)["name"]) > limit:
        raise DomainError(f"Shorten the lead’s name to {limit} characters. The customer takes its name.", "status")


def check_typed(lead: Lead, values: Mapping[str, Any], *, by: Employee) -> dict[str, Any]:
    """Check what a person typed about a lead's new customer, and read its phone number.

    :return: the values with the number to dial
    :raise DomainError: if its owner, parent or number is refused
    """
    check_owner(values.get("owner_id"))
    check_parent_is_there(values.get("parent_id"))
    carried = Customer(**customer_from_lead(lead))
    numbers = parse_phone_columns(carried, values, country=find_phone_country(carried, values), by=by)
    # A number that was not typed does not become the customer's, so neither does its twin.
    return {**values, **{twin: numbers[twin] for name, twin in FOLLOWS.items() if name in values}}


def reuse_customer(lead: Lead, values: Mapping[str, Any] | None = None, *, by: Employee) -> Customer:
    """Give a lead that is being won the customer that it has, or the one that it made before.

    A customer that an undo moved to the trash is taken out again, with the contact that went along: a lead makes one
    customer at most, however often it is won.

    :param lead: the lead, locked; its ``customer`` is set
    :param values: what a person typed about the customer; a customer outside the trash stays as it is
    :raise CustomerInTrash: if the customer that it has is in the trash
    """
    if lead.customer_id is not None:
        return link_to_lead(lead, db.session.get_one(Customer, lead.customer_id), by=by)
    customer = get_remaining(db.session.scalars(select(Customer).where(Customer.created_from_lead_id == lead.id)).one())
    lock(customer)
    if not customer.is_in_trash or customer.created_from_lead_id != lead.id:
        return link_to_lead(lead, customer, by=by)
    restore_from_trash(customer, by=by)
    for name, value in (values or {}).items():
        setattr(customer, name, value)
    db.session.flush()
    contact = _find_earlier_contact(lead, customer)
    if contact and contact.is_in_trash and not contact.merged_into_id:
        _restore_contact(contact, by)
    _record_conversion(lead, customer, ConversionKind.CREATED, by, contact=contact)
    _attach_customer(lead, customer)
    return customer


def link_to_lead(lead: Lead, customer: Customer, *, fill: bool = False, by: Employee) -> Customer:
    """Give a lead that is being won a customer that is there already.

    :param lead: the lead, locked; its ``customer`` is set
    :param customer: who buys; its row is locked, after the lead's
    :param fill: whether the customer's empty fields take what the lead says, and the lead's person becomes a contact
        of an organisation that does not know them yet; nothing is ever overwritten
    :raise AnotherCustomer: if the lead has another customer already
    :raise CustomerInTrash: if the customer is in the trash
    """
    lock(customer)
    if lead.customer_id not in (None, customer.id):
        raise AnotherCustomer("This lead already belongs to another customer. Check it, then try again.", "customer_id")
    if customer.is_in_trash:
        whose = "Its customer" if lead.customer_id else "Customer"
        message = f"{whose} {customer.number} {customer.name} is in the trash. Restore it first."
        raise CustomerInTrash(message, "status")
    contact = _add_contact_from_lead(lead, customer, by) if fill else None
    filled = _fill_what_is_empty(customer, lead) if fill else {}
    earlier, customer.status = customer.status, STATUS_OF_BUYERS.get(customer.status, customer.status)
    _record_conversion(lead, customer, ConversionKind.LINKED, by, contact=contact, filled=filled, status=earlier)
    _attach_customer(lead, customer)
    return customer


def revert_conversion(conversion: Conversion, customer: Customer, *, by: Employee, batch: Batch | None = None) -> None:
    """Take back what winning did to the customer; the caller has made sure that nothing stands in the way.

    :param conversion: the active conversion; it is marked as undone
    """
    begin(by, batch)
    contact = get_win_contact(conversion)
    # At a customer that was there before, a contact that somebody changed since has become theirs.
    if contact is not None and contact.version == conversion.before["contact"]["version"]:
        trash_contact(contact, by=by, batch=batch)
    if conversion.kind is ConversionKind.CREATED:
        move_to_trash(customer, by=by, batch=batch)
    else:
        _empty_what_was_filled(customer, conversion.filled)
        _put_back_customer_status(customer, conversion)
    conversion.undone_at, conversion.undone_by_id = now(), by.id
    save(batch)


def _put_back_customer_status(customer: Customer, conversion: Conversion) -> None:
    """Give a customer the status from before, unless somebody changed it since or another lead is won for it."""
    earlier = CustomerStatus(conversion.before.get("customer_status", customer.status))
    others = select(Lead.id).where(
        Lead.customer_id == customer.id, Lead.status == LeadStatus.WON, Lead.id != conversion.lead_id
    )
    if STATUS_OF_BUYERS.get(earlier) is customer.status and db.session.scalar(others.limit(1)) is None:
        customer.status = earlier


def _attach_customer(lead: Lead, customer: Customer) -> None:
    """Left for the caller to flush together with the status: one change, one line of history.

    By the id: the customer may have the lead that made it at hand, and the two would wait for each other to be saved.
    """
    lead.customer_id = customer.id
    db.session.expire(lead, ["customer"])


def _add_contact_from_lead(lead: Lead, customer: Customer, by: Employee) -> Contact | None:
    """Make the lead's person a contact of an organisation, unless they, or somebody called so, are there already."""
    if not names_contact(lead, customer) or list_where_known(lead, [customer.id]):
        return None
    earlier = _find_earlier_contact(lead, customer)
    if earlier is not None:
        return _restore_contact(earlier, by) if earlier.is_in_trash and not earlier.merged_into_id else None
    contact = Contact(customer_id=customer.id, is_primary=not has_contacts(customer.id), **contact_from_lead(lead))
    db.session.add(contact)
    db.session.flush()
    return contact


def _find_earlier_contact(lead: Lead, customer: Customer) -> Contact | None:
    """The contact that an earlier win made, which was taken back; somebody may have restored it since."""
    latest = select(Conversion).where(Conversion.lead_id == lead.id, Conversion.customer_id == customer.id)
    conversion = db.session.scalars(latest.order_by(Conversion.id.desc()).limit(1)).first()
    return get_win_contact(conversion) if conversion else None


def _restore_contact(contact: Contact, by: Employee) -> Contact:
    restore_from_trash(contact, by=by)
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
    status: CustomerStatus | None = None,
) -> None:
    """Record the conversion, unless one is active: a lead that left Won keeps it, and its customer."""
    db.session.flush()
    before = {name: getattr(lead, name) for name in ("status", "lost_reason", "lost_note", "customer_id")}
    before["closed_at"] = lead.closed_at.isoformat() if lead.closed_at else None
    if status not in (None, customer.status):
        before["customer_status"] = status
    if contact:
        before["contact"] = {"id": contact.id, "version": contact.version}
    line = insert(Conversion).values(
        lead_id=lead.id,
        customer_id=customer.id,
        kind=kind,
        converted_by_id=by.id,
        before=before,
        filled=dict(filled or {}),
        customer_version=customer.version,
    )
    db.session.execute(line.on_conflict_do_nothing(index_elements=["lead_id"], index_where=text("undone_at IS NULL")))


def _fill_what_is_empty(customer: Customer, lead: Lead) -> dict[str, Any]:
    filled, offered = empty_fields_to_fill(lead, customer), customer_from_lead(lead)
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
