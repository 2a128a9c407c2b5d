"""Builds each report as a table in which every number links to the rows that it counts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from crm_web.lists.filters import NOTHING_GIVEN
from crm_web.models import ActivityKind, LeadStatus, LostReason, StatusKind
from crm_web.records.people import map_employee_names
from crm_web.reports import queries
from crm_web.reports.charts import LineChart, draw_months
from crm_web.reports.forecast import build_forecast_report
from crm_web.reports.formatting import ReportFormatter
from crm_web.reports.params import ReportParams
from crm_web.reports.queries import Outcome
from crm_web.reports.tables import Cell, Line, Table
from crm_web.stats.aggregates import Totals, add_totals, count_current
from crm_web.stats.formatting import colour_of
from crm_web.stats.periods import Period, month_of

MOST_LINES_OF_MONTHS = 36


@dataclass(frozen=True)
class Report:
    """A report.

    :param period_of: what its period is about, such as the month of creation; empty if it has none
    :param caption: what its table shows, with the period, such as “in Nov 2026”, in its place
    """

    title: str
    question: str
    terms: str
    build: Callable[[ReportParams], Table]
    ways: Mapping[str, str]
    period_of: str
    caption: str
    has_sources: bool = True


def build_status_report(view: ReportParams) -> Table:
    """The present status of the leads that were created in the period."""
    formatter, period = ReportFormatter(view), view.period
    created = _created_in(period)
    if period is None:
        totals = count_current(view.scope)
    else:
        totals = {status: Totals(count) for status, count in queries.count_created(view.scope, period).items()}
    every = add_totals(totals.values())

    def line(label: str, total: Totals, kind: str = "", **filters_: Any) -> Line:
        cells = [
            formatter.count(total.count, **filters_, **created),
            formatter.share(total.count, every.count),
            *([formatter.worth(total.by_currency)] if period is None else []),
        ]
        return Line(label, cells, length=total.count, kind=kind)

    heads = ["Leads", "Share", *(["Value"] if period is None else [])]
    lines = [line(status.label, total, colour_of(status), status=status.value) for status, total in totals.items()]
    return Table("Status", heads, lines, line("All", every))


def build_funnel_report(view: ReportParams) -> Table:
    """How far the leads that were created in the period got."""
    formatter, created = ReportFormatter(view), _created_in(view.period)
    reached = queries.count_reached(view.scope, view.period)
    every, lines, before = reached[LeadStatus.NEW], [], 0
    for status, count in reached.items():
        is_first = status is LeadStatus.NEW
        cells = [
            formatter.count(count, **created, reached=None if is_first else status.value),
            formatter.share(count, every),
            Cell("", None) if is_first else formatter.share(count, before),
            Cell("", None) if is_first else formatter.number(before - count),
        ]
        lines.append(Line("All leads" if is_first else status.label, cells, length=count, kind=colour_of(status)))
        before = count
    return Table("Reached", ["Leads", "Share of all", "From previous status", "Dropped off"], lines)


def build_conversion_report(view: ReportParams) -> Table:
    """The win rate of the leads that were created in the period."""
    part, period, note = {"source": "source", "owner": "owner_id", "month": "starts_on"}[view.by], view.period, ""
    if view.by == "month":
        period = period or queries.find_all_months(view.user_locale.zone, view.today, most=MOST_LINES_OF_MONTHS)
        if len(period.months) >= MOST_LINES_OF_MONTHS:
            period = Period(period.months[-MOST_LINES_OF_MONTHS].first_day, period.next_day, period.zone)
            note = f"Showing the latest {MOST_LINES_OF_MONTHS} months."
    outcomes = queries.count_outcomes(part, view.scope, period)
    names = map_employee_names([outcome.part for outcome in outcomes]) if view.by == "owner" else {}
    if len(outcomes) == queries.MOST_LINES:
        note = f"Showing the top {queries.MOST_LINES} by number of leads."
    lines = [_add_outcome(view, outcome, period, names) for outcome in outcomes]
    heads = ["Leads", "Open", "Won", "Lost", "Win rate (all)", "Win rate (closed)"]
    of = view.ways[view.by].removeprefix("By ").capitalize()
    return Table(of, heads, lines, note=note, glance=4, draw=partial(_draw_outcomes, view, outcomes, period))


def _draw_outcomes(view: ReportParams, outcomes: Sequence[Outcome], period: Period | None) -> LineChart | None:
    if view.by != "month" or period is None:
        return None
    counts: dict[date, tuple[int, ...]] = {month.first_day: (0, 0, 0) for month in period.months}
    for outcome in outcomes:
        won, lost = outcome.counts.get(StatusKind.WON, 0), outcome.counts.get(StatusKind.LOST, 0)
        counts[outcome.part] = (outcome.all, won, lost)
    lines = [("Leads", "open"), ("Won", "won"), ("Lost", "lost")]
    return draw_months("Leads by month created", counts, lines, format=ReportFormatter(view).plain_number)


def _add_outcome(view: ReportParams, outcome: Outcome, period: Period | None, names: Mapping[int, str]) -> Line:
    formatter = ReportFormatter(view)
    if view.by == "month":
        month = month_of(outcome.part, view.user_locale.zone)
        label, found = formatter.month(month.first_day), _created_in(month)
    elif view.by == "owner":
        label = names.get(outcome.part, "Unassigned")
        found = {**_created_in(period), "owner": outcome.part or "nobody"}
    else:
        label = outcome.part or "No source"
        found = {**_created_in(period), "source": outcome.part or NOTHING_GIVEN}
    won, lost = outcome.counts.get(StatusKind.WON, 0), outcome.counts.get(StatusKind.LOST, 0)
    kinds = [formatter.count(outcome.counts.get(kind, 0), **found, kind=kind.value) for kind in StatusKind]
    cells = [
        formatter.count(outcome.all, **found),
        *kinds,
        formatter.share(won, outcome.all),
        formatter.share(won, won + lost),
    ]
    if view.by == "month":
        open_ = outcome.all - won - lost
        return Line(label, cells, length=outcome.all, parts=[(won, "won"), (open_, "open"), (lost, "lost")])
    return Line(label, cells, length=Decimal(won) / outcome.all, kind="won")


def build_time_in_status_report(view: ReportParams) -> Table:
    """How long leads stay in a status before they move on."""
    formatter, period = ReportFormatter(view), view.period
    then: dict[str, Any] = {"left_owner": view.all("owner"), "left_source": view.all("source")}
    days = {"left_from": period.first_day, "left_to": period.next_day} if period else {}

    def leave(status: LeadStatus, count: int) -> Cell:
        # Filter by owner and source at that time, so drop the list's filters by the present ones.
        found: dict[str, Any] = {"owner": None, "source": None, "left": status.value, **then, **days}
        return formatter.count(count, **found)

    lines = [
        Line(
            status.label,
            [leave(status, times.count), formatter.median(times), formatter.mean(times)],
            href=view.url_of_leads(status=status.value),
            length=times.mean_days,
            kind=colour_of(status),
        )
        for status, times in queries.measure_time_in_status(view.scope, view.period).items()
    ]
    return Table("Status", ["Moved on", "Median", "Average"], lines, glance=1)


def build_closed_report(view: ReportParams) -> Table:
    """Leads that were won and lost: by reason or by month."""
    if view.by == "month":
        return _build_closed_by_month(view)
    formatter = ReportFormatter(view)
    closed = queries.count_closed(view.scope, view.period)
    days = {"closed_from": view.period.first_day, "closed_to": view.period.next_day} if view.period else {}
    every = add_totals(closed.values())

    def line(label: str, kind: StatusKind, reason: LostReason | None = None) -> Line:
        ours = [part for (status, why), part in closed.items() if status.kind is kind and reason in (None, why)]
        total = add_totals(ours)
        found = {"kind": kind.value, "reason": reason.value if reason else None, **days}
        cells = [
            formatter.count(total.count, **found),
            formatter.share(total.count, every.count),
            formatter.worth(total.by_currency),
        ]
        return Line(label, cells, length=total.count, kind=kind.value)

    lines = [
        line("Won", StatusKind.WON),
        line("Lost (total)", StatusKind.LOST),
        *sorted((line(why.label, StatusKind.LOST, why) for why in LostReason), key=lambda line: -line.length),
    ]
    return Table("Outcome", ["Leads", "Share of closed", "Value"], lines)


def _build_closed_by_month(view: ReportParams) -> Table:
    """Leads won and lost in each month, the latest first."""
    formatter, closed = ReportFormatter(view), queries.count_closed_by_month(view.scope, view.period)
    lines = []
    for first_day, (won, lost) in sorted(closed.items(), reverse=True):
        month = month_of(first_day, view.user_locale.zone)
        days = {"closed_from": month.first_day, "closed_to": month.next_day}
        cells = [
            formatter.count(won.count, kind=StatusKind.WON.value, **days),
            formatter.count(lost.count, kind=StatusKind.LOST.value, **days),
            formatter.share(won.count, won.count + lost.count),
            formatter.worth(won.by_currency),
        ]
        parts = [(won.count, "won"), (lost.count, "lost")]
        lines.append(Line(formatter.month(first_day), cells, length=won.count + lost.count, parts=parts))
    counts = {month: (won.count, lost.count) for month, (won, lost) in closed.items()}
    ways = [("Won", "won"), ("Lost", "lost")]
    draw = partial(draw_months, "Won and lost by month", counts, ways, format=formatter.plain_number)
    return Table("Month", ["Won", "Lost", "Win rate", "Won value"], lines, draw=draw)


def build_activity_report(view: ReportParams) -> Table:
    """Activities by person."""
    formatter = ReportFormatter(view)
    counts = queries.count_activities(view.scope.owner_ids, view.period)
    names = map_employee_names(counts)
    lines = [
        Line(
            names.get(person, "Unknown"),
            [
                *(formatter.activities(kinds.get(kind, 0), person, kind) for kind in ActivityKind),
                formatter.activities(kinds.total(), person),
            ],
            length=kinds.total(),
        )
        for person, kinds in counts.items()
    ]
    return Table("Person", [*(f"{kind.label}s" for kind in ActivityKind), "All"], lines, glance=len(ActivityKind))


def _created_in(period: Period | None) -> dict[str, Any]:
    return {"created_from": period.first_day, "created_to": period.next_day} if period else {}


REPORTS = {
    "statuses": Report(
        "Leads by status",
        "Where do our leads stand?",
        "Leads created in the period, by current status. Choose “All time” to see their value as well.",
        build_status_report,
        {},
        "Created",
        "Leads created {period}, by status",
    ),
    "funnel": Report(
        "Funnel",
        "How far do leads get, and where do they drop off?",
        "Of the leads created in the period, how many reached each status or a later one. Leads that skipped a"
        " status count as having passed it; moving to On hold or Lost doesn’t count as progress. “Dropped off” is the"
        " difference from the previous status and includes leads that are still in progress.",
        build_funnel_report,
        {},
        "Created",
        "How far leads created {period} got",
    ),
    "conversion": Report(
        "Conversion",
        "Which leads become customers?",
        "The current outcome of leads created in the period. “Win rate (all)” counts open leads as not won; “Win"
        " rate (closed)” leaves them out. Lost includes disqualified leads.",
        build_conversion_report,
        {"source": "By source", "owner": "By owner", "month": "By month created"},
        "Created",
        "Outcome of leads created {period}",
    ),
    "time": Report(
        "Time in each status",
        "Where do leads get stuck?",
        "How long leads spent in a status before they moved on, counted in the period when they left and for their"
        " owner at that time. The median is shown in days, then weeks from 2 weeks and 30-day months from 90 days."
        " Leads still in the status are not counted. A lead that left a status twice counts twice, but appears once"
        " in the linked list, which excludes the trash.",
        build_time_in_status_report,
        {},
        "Moved on",
        "How long leads that moved on {period} had waited",
    ),
    "closed": Report(
        "Won and lost",
        "What did we win, and why did we lose the rest?",
        "Leads closed in the period, whenever they were created. Lost includes disqualified leads. Amounts in"
        " different currencies are not added up.",
        build_closed_report,
        {"reason": "By reason", "month": "By month"},
        "Closed",
        "Leads closed {period}",
    ),
    "forecast": Report(
        "Forecast",
        "What is likely to close?",
        "Open leads by currency and expected close month. “Weighted” is each amount times its probability; leads"
        " without a probability add nothing. “Earlier” means the expected close date has passed. Bars compare months"
        " within one currency.",
        build_forecast_report,
        {},
        "",
        "Open leads by expected close",
    ),
    "activity": Report(
        "Activity by person",
        "Who is doing what?",
        "Notes, calls, meetings, emails and tasks on leads and customers, by the person who logged them and by date."
        " Removed activities are not counted; activities on records in the trash are.",
        build_activity_report,
        {},
        "Date",
        "Activities logged {period}",
        has_sources=False,
    ),
}
