"""Formats the cells of a report for one user."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from babel.numbers import format_compact_currency, format_percent  # type: ignore[attr-defined]
from flask import url_for

from crm_web.models import ActivityKind
from crm_web.reports.params import ReportParams
from crm_web.reports.queries import TimeInStatus
from crm_web.reports.tables import Cell
from crm_web.stats.aggregates import CurrencyTotal
from crm_web.stats.formatting import format_totals, list_totals
from crm_web.stats.periods import month_of
from crm_web.web import template_filters


class ReportFormatter:
    """Formats the cells of a report for one user."""

    def __init__(self, view: ReportParams) -> None:
        self.view, self.user_locale = view, view.user_locale

    def count(self, count: int, **found: Any) -> Cell:
        """A number of leads, linked to them."""
        return Cell(partial(self.plain_number, count), count, partial(self.view.url_of_leads, **found))

    def activities(self, count: int, person: int, kind: ActivityKind | None = None) -> Cell:
        """A number of somebody's activities, linked to them."""
        found: dict[str, Any] = {"author": person or "nobody", "kind": kind.value if kind else None}
        if period := self.view.period:
            found |= {"happened_from": period.first_day, "happened_to": period.next_day}
        return Cell(partial(self.plain_number, count), count, partial(url_for, "activities.list_activities", **found))

    def number(self, count: int) -> Cell:
        """A number that no list can show, such as a difference."""
        return Cell(partial(self.plain_number, count), count)

    def share(self, part: int, whole: int) -> Cell:
        """A percentage with one decimal; empty if the total is 0."""
        if not whole:
            return Cell("–", None)
        share = (Decimal(part) * 100 / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)
        return Cell(partial(self._percent, share), share)

    def _percent(self, share: Decimal) -> str:
        pattern = str(self.user_locale.locale.percent_formats[None].pattern).replace("0", "0.0", 1)
        return format_percent(share / 100, pattern, locale=self.user_locale.locale)

    def money(self, amount: Decimal, currency: str) -> Cell:
        """An amount, or an empty cell."""
        cents = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
        if not currency:
            return Cell("", None)
        return Cell(partial(template_filters.money, cents, currency, user_locale=self.user_locale), cents)

    def worth(self, worth: Sequence[CurrencyTotal]) -> Cell:
        """Sums as one figure; a file has a column for each currency."""
        exact = partial(list_totals, worth, user_locale=self.user_locale)
        return Cell(partial(format_totals, worth, user_locale=self.user_locale), worth=worth, exact=exact)

    def mean(self, times: TimeInStatus) -> Cell:
        """An average in days, with one decimal."""
        if not times.count:
            return Cell("–", None)
        days = times.mean_days.quantize(Decimal("0.1"), ROUND_HALF_UP)
        return Cell(
            f"{template_filters.number(days, user_locale=self.user_locale)} {'day' if days == 1 else 'days'}", days
        )

    def median(self, times: TimeInStatus) -> Cell:
        """A median, in the unit in which it was counted."""
        days = times.median_days
        if not times.count:
            return Cell("–", None)
        for unit, size, begin in (("month", 30, 90), ("week", 7, 14), ("day", 1, 1)):
            if days >= begin:
                return Cell(template_filters.plural(days // size, unit, user_locale=self.user_locale), days)
        return Cell("Less than a day", days)

    def plain_number(self, value: Decimal | int) -> str:
        return template_filters.number(value, user_locale=self.user_locale)

    def short_money(self, amount: Decimal | int, currency: str) -> str:
        """An amount for the axis of a chart, such as ``$1.5M``."""
        return str(format_compact_currency(amount, currency, locale=self.user_locale.locale, fraction_digits=1))

    def month(self, day: date) -> str:
        return template_filters.month(day)

    def period(self) -> str:
        """The months that are counted."""
        months = self._months()
        if months is None:
            return "All time"
        first, last = months
        return first if first == last else f"{first} to {last}"

    def caption(self, text: str) -> str:
        """A sentence about a table, with the months that are counted.

        :param text: has ``{period}`` where they belong
        """
        months = self._months()
        if months is None:
            return text.format(period="at any time")
        first, last = months
        return text.format(period=f"in {first}" if first == last else f"between {first} and {last}")

    def _months(self) -> tuple[str, str] | None:
        period = self.view.period
        if period is None:
            return None
        last = month_of(period.next_day.replace(day=1) - timedelta(days=1), period.zone).first_day
        return self.month(period.first_day), self.month(last)
