"""Queries for the board: totals of the columns, and their cards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, literal, or_, select, true, union_all
from sqlalchemy.orm import aliased

from crm_web.core.extensions import db
from crm_web.leads.queries import LeadFilter, unnest_statuses
from crm_web.leads.spec import LEADS
from crm_web.lists.cursors import cursor_after
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import COUNT_LIMIT, PAGE_SIZE, load_page
from crm_web.lists.scans import Scan
from crm_web.lists.spec import SCAN_LIMIT
from crm_web.models import NEXT_DUE, Employee, Lead, LeadLastActivity, LeadStatus, Metric, StatusKind
from crm_web.stats.aggregates import LeadScope, Totals, columns_to_sum, count_current, sum_counts, sum_rows
from crm_web.stats.periods import Period

_Owner, _Latest = aliased(Employee), aliased(LeadLastActivity)
SHOWN_ON_CARD: tuple[Any, ...] = (
    *(Lead.id, Lead.name, Lead.company, Lead.status, Lead.amount, Lead.currency, Lead.owner_id),
    *(Lead.expected_close_on, Lead.closed_at, Lead.updated_at),
    _Owner.name.label("owner_name"),
    select(_Latest.at).where(_Latest.lead_id == Lead.id).correlate(Lead).scalar_subquery().label("last_activity_at"),
    NEXT_DUE.label("next_due_on"),
)
"""A card is a plain row of these: a board has hundreds, and records would take most of its time."""
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

    leads: Sequence[Row[Any]] = ()
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


def _select_column(filters: LeadFilter, closed_in: Period | None, *, is_open: bool) -> Select[Any]:
    """Select the leads of columns of one kind; the caller adds whose status."""
    query = LEADS.select(replace(filters, statuses=[]))
    if filters.owner_ids == [0]:
        # Repeated in the form of the index on owned leads.
        query = query.where(Lead.owner_id.is_(None))
    return query if closed_in is None or is_open else query.where(Lead.closed_at >= closed_in.start)


def list_cards(
    filters: LeadFilter, closed_in: Period | None, standing: Standing, *, size: int = PAGE_SIZE
) -> dict[LeadStatus, Cards]:
    """Load the first cards of every column in one query: open leads by last update, closed ones by closing time.

    :param filters: whose statuses have cards
    :param closed_in: whole months in which closed leads were closed; ``None`` for no restriction
    """
    # Searching for statuses that are empty would be slowest.
    filled = [status for status in filters.statuses if standing.tallies[status].count or not standing.is_exact]
    if not filled:
        return dict.fromkeys(filters.statuses, Cards())
    groups: dict[tuple[bool, bool], list[LeadStatus]] = {}
    for status in filled:
        is_open, is_rare = status.kind is StatusKind.OPEN, _is_rare(filters, standing, status)
        groups.setdefault((is_open, is_rare), []).append(status)
    firsts = [
        _select_first(filters, statuses, closed_in, is_open, is_rare, size)
        for (is_open, is_rare), statuses in groups.items()
    ]
    wanted = union_all(*firsts).subquery("wanted")
    query = _select_cards().join(wanted, wanted.c.id == Lead.id)
    leads = db.session.execute(query.order_by(wanted.c.key.desc(), wanted.c.id.desc())).all()
    by_status: dict[LeadStatus, list[Row[Any]]] = {status: [] for status in filters.statuses}
    for lead in leads:
        by_status[lead.status].append(lead)
    return {status: _cut(found, size) for status, found in by_status.items()}


def _select_cards() -> Select[Any]:
    return select(*SHOWN_ON_CARD).select_from(Lead).outerjoin(_Owner, _Owner.id == Lead.owner_id)


def _is_rare(filters: LeadFilter, standing: Standing, status: LeadStatus) -> bool:
    if filters.in_use in ([], ["statuses"]) or not standing.is_exact:
        return False
    return "words" in filters.in_use or standing.tallies[status].count <= RARE


def _select_first(
    filters: LeadFilter,
    statuses: Sequence[LeadStatus],
    closed_in: Period | None,
    is_open: bool,
    is_rare: bool,
    size: int,
) -> Select[Any]:
    """Select the keys of each column's first cards and one more, from an index or, if they are few, from all that
    match.
    """
    columns = unnest_statuses(statuses)
    query = _select_column(filters, closed_in, is_open=is_open).where(Lead.status == columns.c.status)
    query = query.with_only_columns(Lead.id, _key_of(is_open).label("key"))
    if is_rare:
        # The offset keeps the planner from walking an index in the order of the cards.
        matches = query.offset(literal(0)).correlate(columns).subquery("matches")
        query = select(matches.c.id, matches.c.key)
    first = query.order_by(query.selected_columns.key.desc(), query.selected_columns.id.desc()).limit(size + 1)
    cards = first.correlate(columns).lateral("first")
    return select(cards.c.id, cards.c.key).select_from(columns).join(cards, true())


def _cut(leads: Sequence[Row[Any]], size: int) -> Cards:
    if len(leads) <= size:
        return Cards(leads)
    last = leads[size - 1]
    return Cards(leads[:size], cursor_after(last.updated_at if last.closed_at is None else last.closed_at, last.id))


def list_column(filters: LeadFilter, closed_in: Period | None, *, cursor: str) -> Cards:
    """Load a page of one column.

    :param filters: with one status
    :param closed_in: whole months in which closed leads were closed; ``None`` for no restriction
    """
    (status,) = filters.statuses
    is_open = status.kind is StatusKind.OPEN
    order = Sort(_key_of(is_open), Lead.id.expression, descending=True)

    def column_of(some: LeadFilter) -> Select[Any]:
        return _select_column(some, closed_in, is_open=is_open).where(Lead.status == status)

    query = column_of(filters).outerjoin(_Owner, _Owner.id == Lead.owner_id).with_only_columns(*SHOWN_ON_CARD)
    scan = Scan(column_of(LeadFilter()), SCAN_LIMIT, [query], is_counted=True)
    page = load_page(
        query, order, cursor=cursor, scan=None if filters.in_use == ["statuses"] else scan, is_bounded=False
    )
    return Cards(page.rows, page.next)


def _key_of(is_open: bool) -> ColumnElement[Any]:
    return Lead.updated_at.expression if is_open else Lead.closed_at.expression
