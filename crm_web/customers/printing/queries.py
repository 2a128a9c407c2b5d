"""Queries for printed customers: a fixed number, however many customers are printed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, or_, select, union_all
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.customers.queries import WonAmounts, read_amounts, won_amounts
from crm_web.history.time_travel.queries import PastRecord
from crm_web.models import Activity, ActivityKind, Contact, Customer, Lead

MOST_AT_ONCE = 50
"""How many customers are printed at once at most: those of one page of the list."""

LATEST_ACTIVITIES = 8
"""How many of the latest activities stand on a customer's paper."""


@dataclass
class PrintedCustomer:
    """Everything on a customer's printed page.

    :param won: the sums of its won leads by currency
    :param contacts: the primary one first
    :param leads: outside the trash, latest first
    :param activities: the latest ones, of the customer and its leads
    """

    customer: Customer
    won: WonAmounts
    contacts: list[Contact] = field(default_factory=list)
    leads: list[Lead] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)

    @property
    def won_leads(self) -> list[Lead]:
        return [lead for lead in self.leads if lead.is_won]

    @property
    def open_leads(self) -> list[Lead]:
        return [lead for lead in self.leads if lead.is_open]


def list_customers_to_print(customer_ids: Sequence[int]) -> list[PrintedCustomer]:
    """Load customers with everything on their printed pages, in four queries, by name.

    :param customer_ids: at most ``MOST_AT_ONCE``; unknown ones and those in the trash are left out
    """
    query = select(Customer, won_amounts()).where(Customer.id.in_(customer_ids[:MOST_AT_ONCE]))
    query = query.where(Customer.deleted_at.is_(None)).options(joinedload(Customer.owner), joinedload(Customer.parent))
    rows = db.session.execute(query.order_by(Customer.sort_name, Customer.id)).all()
    printed = {customer.id: PrintedCustomer(customer, read_amounts(won)) for customer, won in rows}
    for contact in _list_contacts(printed):
        printed[contact.customer_id].contacts.append(contact)
    for lead in _list_leads(printed):
        printed[lead.customer_id or 0].leads.append(lead)
    for activity, customer_id in _list_activities(printed):
        printed[customer_id].activities.append(activity)
    return list(printed.values())


def print_past(past: PastRecord) -> PrintedCustomer:
    """Build the printed page of a customer as it was, without the sums."""
    to_do = [activity for activity in past.activities if not activity.done_at]
    return PrintedCustomer(past.record, {}, past.contacts, past.leads, to_do[:LATEST_ACTIVITIES])


def _list_contacts(customer_ids: Iterable[int]) -> Iterable[Contact]:
    query = select(Contact).where(Contact.customer_id.in_(customer_ids), Contact.deleted_at.is_(None))
    return db.session.scalars(query.order_by(Contact.is_primary.desc(), Contact.sort_name, Contact.id))


def _list_leads(customer_ids: Iterable[int]) -> Iterable[Lead]:
    query = select(Lead).where(Lead.customer_id.in_(customer_ids), Lead.deleted_at.is_(None))
    latest_first = (func.coalesce(Lead.closed_at, Lead.created_at).desc(), Lead.id.desc())
    return db.session.scalars(query.options(joinedload(Lead.owner)).order_by(*latest_first))


def _list_activities(customer_ids: Iterable[int]) -> Iterable[Any]:
    """The latest few of each customer, without finished tasks."""
    on_leads = select(Activity.id, Lead.customer_id).join(Lead, Activity.lead_id == Lead.id)
    found = union_all(
        select(Activity.id, Activity.customer_id).where(Activity.customer_id.in_(customer_ids)),
        on_leads.where(Lead.customer_id.in_(customer_ids), Lead.deleted_at.is_(None)),
    ).subquery()
    latest_first = (Activity.happened_at.desc(), Activity.id.desc())
    place = func.row_number().over(partition_by=found.c.customer_id, order_by=latest_first).label("place")
    ranked = (
        select(found.c.id, found.c.customer_id, place)
        .join(Activity, Activity.id == found.c.id)
        .where(or_(Activity.kind != ActivityKind.TASK, Activity.done_at.is_(None)))
        .subquery()
    )
    query = select(Activity, ranked.c.customer_id).join(ranked, Activity.id == ranked.c.id)
    loaded = (joinedload(Activity.created_by), joinedload(Activity.assignee), joinedload(Activity.lead))
    return db.session.execute(
        query.where(ranked.c.place <= LATEST_ACTIVITIES).options(*loaded).order_by(ranked.c.customer_id, ranked.c.place)
    )
