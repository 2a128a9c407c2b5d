"""Queries for the board: totals of the columns, and their cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, union_all
from sqlalchemy.orm import joinedload, load_only, with_expression

from crm_web.core.extensions import db
from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
from crm_web.lists.pagination import COUNT_LIMIT, PAGE_SIZE, Sort, cursor_after, load_page
from crm_web.models import NEXT_DUE, Lead, LeadStatus, Metric, StatusKind
from crm_web.stats.aggregates import LeadScope, Totals, columns_to_sum, count_current, sum_counts, sum_rows
from crm_web.stats.periods import Period

SHOWN_ON_CARD = (
    *(Lead.id, Lead.name, Lead.company, Lead.status, Lead.amount, Lead.currency, Lead.owner_id),
    *(Lead.expected_close_on, Lead.closed_at, Lead.updated_at),
)
RARE = 1000
"""Up to how many leads of a column are found first and then put in order; of more the first are soon met in order."""


@dataclass(frozen=True)
class Standing:
    """The totals of the columns."""

    tallies: Mapping[LeadStatus, Totals]
    is_exact: bool = True


@dataclass(frozen=True)
class Cards:
    """A page of a column.

    :param next: the cursor of the next page; ``None`` if there is none
    """

    leads: Sequence[Lead] = ()
    next: str | None = None


def count_columns(filters: LeadFilter, closed_in: Period | None) -> Standing:
    """Count the leads of each column, and add up their amounts by currency.

    Filters by owner and source use the aggregates; with others the leads are counted, up to a limit.

    :param filters: whose statuses are the columns
    :param closed_in: whole months in which closed leads were closed; ``None`` for no restriction
    """
    if closed_in is None or not filters.is_counted:
        return _count_some(filters, closed_in)
    whose = LeadScope(filters.owner_ids, filters.sources)
    closed = sum_counts(Metric.CLOSED, "status", "currency", scope=whose, period=closed_in)
    totals = {
        status: standing if status.kind is StatusKind.OPEN else sum_rows(row for row in closed if row.status == status)
        for status, standing in count_current(whose).items()
    }
    return Standing(totals)


def _count_some(filters: LeadFilter, closed_in: Period | None) -> Standing:
    matches = _select_recent(filters, closed_in).with_only_columns(Lead.status, Lead.currency, Lead.amount)
    some = matches.limit(COUNT_LIMIT + 1).subquery()
    query = select(some.c.status, *columns_to_sum(some.c))
    rows = db.session.execute(query.group_by(some.c.status, some.c.currency)).all()
    totals = {status: sum_rows(row for row in rows if row.status is status) for status in LeadStatus}
    return Standing(totals, is_exact=sum(row.how_many for row in rows) <= COUNT_LIMIT)


def _select_recent(filters: LeadFilter, closed_in: Period | None) -> Select[Any]:
    query = LEADS.select(filters)
    return query if closed_in is None else query.where(or_(Lead.closed_at.is_(None), Lead.closed_at >= closed_in.start))


def _select_column(filters: LeadFilter, status: LeadStatus, closed_in: Period | None) -> Select[Any]:
    query = LEADS.select(replace(filters, statuses=[status]))
    if filters.owner_ids == [0]:
        # Repeated in the form of the index on owned leads.
        query = query.where(Lead.owner_id.is_(None))
    if closed_in is None or status.kind is StatusKind.OPEN:
        return query
    return query.where(Lead.closed_at >= closed_in.start)


def list_cards(
    filters: LeadFilter, closed_in: Period | None, standing: Standing, *, size: int = PAGE_SIZE
) -> dict[LeadStatus, Cards]:
    """Load the first cards of every column in one query: open leads by last update, closed ones by closing time.

    :param filters: whose statuses have cards
    :param closed_in: whole months in which closed leads were closed; ``None`` for no restriction
    :return: leads with their owners, latest activities and next tasks
    """
    # Searching for statuses that are empty would be slowest.
    filled = [status for status in filters.statuses if standing.tallies[status].count or not standing.is_exact]
    if not filled:
        return dict.fromkeys(filters.statuses, Cards())
    rare = {status for status in filled if _is_rare(filters, standing, status)}
    firsts = [_select_first(filters, status, closed_in, status in rare, size) for status in filled]
    wanted = union_all(*firsts).subquery("wanted")
    query = select(Lead).join(wanted, wanted.c.id == Lead.id).options(*_LOADED)
    leads = db.session.scalars(query.order_by(wanted.c.key.desc(), wanted.c.id.desc())).all()
    return {status: _cut([lead for lead in leads if lead.status is status], size) for status in filters.statuses}


_LOADED = (
    load_only(*SHOWN_ON_CARD),
    joinedload(Lead.owner),
    joinedload(Lead.last_touch),
    with_expression(Lead.next_due_on, NEXT_DUE),
)


def _is_rare(filters: LeadFilter, standing: Standing, status: LeadStatus) -> bool:
    if filters.in_use in ([], ["statuses"]) or not standing.is_exact:
        return False
    return "words" in filters.in_use or standing.tallies[status].count <= RARE


def _select_first(
    filters: LeadFilter, status: LeadStatus, closed_in: Period | None, is_rare: bool, size: int
) -> Select[Any]:
    """Select the keys of a column's first cards and one more, from an index or, if they are few, from all that
    match.
    """
    query = _select_column(filters, status, closed_in).with_only_columns(Lead.id, _key_of(status).label("key"))
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
    return Cards(leads[:size], cursor_after(last.updated_at if last.closed_at is None else last.closed_at, last.id))


def list_column(filters: LeadFilter, closed_in: Period | None, *, cursor: str) -> Cards:
    """Load a page of one column.

    :param filters: with one status
    :param closed_in: whole months in which closed leads were closed; ``None`` for no restriction
    :return: leads with their owners and latest activities
    """
    (status,) = filters.statuses
    order = Sort(_key_of(status), Lead.id.expression, descending=True)
    query = _select_column(filters, status, closed_in).options(*_LOADED)
    base_query = _select_column(LeadFilter(statuses=[status]), status, closed_in)
    page = load_page(query, order, cursor=cursor, base_query=base_query if filters.in_use != ["statuses"] else None)
    return Cards(page.rows, page.next)


def _key_of(status: LeadStatus) -> ColumnElement[Any]:
    return Lead.updated_at.expression if status.kind is StatusKind.OPEN else Lead.closed_at.expression
