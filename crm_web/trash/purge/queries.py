"""What would go with a record that is deleted for good, and what forbids it."""

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
    """
    What it means to delete a record for good.

    :param contacts: the people that go with it, those in the trash too
    :param activities: the notes, calls, meetings, e-mails and tasks that go with it
    :param leads: the leads that stay, but are nobody's then
    :param subsidiaries: the customers that stay, but without their parent company
    :param obstacle: why it can't be done, as a sentence; empty where it can
    """

    contacts: Sequence[Contact]
    activities: Sequence[Activity]
    leads: Sequence[Lead]
    subsidiaries: Sequence[Customer]
    obstacle: str


def get_trashed(kind: str, record_id: int) -> Any:
    """
    Load a record that is in the trash.

    :param kind: one of ``KINDS``
    :param record_id: its id
    :return: the record; ``None`` where there is none, or not in the trash
    """
    model = KINDS.get(kind)
    if model is None:
        return None
    people = joinedload(Contact.customer) if kind == "contact" else joinedload(model.owner)
    return db.session.scalar(select(model).where(model.id == record_id, model.deleted_at.is_not(None)).options(people))


def preview_purge(kind: str, record: Lead | Customer | Contact) -> Purge:
    """
    Say what would go with a record, and what forbids it.

    :param kind: one of ``KINDS``
    :param record: the record
    :return: what it would mean
    """
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
        f"This lead was won: the ledger says that {customer.number} {customer.name} came of it,"
        " and the ledger is never altered."
    )


def _obstacle_of_customer(customer_id: int) -> str:
    query = select(Lead).outerjoin(Conversion, Conversion.lead_id == Lead.id)
    won = (Lead.customer_id == customer_id) & (Lead.status == "won")
    lead = db.session.scalar(query.where(or_(Conversion.customer_id == customer_id, won)).order_by(Lead.id).limit(1))
    if lead is None:
        return ""
    return f"The lead {lead.name} was won with this customer: the ledger says so, and is never altered."
