"""Weeks and months in the user's time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True)
class Period:
    """A range of days in a time zone."""

    first_day: date
    next_day: date
    zone: tzinfo

    @property
    def start(self) -> datetime:
        return datetime.combine(self.first_day, time(), self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The time at which it is over; not part of it."""
        return datetime.combine(self.next_day, time(), self.zone).astimezone(UTC)

    @property
    def months(self) -> "list[Period]":
        """The months it consists of, if it begins and ends with one."""
        months, first = [], self.first_day
        while first < self.next_day:
            months.append(month_of(first, self.zone))
            first = months[-1].next_day
        return months


def week_of(day: date, zone: tzinfo) -> Period:
    """Return the week of a day."""
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=7), zone)


def month_of(day: date, zone: tzinfo) -> Period:
    """Return the month of a day."""
    first = day.replace(day=1)
    return Period(first, (first + timedelta(days=31)).replace(day=1), zone)


def month_before(month: Period) -> Period:
    """Return the month before another."""
    return month_of(month.first_day - timedelta(days=1), month.zone)
