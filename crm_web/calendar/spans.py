"""The days that a view of the calendar shows, and those before and after them."""

from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from enum import StrEnum

from crm_web.stats.periods import Period, month_before, month_of

AGENDA_DAYS = 28
WEEK = timedelta(days=7)


class View(StrEnum):
    """How much of the calendar a page shows."""

    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    AGENDA = "agenda"

    @property
    def most_a_day(self) -> int:
        """How many entries of a day are shown; the others are counted."""
        return {View.MONTH: 5, View.WEEK: 30, View.DAY: 200, View.AGENDA: 20}[self]


@dataclass(frozen=True)
class Span:
    """The days of one view.

    :param days: what is shown; a month in whole weeks
    :param month: the month that it is about; ``None`` for other views
    :param previous: a day of the span before
    :param following: a day of the span after
    """

    view: View
    days: Period
    month: Period | None
    previous: date
    following: date

    @property
    def last_day(self) -> date:
        return self.days.next_day - timedelta(days=1)

    def holds(self, day: date) -> bool:
        """Return whether a day is shown."""
        return self.days.first_day <= day < self.days.next_day

    @property
    def month_name(self) -> str:
        return f"{self.month.first_day:%B %Y}" if self.month else ""

    def list_days(self) -> list[date]:
        """List the days that are shown."""
        count = (self.days.next_day - self.days.first_day).days
        return [self.days.first_day + timedelta(days=number) for number in range(count)]


def span_of(view: View, day: date, zone: tzinfo, first_weekday: int) -> Span:
    """Return the span of a view in which a day lies; an agenda begins with it.

    :param first_weekday: 0 for Monday
    """
    if view is View.MONTH:
        month = month_of(day, zone)
        first, last_week = (_week_start(it, first_weekday) for it in (month.first_day, _last_day(month)))
        days = Period(first, last_week + WEEK, zone)
        return Span(view, days, month, month_before(month).first_day, month.next_day)
    first = _week_start(day, first_weekday) if view is View.WEEK else day
    length = {View.WEEK: WEEK, View.DAY: timedelta(days=1), View.AGENDA: timedelta(days=AGENDA_DAYS)}[view]
    return Span(view, Period(first, first + length, zone), None, first - length, first + length)


def _last_day(month: Period) -> date:
    return month.next_day - timedelta(days=1)


def _week_start(day: date, first_weekday: int) -> date:
    return day - timedelta(days=(day.weekday() - first_weekday) % 7)
