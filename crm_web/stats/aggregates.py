"""Reads the aggregates: the compacted ones and the deltas since, as one exact sum.

A page reads a few hundred rows, whatever the number of leads. Amounts in different currencies are never added up.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql.visitors import iterate

from crm_web.core.extensions import db
from crm_web.core.prepared import ONE_PLAN, Prepared
from crm_web.models import Activity, Count, CountDelta, Lead, LeadStatus, Metric, StatusPeriod
from crm_web.stats.periods import Period, month_of

SUMS = ("how_many", "how_many_priced", "amount", "weighted", "seconds")
MOST_EDGES = 2
"""Not knowing the moments, PostgreSQL expects that many edges of months hold so many rows that it would read all."""


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
    return sum_by_status(sum_counts(Metric.STANDING, "status", "currency", scope=scope))


def select_record_count(metric: Metric) -> ColumnElement[int]:
    """Build the expression for the number of leads, customers or contacts outside the trash, from the aggregates.

    :param metric: one without a month
    """
    query, _ = select_counts(metric)
    counted = select(query.subquery().c.how_many).scalar_subquery()
    return cast(func.coalesce(counted, 0), Integer)


def sum_by_status(rows: Iterable[Any]) -> dict[LeadStatus, Totals]:
    """Add up rows of several statuses and currencies, in the order of a sale."""
    by_status: dict[str, list[Any]] = {status: [] for status in LeadStatus}
    for row in rows:
        by_status[row.status].append(row)
    return {status: sum_rows(found) for status, found in zip(LeadStatus, by_status.values(), strict=True)}


def sum_counts(
    metric: Metric, *parts: str, scope: LeadScope = ALL_LEADS, period: Period | None = None
) -> Sequence[Any]:
    """Sum a metric, grouped by some columns.

    :param parts: columns of ``Count`` to group by; ``starts_on`` is the first day of a month in the user's time zone
    :param period: whole months in the user's time zone; ``None`` for all time, with months in UTC
    :return: a row for each group, with the columns and ``SUMS``
    """
    query, values = select_counts(metric, *parts, scope=scope, period=period)
    prepared = _prepare(query)
    return db.session.execute(query, values).all() if prepared is None else prepared.all(**values)


def select_counts(
    metric: Metric, *parts: str, scope: LeadScope = ALL_LEADS, period: Period | None = None
) -> tuple[Select[Any], dict[str, Any]]:
    """Build the statement of ``sum_counts``; the same one whenever the same is asked.

    :return: the statement, and its parameters
    """
    edges = _find_edges(period, tells_months="starts_on" in parts) if period and metric in MOMENTS else []
    question = _Question(metric, parts, bool(scope.owner_ids), bool(scope.sources), period is not None, len(edges))
    values = {
        "owner_ids": [*scope.owner_ids],
        "sources": [*scope.sources],
        **(_list_days(period, edges) if period else {}),
    }
    query, names = _build(question)
    return query, {name: values[name] for name in names}


@dataclass(frozen=True)
class _Question:
    """What a statement depends on; the rest are its parameters."""

    metric: Metric
    parts: tuple[str, ...]
    names_owners: bool
    names_sources: bool
    has_period: bool
    edges: int

    @property
    def reads_all(self) -> bool:
        """Whether no aggregates are kept for it: how to read the rows depends on how many it is about."""
        return self.metric is Metric.STAYED and self.level == 0

    @property
    def level(self) -> int:
        """Aggregates exist by owner and source, by either, and for all: the coarsest that suffices."""
        is_by_owner, is_by_source = "owner_id" in self.parts, "source" in self.parts
        return (0 if is_by_owner or self.names_owners else 2) + (0 if is_by_source or self.names_sources else 1)


@lru_cache(maxsize=256)
def _build(question: _Question) -> tuple[Select[Any], Sequence[str]]:
    """Build a statement once for each question, since this takes longer than to answer it.

    :return: the statement, and the names of its parameters
    """
    arms = [_pick(table, question) for table in (Count, CountDelta)]
    if question.reads_all:
        arms = [_pick_rows(question)]
    elif question.edges:
        arms += [_pick_edges(question, sign) for sign in (1, -1)]
    cells = union_all(*arms).subquery()
    kept = [cells.c[part] for part in question.parts]
    sums = [func.sum(cells.c[name]).label(name) for name in SUMS]
    query: Select[Any] = select(*kept, *sums).group_by(*kept)
    query = query.having(or_(*(func.sum(cells.c[name]) != 0 for name in SUMS)))
    if question.edges <= MOST_EDGES and not question.reads_all:
        query = query.execution_options(prepared=ONE_PLAN)
    parameters = {str(it.key) for it in iterate(query) if isinstance(it, BindParameter) and it.required}
    return query, sorted(parameters)


@lru_cache(maxsize=256)
def _prepare(query: Select[Any]) -> Prepared | None:
    """Let a statement be run without the session, if one plan is the best for all its values."""
    return Prepared(query) if query.get_execution_options() else None


def _list_days(period: Period, edges: Sequence[tuple[datetime, datetime]]) -> dict[str, Any]:
    """The parameters of a statement about a period."""
    values: dict[str, Any] = {"first_day": period.first_day, "next_day": period.next_day}
    values |= {"start": period.start, "end": period.end}
    if edges:
        days = [*(month.first_day for month in period.months), period.next_day]
        for sign, zone in ((1, period.zone), (-1, UTC)):
            starts = [datetime.combine(day, time(), zone) for day in days]
            values[f"starts{sign}"] = starts
            for number, edge in enumerate(edges):
                # What is left of it within these months may be nothing.
                ends = (min(max(moment, starts[0]), starts[-1]) for moment in edge)
                values |= {f"edge{number}_{side}{sign}": moment for side, moment in enumerate(ends)}
    return values


def _pick(table: Any, question: _Question) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = [table.figure == question.metric]
    conditions += _belongs(table.owner_id, table.source, question)
    if table is Count:
        conditions.append(Count.level == question.level)
    if question.has_period:
        conditions += [table.starts_on >= bindparam("first_day"), table.starts_on < bindparam("next_day")]
    return select(*(getattr(table, name) for name in (*question.parts, *SUMS))).where(*conditions)


def _pick_rows(question: _Question) -> Select[Any]:
    """The rows themselves, for metrics with so few rows per group that no aggregates are kept."""
    moment, columns, conditions = MOMENTS[question.metric]
    picked = [columns[part].label(part) for part in question.parts]
    sums = [columns.get(name, literal(0)).label(name) for name in SUMS]
    within = [moment >= bindparam("start"), moment < bindparam("end")] if question.has_period else []
    belongs = _belongs(columns["owner_id"], columns["source"], question)
    return select(*picked, *sums).where(*conditions, *within, *belongs)


def _belongs(owner_id: Any, source: Any, question: _Question) -> list[ColumnElement[bool]]:
    owner_ids, sources = (bindparam("owner_ids", type_=ARRAY(BigInteger)), bindparam("sources", type_=ARRAY(Text)))
    owned = [owner_id == any_(owner_ids)] if question.names_owners else []
    return [*owned, *([source == any_(sources)] if question.names_sources else [])]


def _find_edges(period: Period, *, tells_months: bool) -> list[tuple[datetime, datetime]]:
    """Find the hours by which the user's months differ from those in UTC, for which aggregates are kept.

    Those hours are counted from the rows. Without grouping by month only the first and the last edge matter.
    """
    days = [month.first_day for month in period.months]
    days = [*days, period.next_day] if tells_months else [days[0], period.next_day]
    moments = [(month_of(day, period.zone).start, datetime.combine(day, time(), UTC)) for day in days]
    return [(min(theirs, ours), max(theirs, ours)) for theirs, ours in moments if theirs != ours]


def _pick_edges(question: _Question, sign: int) -> Select[Any]:
    """Add the rows at the edges to the user's months (sign 1), or subtract them from the UTC months (sign -1)."""
    moment, columns, conditions = MOMENTS[question.metric]
    starts: Any = bindparam(f"starts{sign}", type_=ARRAY(DateTime(timezone=True)))
    place = func.width_bucket(moment, starts)
    month = cast(bindparam("first_day", type_=Date()) + func.make_interval(0, place - 1), Date)
    known: dict[str, ColumnElement[Any]] = {"starts_on": month, **columns}
    picked = [known[part].label(part) for part in question.parts]
    sums = [(sign * columns.get(name, literal(0))).label(name) for name in SUMS]
    edges = (
        [bindparam(f"edge{number}_{side}{sign}", type_=DateTime(timezone=True)) for side in (0, 1)]
        for number in range(question.edges)
    )
    at_edges = or_(*(and_(moment >= start, moment < end) for start, end in edges))
    belongs = _belongs(columns["owner_id"], columns["source"], question)
    return select(*picked, *sums).where(at_edges, *conditions, *belongs)


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
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    counts: dict[str, int] = defaultdict(int)
    for part in parts:
        amounts[part.currency] += part.amount
        counts[part.currency] += part.count
    added = (CurrencyTotal(currency, amount, counts[currency]) for currency, amount in amounts.items())
    return sorted(added, key=lambda worth: (-worth.count, worth.currency))
