"""Weeks and months as the reader's calendar has them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True)
class Period:
    """
    Some days in a row, in one time zone.

    :param first_day: the first of them
    :param next_day: the first that does not belong to it any more
    :param zone: the reader's time zone, which says when a day begins
    """

    first_day: date
    next_day: date
    zone: tzinfo

    @property
    def start(self) -> datetime:
        """The moment at which it begins."""
        return datetime.combine(self.first_day, time(), self.zone).astimezone(UTC)

    @property
    def end(self) -> datetime:
        """The moment at which it is over, and that does not belong to it any more."""
        return datetime.combine(self.next_day, time(), self.zone).astimezone(UTC)

    @property
    def months(self) -> "list[Period]":
        """The months that it consists of, if it begins and ends with one."""
        months, first = [], self.first_day
        while first < self.next_day:
            months.append(month_of(first, self.zone))
            first = months[-1].next_day
        return months


def week_of(day: date, zone: tzinfo) -> Period:
    """
    Find the week of a day.

    :param day: any day of it
    :param zone: the reader's time zone
    :return: Monday to Sunday
    """
    monday = day - timedelta(days=day.weekday())
    return Period(monday, monday + timedelta(days=7), zone)


def month_of(day: date, zone: tzinfo) -> Period:
    """
    Find the month of a day.

    :param day: any day of it
    :param zone: the reader's time zone
    :return: its first to its last day
    """
    first = day.replace(day=1)
    return Period(first, (first + timedelta(days=31)).replace(day=1), zone)


def month_before(month: Period) -> Period:
    """
    Find the month before another.

    :param month: the later one
    :return: the one before
    """
    return month_of(month.first_day - timedelta(days=1), month.zone)
