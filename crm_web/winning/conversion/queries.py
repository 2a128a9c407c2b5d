"""Queries for conversions, and what prevents undoing one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select

from crm_web.core.extensions import db
from crm_web.models import Activity, Contact, Conversion, ConversionKind, Customer, Lead
from crm_web.records.queries import name_of_last_editor

LISTED = 10
"""How many records of a kind are named; taking back stays impossible with more of them."""


@dataclass(frozen=True)
class Obstacle:
    """Something that would be lost or broken if a win were undone.

    :param reason: a sentence
    :param entity: the record to look at: ``lead`` or ``customer``
    """

    reason: str
    entity: str
    record_id: int
    name: str


def get_win_contact(conversion: Conversion) -> Contact | None:
    """Find the contact that a win created, in the trash or not."""
    made = conversion.before.get("contact")
    return db.session.get(Contact, made["id"]) if made else None


def has_contacts(customer_id: int, *, only_primary: bool = False) -> bool:
    """Return whether a customer has contacts outside the trash.

    :param only_primary: count only the primary contact
    """
    query = select(Contact.id).where(Contact.customer_id == customer_id, Contact.deleted_at.is_(None))
    if only_primary:
        query = query.where(Contact.is_primary)
    return db.session.scalar(query.limit(1)) is not None


def list_where_known(lead: Lead, customer_ids: Sequence[int]) -> set[int]:
    """Find which customers have a contact with the email or name of the lead's person."""
    same = func.crm_fold(Contact.name) == func.crm_fold(lead.name)
    if lead.email_normalised:
        same = or_(same, Contact.email_normalised == lead.email_normalised)
    query = select(Contact.customer_id).where(Contact.customer_id.in_(customer_ids), Contact.deleted_at.is_(None), same)
    return set(db.session.scalars(query))


def list_obstacles(conversion: Conversion, customer: Customer, lead: Lead) -> Sequence[Obstacle]:
    """List what prevents undoing a win.

    :param conversion: an active one
    :param customer: locked, so that nothing is added meanwhile
    """
    if lead.customer_id != conversion.customer_id:
        return [Obstacle("The lead now belongs to another customer.", "lead", lead.id, lead.name)]
    if conversion.kind is ConversionKind.CREATED and customer.created_from_lead_id != lead.id:
        return [_about(customer, "The customer that this win created was merged into it.")]
    if conversion.kind is ConversionKind.CREATED:
        return list(_list_traces(conversion, customer))
    if conversion.filled and customer.is_in_trash:
        return [_about(customer, "In the trash, so the fields filled in from the lead can’t be cleared.")]
    return []


def _list_traces(conversion: Conversion, customer: Customer) -> Iterator[Obstacle]:
    """List what happened to a created customer since."""
    if customer.is_in_trash:
        yield _about(customer, "In the trash.")
    elif customer.version != conversion.customer_version:
        yield _about(customer, f"Changed since then, last by {name_of_last_editor(customer)}.")
    for merged in db.session.scalars(select(Customer).where(Customer.merged_into_id == customer.id).limit(LISTED)):
        yield _about(customer, f"{merged.number} {merged.name} was merged into it.")
    yield from _list_changed_contacts(conversion, customer)
    activities = select(func.count()).select_from(Activity).where(Activity.customer_id == customer.id)
    if count := db.session.scalar(activities):
        yield _about(customer, f"Has {count:,} {'activity' if count == 1 else 'activities'} of its own.")
    standing = select(Conversion.lead_id).where(
        Conversion.customer_id == customer.id, Conversion.undone_at.is_(None), Conversion.lead_id != conversion.lead_id
    )
    leads = select(Lead).where(
        or_(Lead.customer_id == customer.id, Lead.id.in_(standing)), Lead.id != conversion.lead_id
    )
    for lead in db.session.scalars(leads.order_by(Lead.id).limit(LISTED)):
        yield Obstacle("Also belongs to this customer.", "lead", lead.id, lead.name)
    for child in db.session.scalars(
        select(Customer).where(Customer.parent_id == customer.id).order_by(Customer.id).limit(LISTED)
    ):
        yield _about(child, "Has this customer as its parent company.")


def _list_changed_contacts(conversion: Conversion, customer: Customer) -> Iterator[Obstacle]:
    made = conversion.before.get("contact", {})
    standing = or_(Contact.deleted_at.is_(None), Contact.id == made.get("id"))
    contacts = select(Contact).where(Contact.customer_id == customer.id, standing)
    for contact in db.session.scalars(contacts.order_by(Contact.id).limit(LISTED)):
        if contact.id != made.get("id"):
            yield _about(customer, f"Contact {contact.name} was added.")
        elif contact.version != made["version"]:
            yield _about(customer, f"Contact {contact.name} was changed.")


def _about(customer: Customer, reason: str) -> Obstacle:
    return Obstacle(reason, "customer", customer.id, f"{customer.number} {customer.name}")


def list_active_conversions(lead_ids: Sequence[int]) -> Sequence[Conversion]:
    """List the conversions of leads that have not been undone, by customer."""
    query = select(Conversion).where(Conversion.lead_id.in_(lead_ids), Conversion.undone_at.is_(None))
    return db.session.scalars(query.order_by(Conversion.customer_id, Conversion.id)).all()


def list_untouched(conversions: Sequence[Conversion]) -> list[Conversion]:
    """Find the conversions that created a customer which nobody has touched since.

    The others may have an obstacle; ``list_obstacles`` names it.

    :param conversions: active ones, with their customers locked
    :return: those that can be undone
    """
    made = {line.customer_id: line for line in conversions if line.kind is ConversionKind.CREATED and line.before}
    untouched = select(Customer.id, Customer.created_from_lead_id, Customer.version).where(
        Customer.id.in_(made), Customer.deleted_at.is_(None)
    )
    versions = {(row.id, row.created_from_lead_id): row.version for row in db.session.execute(untouched)}
    touched = {
        customer_id
        for customer_id, line in made.items()
        if versions.get((customer_id, line.lead_id)) != line.customer_version
    }
    touched |= {customer_id for customer_id in _list_used(made) if customer_id is not None}
    return [line for customer_id, line in made.items() if customer_id not in touched]


def _list_used(made: Mapping[int, Conversion]) -> Iterator[int | None]:
    """The ids of customers that anything refers to except the lead and contact of their win."""
    yield from db.session.scalars(select(Activity.customer_id).where(Activity.customer_id.in_(made)))
    yield from db.session.scalars(select(Customer.parent_id).where(Customer.parent_id.in_(made)))
    yield from db.session.scalars(select(Customer.merged_into_id).where(Customer.merged_into_id.in_(made)))
    contacts = select(Contact.customer_id, Contact.id, Contact.version, Contact.deleted_at)
    for row in db.session.execute(contacts.where(Contact.customer_id.in_(made))):
        known = made[row.customer_id].before.get("contact", {})
        is_same = (row.id, row.version) == (known.get("id"), known.get("version"))
        if not is_same and (row.deleted_at is None or row.id == known.get("id")):
            yield row.customer_id
    leads = select(Lead.customer_id, Lead.id).where(Lead.customer_id.in_(made))
    lines = select(Conversion.customer_id, Conversion.lead_id).where(
        Conversion.customer_id.in_(made), Conversion.undone_at.is_(None)
    )
    for customer_id, lead_id in (*db.session.execute(leads), *db.session.execute(lines)):
        if made[customer_id].lead_id != lead_id:
            yield customer_id
