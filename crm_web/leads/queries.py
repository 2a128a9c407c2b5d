"""What the pages ask about leads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased, joinedload

from crm_web.core.extensions import db
from crm_web.leads.columns import COLUMNS, SHOWN
from crm_web.leads.left_status import LeftStatusFilter, has_left_status
from crm_web.lists.columns import load_shown
from crm_web.lists.distinct_values import select_words_in_use
from crm_web.lists.pagination import Page, Sort, choose_sort, count_some, join_groups, load_page
from crm_web.lists.record_filters import RecordFilter, list_shared_conditions, within
from crm_web.lists.sorting import (
    NO_DAY,
    NOTHING,
    day_or_none,
    folded,
    group_by_country,
    group_by_owner,
    group_by_source,
    group_by_word,
    moment_or_none,
    number_or_none,
    place_or_none,
)
from crm_web.models import (
    WAY_TO_WON,
    Activity,
    Conversion,
    Customer,
    Employee,
    Lead,
    LeadLastActivity,
    LeadSource,
    LeadStatus,
    LostReason,
    Rating,
    StatusKind,
)
from crm_web.records.matching import contains_words

Owner = aliased(Employee)
Maker, Changer = aliased(Employee), aliased(Employee)

GROUPS = {
    "owner": group_by_owner(Lead.owner_id),
    "country": group_by_country(Lead.country),
    "status": group_by_word(Lead.status, LeadStatus),
    "source": group_by_source(Lead.source),
}
INDEXED: dict[str, ColumnElement[Any]] = {
    "name": Lead.sort_name.expression,
    "company": folded(Lead.company),
    "status": GROUPS["status"].keys.c.key,
    "source": GROUPS["source"].keys.c.key,
    "owner": GROUPS["owner"].keys.c.key,
    "country": GROUPS["country"].keys.c.key,
    "industry": folded(Lead.industry),
    "amount": number_or_none(Lead.amount),
    "expected_close_on": day_or_none(Lead.expected_close_on),
    "last_activity": moment_or_none(LeadLastActivity.at),
    "created_at": Lead.created_at.expression,
    "updated_at": Lead.updated_at.expression,
}
"""The orders that an index gives, however many leads there are."""

SORTS: dict[str, ColumnElement[Any]] = INDEXED | {
    "job_title": folded(Lead.job_title),
    "email": folded(Lead.email),
    "phone": folded(Lead.phone),
    "mobile": folded(Lead.mobile),
    "website": folded(Lead.website),
    "city": folded(Lead.city),
    "state": folded(Lead.state),
    "postal_code": folded(Lead.postal_code),
    "rating": place_or_none(Lead.rating, Rating),
    "currency": folded(Lead.currency),
    "probability": number_or_none(Lead.probability),
    "next_step": folded(Lead.next_step),
    "lost_reason": place_or_none(Lead.lost_reason, LostReason),
    "closed_at": moment_or_none(Lead.closed_at),
    "status_changed_at": Lead.status_changed_at.expression,
}
"""The words that a list can be sorted by, each an expression that is never null."""

FILTERS_OF = {
    "status": ("statuses",),
    "owner": ("owner_ids",),
    "source": ("sources",),
    "country": ("countries",),
    "industry": ("industries",),
    "amount": ("amount_from", "amount_to"),
    "expected_close_on": ("close_from", "close_to"),
    "last_activity": ("active_from", "active_to"),
    "created_at": ("created_from", "created_to"),
}
"""Which filters are about the column of an order, so that its index serves both."""

DEFAULT_SORT = "-updated_at"


@dataclass(frozen=True, kw_only=True)
class LeadFilter(RecordFilter):
    """
    Which leads a list shows; every part left out lets all pass.

    :param statuses: any of these
    :param sources: any of these; the empty text stands for none
    :param customer_id: only this customer's
    :param currency: with an amount in it
    :param amount_from: of this amount or more, in whatever currency
    :param amount_to: of this amount or less
    :param close_from: expected to close on this day or later
    :param close_to: expected to close before this day
    :param overdue_on: still open on this day, and expected to be closed before
    :param closed_from: closed at or after this moment
    :param closed_to: closed before this moment
    :param lost_reasons: lost for any of these
    :param reached: once got at least as far as this status, whatever became of them
    :param left: left a status, once or more
    """

    statuses: Sequence[LeadStatus] = ()
    sources: Sequence[str] = ()
    customer_id: int | None = None
    currency: str | None = None
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    close_from: date | None = None
    close_to: date | None = None
    overdue_on: date | None = None
    closed_from: datetime | None = None
    closed_to: datetime | None = None
    lost_reasons: Sequence[LostReason] = ()
    reached: LeadStatus | None = None
    left: LeftStatusFilter | None = None


_LACKING: dict[str, ColumnElement[bool]] = {
    "owner": func.coalesce(Lead.owner_id, 0) == 0,
    "email": Lead.email_normalised.is_(None),
    "phone": Lead.phone.is_(None) & Lead.mobile.is_(None),
    "amount": SORTS["amount"] == NOTHING,
    "close": SORTS["expected_close_on"] == literal("0001-01-01").cast(Lead.expected_close_on.type),
    "activity": SORTS["last_activity"] == literal("0001-01-01 00:00:00+00").cast(LeadLastActivity.at.type),
    "next_step": Lead.next_step.is_(None),
}
OPEN = StatusKind.OPEN.statuses


def select_leads(filters: LeadFilter) -> Select[Any]:
    """
    Build the query behind the list, its count and its exports.

    :param filters: which leads
    :return: a select of ``Lead`` outside the trash, without order
    """
    query = select(Lead).where(Lead.deleted_at.is_(None))
    if filters.asks_for_activity:
        query = query.join(LeadLastActivity, LeadLastActivity.lead_id == Lead.id)
    if filters.words.strip():
        query = query.where(contains_words(Lead.search_text.expression, filters.words))
    shared = list_shared_conditions(
        filters, Lead, country=Lead.country, last_activity=LeadLastActivity.at, lacking=_LACKING
    )
    if filters.left:
        query = query.where(has_left_status(filters.left))
    return query.where(*shared, *_list_conditions(filters), *_list_money_and_days(filters))


def _list_conditions(filters: LeadFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.statuses:
        conditions.append(Lead.status.in_(filters.statuses))
    if filters.sources:
        conditions.append(GROUPS["source"].column.in_(filters.sources))
    if filters.customer_id is not None:
        conditions.append(Lead.customer_id == filters.customer_id)
    if filters.lost_reasons:
        conditions.append(Lead.lost_reason.in_(filters.lost_reasons))
    if filters.reached and filters.reached in WAY_TO_WON[1:]:
        so_far = WAY_TO_WON[WAY_TO_WON.index(filters.reached) :]
        conditions.append(or_(Lead.status.in_(so_far), Lead.furthest_status.in_(so_far)))
    if filters.currency:
        conditions += [Lead.currency == filters.currency, Lead.amount.is_not(None)]
    return conditions


def _list_money_and_days(filters: LeadFilter) -> list[ColumnElement[bool]]:
    """In the words of the indexes; what has no amount or no day is neither less nor before."""
    amount, close = SORTS["amount"], SORTS["expected_close_on"]
    conditions = within(Lead.closed_at, filters.closed_from, filters.closed_to)
    if filters.amount_from is not None or filters.amount_to is not None:
        conditions.append(amount >= (filters.amount_from or 0))
    if filters.amount_to is not None:
        conditions.append(amount <= filters.amount_to)
    if filters.close_from or filters.close_to:
        conditions += within(close, filters.close_from or NO_DAY.replace(year=2), filters.close_to)
    if filters.overdue_on:
        conditions += [*within(close, NO_DAY.replace(year=2), filters.overdue_on), Lead.status.in_(OPEN)]
    return conditions


def read_sort(word: str | None) -> Sort:
    """
    Turn the sort word of an address into an order.

    :param word: one of ``SORTS``, with a minus in front for largest first; anything else means ``DEFAULT_SORT``
    :return: the full order
    """
    word = word if word and word.removeprefix("-") in SORTS else DEFAULT_SORT
    key = word.removeprefix("-")
    # The index is one of the latest activities, so the id has to be theirs as well.
    row_id = LeadLastActivity.lead_id if key == "last_activity" else Lead.id
    return Sort(SORTS[key], row_id.expression, word.startswith("-"), is_indexed=key in INDEXED, groups=GROUPS.get(key))


def list_leads(
    filters: LeadFilter, *, sort: str | None, cursor: str | None, columns: Sequence[str] | None = SHOWN, size: int = 50
) -> Page:
    """
    Load one page of the list of leads, with each lead's owner; of the lead itself only what a list shows.

    :param filters: which leads
    :param sort: a sort word, as in ``read_sort``
    :param cursor: where the page starts; ``None`` for the first
    :param columns: the columns to show; ``None`` loads the leads whole, and without their owners
    :param size: rows a page
    :return: the page
    """
    order = read_sort(sort)
    loaded = load_shown(Lead, COLUMNS, columns, always=_ALWAYS)
    query = _join_touch(select_leads(filters), filters, order).options(*loaded)
    base_query = _select_in_order(filters, order)
    return load_page(
        query, order, cursor=cursor, size=size, base_query=base_query, fallback_sort=read_sort(DEFAULT_SORT)
    )


_ALWAYS = (Lead.id, Lead.name, Lead.company, Lead.status, Lead.owner_id, Lead.currency)
"""What a page of the list loads whatever is shown; a description of 20,000 characters is not among it."""


def _select_in_order(filters: LeadFilter, order: Sort) -> Select[Any] | None:
    """What an index gives in this order: as much as is filtered by its own column; ``None`` where that is all."""
    key = next(key for key, expression in SORTS.items() if expression is order.expression)
    known = {name: getattr(filters, name) for name in FILTERS_OF.get(key, ()) if name in filters.in_use}
    one = {"statuses": filters.statuses, "owner_ids": filters.owner_ids} if key == "updated_at" else {}
    known |= {name: values for name, values in one.items() if len(values) == 1 and 0 not in values and not known}
    within_order = LeadFilter(**known)
    is_all = set(known) == set(filters.in_use)
    if is_all:
        return None
    found = _join_touch(select_leads(within_order), within_order, order)
    # Untouched is about both: what was touched since is not even walked past.
    is_about_rest = filters.untouched_since is not None and key in ("updated_at", "last_activity")
    return found.where(order.expression < filters.untouched_since) if is_about_rest else found


def _join_touch(query: Select[Any], filters: LeadFilter, order: Sort) -> Select[Any]:
    if order.expression is SORTS["last_activity"] and not filters.asks_for_activity:
        query = query.join(LeadLastActivity, LeadLastActivity.lead_id == Lead.id)
    return query


def stream_columns(
    filters: LeadFilter, columns: Sequence[Any], *, sort: str | None, size: int = 1000
) -> Iterator[Sequence[Any]]:
    """
    Run through all leads of a list in its order, a batch at a time, with flat memory.

    :param filters: which leads
    :param columns: what to read of each: columns of ``Lead``, ``LeadTouch``, ``Owner``, ``Maker``, ``Changer`` and
        ``Customer``
    :param sort: a sort word, as in ``read_sort``
    :param size: rows a batch
    :return: an iterator over rows of values
    """
    order, query = read_sort(sort), select_leads(filters)
    if not order.is_indexed:
        order = choose_sort(count_some(query, order), order, read_sort(DEFAULT_SORT))
    if not filters.asks_for_activity:
        query = query.join(LeadLastActivity, LeadLastActivity.lead_id == Lead.id)
    for person, person_id in ((Owner, Lead.owner_id), (Maker, Lead.created_by_id), (Changer, Lead.updated_by_id)):
        query = query.outerjoin(person, person.id == person_id)
    query = join_groups(query.outerjoin(Customer, Lead.customer_id == Customer.id), order)
    query = query.with_only_columns(*columns, maintain_column_froms=True).order_by(*order.columns)
    yield from db.session.execute(query.execution_options(yield_per=size))


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
    return db.session.scalars(
        select(LeadSource.name).order_by(func.crm_fold(LeadSource.name), LeadSource.name).limit(limit)
    ).all()


def list_words_in_use(*, limit: int = 200) -> dict[str, list[str]]:
    """
    List what leads can be filtered by, as far as it is a matter of what somebody typed, in one statement.

    :param limit: how many of each at most
    :return: the known sources, and the industries and countries in use, each in alphabetical order
    """
    found: dict[str, list[str]] = {"source": [], "industry": [], "country": []}
    for kind, word in db.session.execute(_select_words_in_use(limit)):
        found[kind].append(word)
    return found


@cache
def _select_words_in_use(limit: int) -> CompoundSelect[Any]:
    source = select(literal("source").label("kind"), LeadSource.name.label("word"))
    source = source.order_by(func.crm_fold(LeadSource.name), LeadSource.name).limit(limit)
    industry = select_words_in_use("industry", Lead, INDEXED["industry"], Lead.industry, limit=limit)
    country = select_words_in_use("country", Lead, GROUPS["country"].column, Lead.country, limit=limit)
    # Each part stands in parentheses, with its own order and limit; a union keeps the order of its parts.
    return union_all(*(part.subquery().select() for part in (source, industry, country)))


def find_active_conversion(lead_id: int) -> Conversion | None:
    """
    Find the line of the ledger that has not been undone.

    :param lead_id: the lead
    :return: the line; ``None`` where the lead was never won, or the win was undone
    """
    return db.session.scalar(select(Conversion).where(Conversion.lead_id == lead_id, Conversion.undone_at.is_(None)))
