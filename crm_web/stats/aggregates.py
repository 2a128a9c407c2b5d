"""Reads the aggregates: the compacted ones and the deltas since, as one exact sum.

A page reads a few hundred rows, whatever the number of leads. Amounts in different currencies are never added up.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    DateTime,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)

from crm_web.core.extensions import db
from crm_web.models import Activity, Count, CountDelta, Lead, LeadStatus, Metric, StatusPeriod
from crm_web.stats.periods import Period, month_of

SUMS = ("how_many", "how_many_priced", "amount", "weighted", "seconds")


@dataclass(frozen=True)
class CurrencyTotal:
    """The value of some leads in one currency.

    :param currency: its ISO code
    """

    currency: str
    amount: Decimal
    count: int


@dataclass(frozen=True)
class Totals:
    """Number and value of some leads.

    :param count: with an amount or without
    """

    count: int = 0
    by_currency: Sequence[CurrencyTotal] = field(default=())


@dataclass(frozen=True)
class LeadScope:
    """Which leads are counted; both parts empty mean all.

    :param owner_ids: of any of these owners; 0 means unassigned
    :param sources: from any of these; the empty text means none
    """

    owner_ids: Sequence[int] = ()
    sources: Sequence[str] = ()


ALL_LEADS = LeadScope()
_is_priced = Lead.amount.is_not(None)
_OF_ANY_LEAD: dict[str, ColumnElement[Any]] = {
    "status": cast(Lead.status, Text),
    "owner_id": func.coalesce(Lead.owner_id, 0),
    "source": func.coalesce(Lead.source, ""),
    "how_many": literal(1),
}
# When what a cell counts happened, and its parts and sums, as crm_counts_of_lead and its sisters in migration 016 say.
MOMENTS: dict[Metric, tuple[Any, dict[str, ColumnElement[Any]], Sequence[ColumnElement[bool]]]] = {
    Metric.CREATED: (
        Lead.created_at,
        {
            **_OF_ANY_LEAD,
            "detail": func.crm_furthest_status(Lead.status, Lead.furthest_status),
            "currency": literal(""),
        },
        [Lead.deleted_at.is_(None)],
    ),
    Metric.CLOSED: (
        Lead.closed_at,
        {
            **_OF_ANY_LEAD,
            "detail": func.coalesce(cast(Lead.lost_reason, Text), ""),
            "currency": case((_is_priced, Lead.currency), else_=""),
            "how_many_priced": case((_is_priced, 1), else_=0),
            "amount": func.coalesce(Lead.amount, 0),
            "weighted": func.coalesce(Lead.amount * Lead.probability, 0),
        },
        [Lead.deleted_at.is_(None)],
    ),
    Metric.STAYED: (
        StatusPeriod.left_at,
        {
            "status": cast(StatusPeriod.status, Text),
            "detail": cast(func.crm_days_stayed(StatusPeriod.entered_at, StatusPeriod.left_at), Text),
            "currency": literal(""),
            "owner_id": func.coalesce(StatusPeriod.owner_id, 0),
            "source": func.coalesce(StatusPeriod.source, ""),
            "how_many": literal(1),
            "seconds": func.greatest(
                func.floor(func.extract("epoch", StatusPeriod.left_at - StatusPeriod.entered_at)), 0
            ),
        },
        [],
    ),
    Metric.ACTIVITY: (
        Activity.happened_at,
        {
            "status": cast(Activity.kind, Text),
            "detail": literal(""),
            "currency": literal(""),
            "owner_id": func.coalesce(Activity.created_by_id, 0),
            "source": literal(""),
            "how_many": literal(1),
        },
        [],
    ),
}


def count_current(scope: LeadScope = ALL_LEADS) -> dict[LeadStatus, Totals]:
    """Count the leads outside the trash by status, in the order of a sale."""
    rows = sum_counts(Metric.STANDING, "status", "currency", scope=scope)
    return {status: sum_rows(row for row in rows if row.status == status) for status in LeadStatus}


def sum_counts(
    metric: Metric, *parts: str, scope: LeadScope = ALL_LEADS, period: Period | None = None
) -> Sequence[Any]:
    """Sum a metric, grouped by some columns.

    :param parts: columns of ``Count`` to group by; ``starts_on`` is the first day of a month in the user's time zone
    :param period: whole months in the user's time zone; ``None`` for all time, with months in UTC
    :return: a row for each group, with the columns and ``SUMS``
    """
    arms = [_pick(table, metric, parts, scope, period) for table in (Count, CountDelta)]
    if metric is Metric.STAYED and _level(parts, scope) == 0:
        arms = [_pick_rows(metric, parts, scope, period)]
    elif period and metric in MOMENTS and (edges := _find_edges(period, tells_months="starts_on" in parts)):
        arms += [_pick_edges(metric, parts, scope, period, edges, sign) for sign in (1, -1)]
    cells = union_all(*arms).subquery()
    kept = [cells.c[part] for part in parts]
    sums = [func.sum(cells.c[name]).label(name) for name in SUMS]
    query: Select[Any] = select(*kept, *sums).group_by(*kept)
    return db.session.execute(query.having(or_(*(func.sum(cells.c[name]) != 0 for name in SUMS)))).all()


def _pick(table: Any, metric: Metric, parts: Sequence[str], scope: LeadScope, period: Period | None) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = [table.figure == metric, *_belongs(table.owner_id, table.source, scope)]
    if table is Count:
        # Aggregates exist by owner and source, by either, and for all: read the coarsest that suffices.
        conditions.append(Count.level == _level(parts, scope))
    if period:
        conditions += [table.starts_on >= period.first_day, table.starts_on < period.next_day]
    return select(*(getattr(table, name) for name in (*parts, *SUMS))).where(*conditions)


def _level(parts: Sequence[str], scope: LeadScope) -> int:
    is_by_owner, is_by_source = "owner_id" in parts or scope.owner_ids, "source" in parts or scope.sources
    return (0 if is_by_owner else 2) + (0 if is_by_source else 1)


def _pick_rows(metric: Metric, parts: Sequence[str], scope: LeadScope, period: Period | None) -> Select[Any]:
    """The rows themselves, for metrics with so few rows per group that no aggregates are kept."""
    moment, columns, conditions = MOMENTS[metric]
    picked = [columns[part].label(part) for part in parts]
    sums = [columns.get(name, literal(0)).label(name) for name in SUMS]
    within = [moment >= period.start, moment < period.end] if period else []
    belongs = _belongs(columns["owner_id"], columns["source"], scope)
    return select(*picked, *sums).where(*conditions, *within, *belongs)


def _belongs(owner_id: Any, source: Any, scope: LeadScope) -> list[ColumnElement[bool]]:
    owners = [owner_id.in_(scope.owner_ids)] if scope.owner_ids else []
    return [*owners, *([source.in_(scope.sources)] if scope.sources else [])]


def _find_edges(period: Period, *, tells_months: bool) -> list[tuple[datetime, datetime]]:
    """Find the hours by which the user's months differ from those in UTC, for which aggregates are kept.

    Those hours are counted from the rows. Without grouping by month only the first and the last edge matter.
    """
    days = [month.first_day for month in period.months]
    days = [*days, period.next_day] if tells_months else [days[0], period.next_day]
    moments = [(month_of(day, period.zone).start, datetime.combine(day, time(), UTC)) for day in days]
    return [(min(theirs, ours), max(theirs, ours)) for theirs, ours in moments if theirs != ours]


def _pick_edges(
    metric: Metric,
    parts: Sequence[str],
    scope: LeadScope,
    period: Period,
    edges: Sequence[tuple[datetime, datetime]],
    sign: int,
) -> Select[Any]:
    """Add the rows at the edges to the user's months (sign 1), or subtract them from the UTC months (sign -1)."""
    moment, columns, conditions = MOMENTS[metric]
    days = [month.first_day for month in period.months]
    zone = period.zone if sign == 1 else UTC
    starts = [datetime.combine(day, time(), zone) for day in (*days, period.next_day)]
    place = func.width_bucket(moment, literal(starts, ARRAY(DateTime(timezone=True))))
    month = cast(literal(days[0], Date()) + func.make_interval(0, place - 1), Date)
    known: dict[str, ColumnElement[Any]] = {"starts_on": month, **columns}
    picked = [known[part].label(part) for part in parts]
    sums = [(sign * columns.get(name, literal(0))).label(name) for name in SUMS]
    at_edges = or_(*(and_(moment >= start, moment < end) for start, end in edges))
    within = (moment >= starts[0], moment < starts[-1])
    belongs = _belongs(columns["owner_id"], columns["source"], scope)
    return select(*picked, *sums).where(at_edges, *within, *conditions, *belongs)


