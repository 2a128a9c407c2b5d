"""What the pages ask about leads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from crm_web.extensions import db
from crm_web.matching import contains_words
from crm_web.models import Activity, Customer, Employee, Lead, LeadSource, LeadStatus
from crm_web.paging import Page, Sort, load_page

_Owner = aliased(Employee)

SORTS: dict[str, ColumnElement[Any]] = {
    "name": Lead.sort_name.expression,
    "company": func.coalesce(func.lower(Lead.company), literal("")),
    "status": case({status.value: place for place, status in enumerate(LeadStatus)}, value=Lead.status),
    "source": func.coalesce(func.lower(Lead.source), literal("")),
    "owner": func.coalesce(func.lower(_Owner.name), literal("")),
    "amount": func.coalesce(Lead.amount, literal(Decimal(-1))),
    "expected_close_on": func.coalesce(Lead.expected_close_on, literal("0001-01-01").cast(Lead.expected_close_on.type)),
    "created_at": Lead.created_at.expression,
    "updated_at": Lead.updated_at.expression,
}
"""The words that a list can be sorted by, each an expression that is never null."""

DEFAULT_SORT = "-updated_at"


@dataclass(frozen=True)
class LeadFilter:
    """
    Which leads a list shows; every part left out lets all pass.

    :param words: text to find in name, company, e-mail, website and phone numbers
    :param statuses: any of these
    :param owner_ids: belonging to any of these; 0 stands for nobody
    :param sources: any of these; the empty text stands for none
    :param customer_id: only this customer's
    :param created_from: created at or after this moment
    :param created_to: created before this moment
    :param closed_from: closed at or after this moment
    :param closed_to: closed before this moment
    """

    words: str = ""
    statuses: Sequence[LeadStatus] = ()
    owner_ids: Sequence[int] = ()
    sources: Sequence[str] = ()
    customer_id: int | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    closed_from: datetime | None = None
    closed_to: datetime | None = None


def select_leads(filters: LeadFilter) -> Select[Any]:
    """
    Build the query behind the list, its count and its exports.

    :param filters: which leads
    :return: a select of ``Lead`` outside the trash, without order
    """
    conditions: list[ColumnElement[bool]] = [Lead.deleted_at.is_(None)]
    if filters.words.strip():
        conditions.append(contains_words(Lead.search_text.expression, filters.words))
    if filters.statuses:
        conditions.append(Lead.status.in_(filters.statuses))
    if filters.owner_ids:
        conditions.append(_any_or_none(Lead.owner_id, [owner or None for owner in filters.owner_ids]))
    if filters.sources:
        conditions.append(_any_or_none(Lead.source, [source or None for source in filters.sources]))
    if filters.customer_id is not None:
        conditions.append(Lead.customer_id == filters.customer_id)
    conditions += _within(Lead.created_at, filters.created_from, filters.created_to)
    conditions += _within(Lead.closed_at, filters.closed_from, filters.closed_to)
    return select(Lead).where(*conditions)


def _any_or_none(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    known = [value for value in values if value is not None]
    return or_(column.in_(known), column.is_(None)) if len(known) < len(values) else column.in_(known)


def _within(column: Any, start: datetime | None, end: datetime | None) -> list[ColumnElement[bool]]:
    return [*([column >= start] if start else []), *([column < end] if end else [])]


def read_sort(word: str | None) -> Sort:
    """
    Turn the sort word of an address into an order.

    :param word: one of ``SORTS``, with a minus in front for largest first; anything else means ``DEFAULT_SORT``
    :return: the full order
    """
    word = word if word and word.removeprefix("-") in SORTS else DEFAULT_SORT
    return Sort(SORTS[word.removeprefix("-")], Lead.id.expression, word.startswith("-"))


def list_leads(filters: LeadFilter, *, sort: str | None, mark: str | None) -> Page:
    """
    Load one page of the list of leads, with each lead's owner and customer.

    :param filters: which leads
    :param sort: a sort word, as in ``read_sort``
    :param mark: where the page starts; ``None`` for the first
    :return: the page
    """
    query = _with_owner(select_leads(filters)).options(joinedload(Lead.customer))
    return load_page(query, read_sort(sort), mark=mark)


def _with_owner(query: Select[Any]) -> Select[Any]:
    return query.outerjoin(_Owner, Lead.owner_id == _Owner.id).options(contains_eager(Lead.owner.of_type(_Owner)))


def stream_leads(filters: LeadFilter, *, sort: str | None, size: int = 1000) -> Iterator[Lead]:
    """
    Run through all leads of a list in its order, a batch at a time, with flat memory.

    :param filters: which leads
    :param sort: a sort word, as in ``read_sort``
    :param size: rows a batch
    :return: an iterator over leads, each with its owner and its customer's number loaded
    """
    numbers = joinedload(Lead.customer).load_only(Customer.number)
    query = _with_owner(select_leads(filters)).options(numbers).order_by(*read_sort(sort).columns)
    yield from db.session.scalars(query.execution_options(yield_per=size))


def list_team_ids(employee: Employee) -> Sequence[int]:
    """
    List who belongs to an employee's team: they themselves and whoever reports to them.

    :param employee: the one whose team it is
    :return: the ids
    """
    return [employee.id, *db.session.scalars(select(Employee.id).where(Employee.manager_id == employee.id))]


def get_lead(lead_id: int) -> Lead | None:
    """
    Load what a lead's page needs: the lead with owner, customer and the people who made and changed it.

    :param lead_id: its id
    :return: the lead, in the trash or not; ``None`` where there is none
    """
    people = (joinedload(Lead.owner), joinedload(Lead.created_by), joinedload(Lead.updated_by))
    return db.session.scalar(select(Lead).where(Lead.id == lead_id).options(*people, joinedload(Lead.customer)))


def list_activities(lead_id: int, *, limit: int = 50) -> Sequence[Activity]:
    """
    List what happened around a lead, newest first.

    :param lead_id: the lead
    :param limit: how many at most
    :return: its activities, each with its author and assignee
    """
    query = (
        select(Activity).where(Activity.lead_id == lead_id).order_by(Activity.happened_at.desc(), Activity.id.desc())
    )
    return db.session.scalars(
        query.options(joinedload(Activity.created_by), joinedload(Activity.assignee)).limit(limit)
    ).all()


def list_sources(*, limit: int = 200) -> Sequence[str]:
    """
    List the known sources.

    :param limit: how many at most: an import may bring one for each campaign
    :return: their names, in alphabetical order
    """
    return db.session.scalars(select(LeadSource.name).order_by(func.lower(LeadSource.name)).limit(limit)).all()
