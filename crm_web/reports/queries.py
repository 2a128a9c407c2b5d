"""What the reports ask: sums of the aggregates that the database keeps, never a look at every lead."""

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
    """
    What became of some leads.

    :param part: what they have in common: a source, the id of an owner, or the first day of a month
    :param counts: how many stand in a status of each kind
    """

    part: Any
    counts: Mapping[StatusKind, int]

    @property
    def all(self) -> int:
        """How many leads they are."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Stays:
    """
    How long leads stood in a status that they left.

    :param count: how often one left it
    :param mean_days: the mean, in days
    :param median_days: half of them left within this many whole days; beyond a fortnight in weeks, then in months of 30
    """

    count: int = 0
    mean_days: Decimal = Decimal(0)
    median_days: int = 0


@dataclass(frozen=True)
class Expected:
    """
    Open leads that are expected to close in some days.

    :param first_day: the first of these days; ``None`` for whatever is earlier
    :param next_day: the first day after them; ``None`` for whatever is later
    :param currency: of their amounts; empty for leads without an amount
    :param count: how many there are
    :param amount: the sum of their amounts
    :param weighted: the same, each amount times its probability
    :param has_day: whether they have an expected close at all
    """

    first_day: date | None
    next_day: date | None
    currency: str
    count: int
    amount: Decimal
    weighted: Decimal
    has_day: bool = True


def count_created(scope: LeadScope, period: Period | None) -> dict[LeadStatus, int]:
    """
    Count the leads that came in, by where they stand now.

    :param scope: which leads
    :param period: the months in which they were created; ``None`` for all time
    :return: each status with its number
    """
    rows = sum_counts(Metric.CREATED, "status", scope=scope, period=period)
    counts = {row.status: int(row.how_many) for row in rows}
    return {status: counts.get(status.value, 0) for status in LeadStatus}


def count_reached(scope: LeadScope, period: Period | None) -> dict[LeadStatus, int]:
    """
    Count how many of the leads that came in got at least as far as each status, whatever became of them since.

    :param scope: which leads
    :param period: the months in which they were created; ``None`` for all time
    :return: the statuses on the way to Won, each with its number, the first with all
    """
    rows = sum_counts(Metric.CREATED, "detail", scope=scope, period=period)
    furthest = {row.detail: int(row.how_many) for row in rows}
    return {
        status: sum(furthest.get(later.value, 0) for later in WAY_TO_WON[place:])
        for place, status in enumerate(WAY_TO_WON)
    }


def count_outcomes(part: str, scope: LeadScope, period: Period | None) -> list[Outcome]:
    """
    Count what became of the leads that came in.

    :param part: ``source``, ``owner_id`` or ``starts_on``, by what to tell them apart
    :param scope: which leads
    :param period: the months in which they were created; ``None`` for all time
    :return: a line for each part: months in order, of others those with the most leads first
    """
    counts: dict[Any, Counter[StatusKind]] = defaultdict(Counter)
    for row in sum_counts(Metric.CREATED, part, "status", scope=scope, period=period):
        counts[getattr(row, part)][LeadStatus(row.status).kind] += int(row.how_many)
    lines = [Outcome(key, counted) for key, counted in counts.items()]
    if part == "starts_on":
        return sorted(lines, key=lambda line: line.part)
    return sorted(lines, key=lambda line: (-line.all, fold(str(line.part))))[:MOST_LINES]


def measure_stays(scope: LeadScope, period: Period | None) -> dict[LeadStatus, Stays]:
    """
    Measure how long leads stood in each open status before they left it.

    :param scope: whose they were then, and from which source
    :param period: the months in which they left; ``None`` for all time
    :return: the open statuses with what was measured
    """
    rows = sum_counts(Metric.STAYED, "status", "detail", scope=scope, period=period)
    return {
        status: _measure([row for row in rows if row.status == status.value])
        for status in LeadStatus
        if status.kind is StatusKind.OPEN
    }


def _measure(rows: Sequence[Any]) -> Stays:
    count = int(sum(row.how_many for row in rows))
    if not count:
        return Stays()
    half, so_far, days = (count + 1) // 2, 0, 0
    for row in sorted(rows, key=lambda row: int(row.detail)):
        so_far, days = so_far + int(row.how_many), int(row.detail)
        if so_far >= half:
            break
    return Stays(count, Decimal(sum(row.seconds for row in rows)) / count / DAY, days)


def count_closed(scope: LeadScope, period: Period | None) -> dict[tuple[LeadStatus, LostReason | None], Totals]:
    """
    Count the leads that were won, and those that were lost for each reason.

    :param scope: which leads
    :param period: the months in which they were closed; ``None`` for all time
    :return: a tally for each status and reason that occurs
    """
    found: dict[tuple[LeadStatus, LostReason | None], list[Any]] = defaultdict(list)
    for row in sum_counts(Metric.CLOSED, "status", "detail", "currency", scope=scope, period=period):
        found[LeadStatus(row.status), LostReason(row.detail) if row.detail else None].append(row)
    return {key: sum_rows(rows) for key, rows in found.items()}


def list_expected(scope: LeadScope, months: Sequence[Period]) -> list[Expected]:
    """
    Add up the open leads by the month of their expected close and by currency.

    :param scope: which leads
    :param months: the months that are told apart, in a row
    :return: a line for each stretch and currency that occurs: before, each month, later, and without a day
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
    """One line for each currency, that of most leads first and what has no amount last."""
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
    """
    Count what each person entered.

    :param owner_ids: only of these people; empty for everyone
    :param period: the months in which it happened; ``None`` for all time
    :return: for each person, 0 where nobody is known, how many activities of each kind
    """
    counts: dict[int, Counter[ActivityKind]] = defaultdict(Counter)
    rows = sum_counts(Metric.ACTIVITY, "owner_id", "status", scope=LeadScope(owner_ids), period=period)
    for row in rows:
        counts[row.owner_id][ActivityKind(row.status)] += int(row.how_many)
    return dict(sorted(counts.items(), key=lambda item: (-item[1].total(), item[0]))[:MOST_LINES])


def find_all_months(zone: tzinfo, today: date, *, most: int) -> Period:
    """
    Find the months from the first lead until now.

    :param zone: the reader's time zone
    :param today: the reader's day
    :param most: how many months at most, the latest ones
    :return: those months
    """
    first: datetime | None = db.session.scalar(select(func.min(Lead.created_at)).where(Lead.deleted_at.is_(None)))
    begin = min(first.astimezone(zone).date() if first else today, today)
    place = today.year * 12 + today.month - most
    begin = max(begin, date(place // 12, place % 12 + 1, 1))
    return Period(month_of(begin, zone).first_day, month_of(today, zone).next_day, zone)
