"""The figures of the dashboard, each formatted and linked to the leads that it counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from crm_web.dashboard.queries import Closed
from crm_web.dashboard.scopes import Scope
from crm_web.models import LeadStatus, StatusKind
from crm_web.stats.aggregates import Totals, add_totals
from crm_web.stats.formatting import colour_of, format_totals, list_totals
from crm_web.stats.periods import Period
from crm_web.web.template_filters import UserLocale


@dataclass(frozen=True)
class DashboardFigure:
    """A group of leads: their number, value and URL.

    :param note: their value as one figure
    :param exact: their value in each currency
    """

    label: str
    value: int
    note: str
    href: str
    kind: str = ""
    exact: str = ""


@dataclass(frozen=True)
class DashboardFigures:
    """All figures of the page."""

    open: DashboardFigure
    new: DashboardFigure
    months: Sequence[tuple[DashboardFigure, DashboardFigure]]
    bars: Sequence[DashboardFigure]
    all_url: str

    @property
    def are_none(self) -> bool:
        """Whether there are no leads at all."""
        return not any(bar.value for bar in self.bars)


class DashboardFormatter:
    """Formats the figures for one user."""

    def __init__(self, scope: Scope, user_locale: UserLocale) -> None:
        self.scope, self.user_locale = scope, user_locale

    def build_figure(self, label: str, totals: Totals, *, bar: str = "", **filters: Any) -> DashboardFigure:
        """Format totals, linked to the lead list with these filters."""
        return DashboardFigure(
            label,
            totals.count,
            format_totals(totals.by_currency, user_locale=self.user_locale),
            self.url(**filters),
            bar,
            list_totals(totals.by_currency, user_locale=self.user_locale),
        )

    def url(self, **filters: Any) -> str:
        """The URL of the lead list in this scope with these filters."""
        return url_for("leads.list_leads", **filters, owner=None if self.scope is Scope.ALL else self.scope.value)

    def build_statuses(self, totals: Mapping[LeadStatus, Totals]) -> list[DashboardFigure]:
        """Format a bar for each status."""
        return [self.build_figure(s.label, totals, bar=colour_of(s), status=s.value) for s, totals in totals.items()]

    def build_open(self, totals: Mapping[LeadStatus, Totals]) -> DashboardFigure:
        """Format the open leads."""
        going = add_totals(totals for status, totals in totals.items() if status.kind is StatusKind.OPEN)
        return self.build_figure("Open leads", going, kind=StatusKind.OPEN.value)

    def build_created(self, totals: Totals, week: Period) -> DashboardFigure:
        """Format the leads created this week."""
        return self.build_figure("New this week", totals, created_from=week.first_day, created_to=week.next_day)

    def build_closed(
        self, kind: StatusKind, closed: Closed, this: Period, last: Period
    ) -> tuple[DashboardFigure, DashboardFigure]:
        """Format the leads won or lost this month and last."""
        word = kind.value.capitalize()
        return (
            self.build_figure(f"{word} this month", closed.this, kind=kind.value, **_days_closed(this)),
            self.build_figure(f"{word} last month", closed.last, kind=kind.value, **_days_closed(last)),
        )


def _days_closed(period: Period) -> dict[str, Any]:
    return {"closed_from": period.first_day, "closed_to": period.next_day}
