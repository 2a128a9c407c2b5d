"""What the pages ask about leads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, case, func, literal, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload, load_only

from crm_web.extensions import db
from crm_web.matching import contains_words
from crm_web.models import Activity, Change, ChangeAction, Customer, Employee, Lead, LeadSource, LeadStatus
from crm_web.paging import Page, Sort, load_page

Owner = aliased(Employee)
# Folding is dear: each owner's name is folded once, and not once for each of their leads.
_OwnerKey = (
    select(Employee.id, func.crm_fold(Employee.name, type_=Text()).collate("C").label("key"))
    .cte("owner_keys")
    .prefix_with("MATERIALIZED")
)


def _lowered(text_column: Any) -> ColumnElement[str]:
    """Sort without case, the same on every server; what is empty comes first."""
    return func.coalesce(func.lower(text_column), literal("")).collate("C")


SORTS: dict[str, ColumnElement[Any]] = {
    "name": Lead.sort_name.expression,
    "company": _lowered(Lead.company),
    "status": case({status.value: place for place, status in enumerate(LeadStatus)}, value=Lead.status),
    "source": _lowered(Lead.source),
    "owner": func.coalesce(_OwnerKey.c.key, literal("")),
    "amount": func.coalesce(Lead.amount, literal(Decimal(-1))),
    "expected_close_on": func.coalesce(Lead.expected_close_on, literal("0001-01-01").cast(Lead.expected_close_on.type)),
    "created_at": Lead.created_at.expression,
    "updated_at": Lead.updated_at.expression,
}
"""The words that a list can be sorted by, each an expression that is never null."""

DEFAULT_SORT = "-updated_at"

SHOWN_IN_LIST = (
    Lead.id,
    Lead.name,
    Lead.company,
    Lead.status,
    Lead.amount,
    Lead.currency,
    Lead.source,
    Lead.owner_id,
    Lead.expected_close_on,
    Lead.created_at,
    Lead.updated_at,
)
"""The columns that a page of the list loads; a description of 20,000 characters is not among them."""


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
    key = word.removeprefix("-")
    return Sort(SORTS[key], Lead.id.expression, word.startswith("-"), is_indexed=key != "owner")


def list_leads(filters: LeadFilter, *, sort: str | None, mark: str | None) -> Page:
    """
    Load one page of the list of leads, with each lead's owner; of the lead itself only what a list shows.

    :param filters: which leads
    :param sort: a sort word, as in ``read_sort``
    :param mark: where the page starts; ``None`` for the first
    :return: the page
    """
    order = read_sort(sort)
    loaded = (contains_eager(Lead.owner.of_type(Owner)), load_only(*SHOWN_IN_LIST))
    query = _join_owner(select_leads(filters), order).options(*loaded)
    return load_page(query, order, mark=mark, filter_first=not _has_index(filters, order))


def _has_index(filters: LeadFilter, order: Sort) -> bool:
    """Tell whether an index gives what fits in the order wanted, so that no row is read for nothing."""
    in_use = [field.name for field in fields(filters) if getattr(filters, field.name) not in (field.default, [])]
    is_latest_first = order.expression is SORTS["updated_at"]
    return not in_use or (is_latest_first and in_use in (["statuses"], ["owner_ids"], ["sources"]))


def _join_owner(query: Select[Any], order: Sort) -> Select[Any]:
    if order.expression is SORTS["owner"]:
        query = query.outerjoin(_OwnerKey, Lead.owner_id == _OwnerKey.c.id)
    return query.outerjoin(Owner, Lead.owner_id == Owner.id)


def stream_columns(
    filters: LeadFilter, columns: Sequence[Any], *, sort: str | None, size: int = 1000
) -> Iterator[Sequence[Any]]:
    """
    Run through all leads of a list in its order, a batch at a time, with flat memory.

    :param filters: which leads
    :param columns: what to read of each: columns of ``Lead``, ``Owner`` and ``Customer``
    :param sort: a sort word, as in ``read_sort``
    :param size: rows a batch
    :return: an iterator over rows of values
    """
    order = read_sort(sort)
    query = _join_owner(select_leads(filters), order).outerjoin(Customer, Lead.customer_id == Customer.id)
    query = query.with_only_columns(*columns, maintain_column_froms=True).order_by(*order.columns)
    yield from db.session.execute(query.execution_options(yield_per=size))


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


def find_change_to_won(lead_id: int) -> Change | None:
    """
    Find the change by which a lead was won the last time: it also says what the lead was before.

    :param lead_id: the lead
    :return: the change; ``None`` for a lead that was entered as won, or never won
    """
    of_lead = (Change.entity == "lead", Change.entity_id == lead_id, Change.action == ChangeAction.CHANGED)
    won = Change.fields["status"][1].astext == LeadStatus.WON
    return db.session.scalars(select(Change).where(*of_lead, won).order_by(Change.id.desc()).limit(1)).first()


def map_changes_to_won(lead_ids: Sequence[int]) -> dict[int, Change]:
    """
    Find for many leads what ``find_change_to_won`` finds for one.

    :param lead_ids: the leads
    :return: the changes by the lead's id
    """
    of_leads = (Change.entity == "lead", Change.entity_id.in_(lead_ids), Change.action == ChangeAction.CHANGED)
    query = select(Change).where(*of_leads, Change.fields["status"][1].astext == LeadStatus.WON).order_by(Change.id)
    return {change.entity_id: change for change in db.session.scalars(query)}


def has_customer(lead_id: int) -> bool:
    """
    Tell whether a lead has a customer by now, whatever was loaded of it before.

    :param lead_id: the lead
    :return: true once it was won or entered for a customer
    """
    return db.session.scalar(select(Lead.id).where(Lead.id == lead_id, Lead.customer_id.is_not(None))) is not None


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
