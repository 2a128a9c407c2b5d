"""What the board asks about leads: what stands in each column, and its first cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, union_all
from sqlalchemy.orm import contains_eager, load_only

from crm_web.extensions import db
from crm_web.leads.queries import SHOWN_IN_LIST, LeadFilter, Owner, select_leads
from crm_web.models import Activity, Lead, LeadStatus, StatusKind
from crm_web.paging import COUNT_LIMIT, PAGE_SIZE, Page, Sort, load_page, mark_after

SHOWN_ON_CARD = (*SHOWN_IN_LIST, Lead.closed_at)
Sums = Sequence[tuple[str, Decimal]]


@dataclass(frozen=True)
class Tally:
    """
    What stands in a column.

    :param count: how many leads
    :param sums: currencies and what the amounts in them add up to, the currency of most leads first
    :param is_exact: false where there are so many that only some were counted
    """

    count: int = 0
    sums: Sums = ()
    is_exact: bool = True


@dataclass(frozen=True)
class Cards:
    """
    The first leads of a column.

    :param leads: the leads, in order
    :param next: the mark of those that follow; ``None`` where these are all
    """

    leads: Sequence[Lead] = ()
    next: str | None = None


def tally_columns(filters: LeadFilter, *, closed_since: datetime | None) -> dict[LeadStatus, Tally]:
    """
    Count the leads of each column and add up their amounts, each currency by itself.

    :param filters: which leads; their statuses are the columns
    :param closed_since: of the closed leads only those closed from this moment on; ``None`` for all
    :return: a tally for each status
    """
    matches = _select_recent(filters, closed_since).with_only_columns(Lead.status, Lead.currency, Lead.amount)
    some = matches.limit(COUNT_LIMIT + 1).subquery()
    worth = (func.count(some.c.amount).label("worth"), func.sum(some.c.amount).label("amount"))
    query = select(some.c.status, some.c.currency, func.count().label("leads"), *worth)
    rows = db.session.execute(query.group_by(some.c.status, some.c.currency)).all()
    is_exact = sum(row.leads for row in rows) <= COUNT_LIMIT
    return {status: _tally([row for row in rows if row.status is status], is_exact) for status in LeadStatus}


def _tally(rows: Sequence[Any], is_exact: bool) -> Tally:
    known = sorted((row for row in rows if row.worth), key=lambda row: (-row.worth, row.currency))
    return Tally(sum(row.leads for row in rows), [(row.currency, row.amount) for row in known], is_exact)


def _select_recent(filters: LeadFilter, closed_since: datetime | None) -> Select[Any]:
    query = select_leads(filters)
    return query if closed_since is None else query.where(or_(Lead.closed_at.is_(None), Lead.closed_at >= closed_since))


def list_cards(
    filters: LeadFilter, *, closed_since: datetime | None, is_rare: bool, size: int = PAGE_SIZE
) -> dict[LeadStatus, Cards]:
    """
    Load the first cards of every column in one statement: the open ones by their last change, the closed by their end.

    :param filters: which leads; their statuses are the columns
    :param closed_since: of the closed leads only those closed from this moment on; ``None`` for all
    :param is_rare: whether few leads fit, so that they are found first and then put in order; see ``load_page``
    :param size: how many a column
    :return: the cards of each column, each lead with its owner
    """
    firsts = [_select_first(filters, status, closed_since, is_rare, size) for status in filters.statuses]
    wanted = union_all(*firsts).subquery("wanted")
    query = select(Lead).join(wanted, wanted.c.id == Lead.id).outerjoin(Owner, Lead.owner_id == Owner.id)
    query = query.options(contains_eager(Lead.owner.of_type(Owner)), load_only(*SHOWN_ON_CARD))
    leads = db.session.scalars(query.order_by(wanted.c.key.desc(), wanted.c.id.desc())).all()
    return {status: _cut([lead for lead in leads if lead.status is status], size) for status in filters.statuses}


def _select_first(
    filters: LeadFilter, status: LeadStatus, closed_since: datetime | None, is_rare: bool, size: int
) -> Select[Any]:
    """The keys of the first cards of one column and one more, from an index or (of rare ones) from all that fit."""
    query = _select_recent(replace(filters, statuses=[status]), _recent(status, closed_since))
    query = query.with_only_columns(Lead.id, _key_of(status).label("key"))
    if is_rare:
        matches = query.cte(f"matches_{status}").prefix_with("MATERIALIZED")
        query = select(matches.c.id, matches.c.key)
    first = query.order_by(query.selected_columns.key.desc(), query.selected_columns.id.desc()).limit(size + 1)
    subquery = first.subquery(f"first_{status}")
    return select(subquery.c.id, subquery.c.key)


def _cut(leads: Sequence[Lead], size: int) -> Cards:
    if len(leads) <= size:
        return Cards(leads)
    last = leads[size - 1]
    return Cards(leads[:size], mark_after(last.updated_at if last.closed_at is None else last.closed_at, last.id))


def list_column(filters: LeadFilter, *, closed_since: datetime | None, mark: str) -> Page:
    """
    Load one page of a single column.

    :param filters: which leads; their only status is the column
    :param closed_since: of closed leads only those closed from this moment on; ``None`` for all
    :param mark: where the page starts
    :return: the page, each lead with its owner
    """
    (status,) = filters.statuses
    order = Sort(_key_of(status), Lead.id.expression, descending=True)
    query = _select_recent(filters, _recent(status, closed_since)).outerjoin(Owner, Lead.owner_id == Owner.id)
    query = query.options(contains_eager(Lead.owner.of_type(Owner)), load_only(*SHOWN_ON_CARD))
    return load_page(query, order, mark=mark, filter_first=replace(filters, statuses=()) != LeadFilter())


def _key_of(status: LeadStatus) -> ColumnElement[datetime]:
    return Lead.updated_at.expression if status.kind is StatusKind.OPEN else Lead.closed_at.expression


def _recent(status: LeadStatus, closed_since: datetime | None) -> datetime | None:
    return None if status.kind is StatusKind.OPEN else closed_since


def list_last_activities(leads: Sequence[Lead]) -> Mapping[int, datetime]:
    """
    Tell when something last happened around some leads.

    :param leads: the leads
    :return: the moment of the latest activity, by the lead's id; leads without any are left out
    """
    if not leads:
        return {}
    latest = func.max(Activity.happened_at)
    query = select(Activity.lead_id, latest).where(Activity.lead_id.in_([lead.id for lead in leads]))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(Activity.lead_id))}
