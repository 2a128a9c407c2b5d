"""Queries for the reports: sums of the aggregates that the database keeps, never scans of all leads."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from crm_web.core.extensions import db
from crm_web.models import WAY_TO_WON, ActivityKind, Lead, LeadStatus, LostReason, Metric, StatusKind
from crm_web.records.folding import fold
from crm_web.stats.aggregates import LeadScope, Totals, sum_counts, sum_rows
from crm_web.stats.periods import Period, month_of

MOST_LINES = 200
DAY = 86400


@dataclass(frozen=True)
class Outcome:
    """What became of a group of leads."""

    part: Any
    counts: Mapping[StatusKind, int]

    @property
    def all(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class TimeInStatus:
    """How long leads stayed in a status.

    :param median_days: half of them left within so many whole days; counted in weeks above 14 days, then in months of
        30
    """

    count: int = 0
    mean_days: Decimal = Decimal(0)
    median_days: int = 0


@dataclass(frozen=True)
class Expected:
    """Open leads that are expected to close within some days.

    :param first_day: ``None`` for anything earlier
    :param next_day: the day after the last one; ``None`` for anything later
    :param currency: empty for leads without an amount
    """

    first_day: date | None
    next_day: date | None
    currency: str
    count: int
    amount: Decimal
    weighted: Decimal
    has_day: bool = True


def count_created(scope: LeadScope, period: Period | None) -> dict[LeadStatus, int]:
    """Count the leads created in a period (``None``: ever) by their present status."""
    rows = sum_counts(Metric.CREATED, "status", scope=scope, period=period)
    counts = {row.status: int(row.how_many) for row in rows}
    return {status: counts.get(status.value, 0) for status in LeadStatus}


def count_reached(scope: LeadScope, period: Period | None) -> dict[LeadStatus, int]:
    """Count how many of the leads created in a period (``None``: ever) reached each status on the way to Won.

    What became of them since does not matter; the first status counts all of them.
    """
    rows = sum_counts(Metric.CREATED, "detail", scope=scope, period=period)
    furthest = {row.detail: int(row.how_many) for row in rows}
    return {
        status: sum(furthest.get(later.value, 0) for later in WAY_TO_WON[place:])
        for place, status in enumerate(WAY_TO_WON)
    }


def count_outcomes(part: str, scope: LeadScope, period: Period | None) -> list[Outcome]:
    """Count what became of the leads created in a period (``None``: ever).

    :param part: what to group by: ``source``, ``owner_id`` or ``starts_on``
    :return: months in order; other groups with the most leads first
    """
    counts: dict[Any, Counter[StatusKind]] = defaultdict(Counter)
    for row in sum_counts(Metric.CREATED, part, "status", scope=scope, period=period):
        counts[getattr(row, part)][LeadStatus(row.status).kind] += int(row.how_many)
    lines = [Outcome(key, counted) for key, counted in counts.items()]
    if part == "starts_on":
        return sorted(lines, key=lambda line: line.part)
    return sorted(lines, key=lambda line: (-line.all, fold(str(line.part))))[:MOST_LINES]


def measure_time_in_status(scope: LeadScope, period: Period | None) -> dict[LeadStatus, TimeInStatus]:
    """Measure how long leads stayed in each open status that they left in a period (``None``: ever)."""
    rows = sum_counts(Metric.STAYED, "status", "detail", scope=scope, period=period)
    return {
        status: _measure([row for row in rows if row.status == status.value])
        for status in LeadStatus
        if status.kind is StatusKind.OPEN
    }


def _measure(rows: Sequence[Any]) -> TimeInStatus:
    count = int(sum(row.how_many for row in rows))
    if not count:
        return TimeInStatus()
    half, so_far, days = (count + 1) // 2, 0, 0
    for row in sorted(rows, key=lambda row: int(row.detail)):
        so_far, days = so_far + int(row.how_many), int(row.detail)
        if so_far >= half:
            break
    return TimeInStatus(count, Decimal(sum(row.seconds for row in rows)) / count / DAY, days)


def count_closed(scope: LeadScope, period: Period | None) -> dict[tuple[LeadStatus, LostReason | None], Totals]:
    """Count the leads closed in a period (``None``: ever): those won, and those lost by reason."""
    found: dict[tuple[LeadStatus, LostReason | None], list[Any]] = defaultdict(list)
    for row in sum_counts(Metric.CLOSED, "status", "detail", "currency", scope=scope, period=period):
        found[LeadStatus(row.status), LostReason(row.detail) if row.detail else None].append(row)
    return {key: sum_rows(rows) for key, rows in found.items()}


def count_closed_by_month(scope: LeadScope, period: Period | None) -> dict[date, tuple[Totals, Totals]]:
    """Count the leads closed in each month of a period (``None``: ever): those won and those lost, by first day."""
    found: dict[date, tuple[list[Any], list[Any]]] = defaultdict(lambda: ([], []))
    # A month in which nothing was closed is a row too.
    found |= {month.first_day: ([], []) for month in (period.months if period else ())}
    for row in sum_counts(Metric.CLOSED, "starts_on", "status", "currency", scope=scope, period=period):
        found[row.starts_on][LeadStatus(row.status).kind is StatusKind.LOST].append(row)
    return {first_day: (sum_rows(won), sum_rows(lost)) for first_day, (won, lost) in found.items()}


def list_expected(scope: LeadScope, months: Sequence[Period]) -> list[Expected]:
    """Add up the open leads by month of expected close and by currency.

    :return: earlier ones, those of each month, later ones, and those without a date, each by currency
    """
    rows = sum_counts(Metric.EXPECTED, "starts_on", "currency", scope=scope)
    first, after = months[0].first_day, months[-1].next_day
    stretches: list[tuple[date | None, date | None]] = [
        (None, first),
        *((month.first_day, month.next_day) for month in months),
        (after, None),
    ]
    lines = [
        _add_expected(start, end, [row for row in rows if row.starts_on and _is_within(row.starts_on, start, end)])
        for start, end in stretches
    ]
    without = _add_expected(None, None, [row for row in rows if row.starts_on is None])
    return [line for stretch in lines for line in stretch] + [replace(line, has_day=False) for line in without]


def _is_within(day: date, start: date | None, end: date | None) -> bool:
    return (start is None or day >= start) and (end is None or day < end)


def _add_expected(start: date | None, end: date | None, rows: Sequence[Any]) -> list[Expected]:
    """One row per currency, the one with the most leads first, leads without an amount last."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.currency].append(row)
    lines = [
        Expected(
            start,
            end,
            currency,
            sum(int(row.how_many) for row in same),
            sum((row.amount for row in same), Decimal(0)),
            sum((row.weighted for row in same), Decimal(0)) / 100,
        )
        for currency, same in found.items()
    ]
    return sorted(lines, key=lambda line: (not line.currency, -line.count, line.currency))


def count_activities(owner_ids: Sequence[int], period: Period | None) -> dict[int, Counter[ActivityKind]]:
    """Count activities by person and kind.

    :param owner_ids: of these people only; empty for everyone
    :param period: the months in which they took place; ``None`` for all time
    """
    counts: dict[int, Counter[ActivityKind]] = defaultdict(Counter)
    rows = sum_counts(Metric.ACTIVITY, "owner_id", "status", scope=LeadScope(owner_ids), period=period)
    for row in rows:
        counts[row.owner_id][ActivityKind(row.status)] += int(row.how_many)
    return dict(sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))[:MOST_LINES])


def find_all_months(zone: tzinfo, today: date, *, most: int) -> Period:
    """Return the months from the first lead until now."""
    first: datetime | None = db.session.scalar(select(func.min(Lead.created_at)).where(Lead.deleted_at.is_(None)))
    begin = min(first.astimezone(zone).date() if first else today, today)
    place = today.year * 12 + today.month - most
    begin = max(begin, date(place // 12, place % 12 + 1, 1))
    return Period(month_of(begin, zone).first_day, month_of(today, zone).next_day, zone)