def columns_to_sum(leads: Any) -> tuple[ColumnElement[Any], ...]:
    """Build the columns that ``sum_rows`` reads; a query groups by the first one.

    :param leads: ``Lead``, or the columns of a subquery of leads
    """
    priced, amount = func.count(leads.amount).label("how_many_priced"), func.sum(leads.amount).label("amount")
    return (leads.currency, func.count().label("how_many"), priced, amount)


def sum_rows(rows: Iterable[Any]) -> Totals:
    """Add up rows of several currencies.

    :param rows: with ``currency`` and ``SUMS``
    """
    rows = list(rows)
    priced = (CurrencyTotal(row.currency, row.amount, int(row.how_many_priced)) for row in rows if row.how_many_priced)
    return Totals(int(sum(row.how_many for row in rows)), _by_currency(priced))


def add_totals(totals: Iterable[Totals]) -> Totals:
    """Add up several totals."""
    totals = list(totals)
    return Totals(
        sum(total.count for total in totals), _by_currency(worth for total in totals for worth in total.by_currency)
    )


def _by_currency(parts: Iterable[CurrencyTotal]) -> list[CurrencyTotal]:
    """One total per currency, the one with the most leads first, since sums can't be compared."""
    parts = list(parts)
    added = [
        CurrencyTotal(
            currency,
            sum((part.amount for part in parts if part.currency == currency), Decimal(0)),
            sum(part.count for part in parts if part.currency == currency),
        )
        for currency in {part.currency for part in parts}
    ]
    return sorted(added, key=lambda worth: (-worth.count, worth.currency))
