"""What a permanent deletion would delete, and what prevents it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.models import Activity, Contact, Conversion, Customer, Lead
from crm_web.trash.queries import KINDS


@dataclass(frozen=True)
class Purge:
    """What a permanent deletion means.

    :param subsidiaries: customers that stay, but lose their parent company
    :param obstacle: why it can't be done, as a sentence; empty if it can
    """

    contacts: Sequence[Contact]
    activities: Sequence[Activity]
    leads: Sequence[Lead]
    subsidiaries: Sequence[Customer]
    obstacle: str


def get_trashed(kind: str, record_id: int) -> Any:
    """Find a record in the trash.

    :param kind: one of ``KINDS``
    """
    model = KINDS.get(kind)
    if model is None:
        return None
    people = joinedload(Contact.customer) if kind == "contact" else joinedload(model.owner)
    return db.session.scalar(
        select(model)
        .where(model.id == record_id, model.deleted_at.is_not(None), model.merged_into_id.is_(None))
        .options(people)
    )


def preview_purge(kind: str, record: Lead | Customer | Contact) -> Purge:
    """Return what would be deleted with a record, and what prevents it.

    :param kind: one of ``KINDS``
    """
    if obstacle := _obstacle_of_merge(kind, record.id):
        return Purge((), (), (), (), obstacle)
    if kind == "contact":
        return Purge((), (), (), (), "")
    activities = select(Activity).where(getattr(Activity, f"{kind}_id") == record.id).order_by(Activity.id)
    found = db.session.scalars(activities).all()
    if kind == "lead":
        return Purge((), found, (), (), _obstacle_of_lead(record.id))
    return Purge(
        contacts=_list(Contact, Contact.customer_id == record.id),
        activities=found,
        leads=_list(Lead, Lead.customer_id == record.id),
        subsidiaries=_list(Customer, Customer.parent_id == record.id),
        obstacle=_obstacle_of_customer(record.id),
    )


def _obstacle_of_merge(kind: str, record_id: int) -> str:
    model = KINDS[kind]
    merged = db.session.scalar(select(model).where(model.merged_into_id == record_id).order_by(model.id).limit(1))
    if merged is None and kind == "customer":
        own = select(Contact.id).where(Contact.customer_id == record_id)
        elsewhere = select(Contact).where(Contact.merged_into_id.in_(own), Contact.customer_id != record_id)
        merged = db.session.scalar(elsewhere.order_by(Contact.id).limit(1))
    return f"{merged.name} was merged into it. Restore it and undo the merge first." if merged else ""


def _list(model: Any, condition: Any) -> Sequence[Any]:
    return db.session.scalars(select(model).where(condition).order_by(model.id)).all()


def _obstacle_of_lead(lead_id: int) -> str:
    query = select(Customer).outerjoin(Conversion, Conversion.customer_id == Customer.id)
    customer = db.session.scalar(
        query.where(or_(Conversion.lead_id == lead_id, Customer.created_from_lead_id == lead_id)).limit(1)
    )
    if customer is None:
        return ""
    return (
        f"This lead was won and became {customer.number} {customer.name}."
        " Won leads are kept for the conversion history."
    )


def _obstacle_of_customer(customer_id: int) -> str:
    query = select(Lead).outerjoin(Conversion, Conversion.lead_id == Lead.id)
    won = (Lead.customer_id == customer_id) & (Lead.status == "won")
    lead = db.session.scalar(query.where(or_(Conversion.customer_id == customer_id, won)).order_by(Lead.id).limit(1))
    if lead is None:
        return ""
    return f"The lead {lead.name} was won for this customer. Such customers are kept for the conversion history."
