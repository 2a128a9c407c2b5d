"""Weeks and months: half-open, and begun by the reader's own midnight."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from crm_web.stats.periods import month_before, month_of, week_of

VIENNA = ZoneInfo("Europe/Vienna")


@pytest.mark.parametrize("day", [date(2026, 11, 16), date(2026, 11, 19), date(2026, 11, 22)])
def test_a_week_goes_from_monday_to_monday(day: date) -> None:
    week = week_of(day, UTC)
    assert (week.first_day, week.next_day) == (date(2026, 11, 16), date(2026, 11, 23))


@pytest.mark.parametrize(
    ("day", "first", "after"),
    [
        (date(2026, 12, 31), date(2026, 12, 1), date(2027, 1, 1)),
        (date(2028, 2, 29), date(2028, 2, 1), date(2028, 3, 1)),
        (date(2026, 1, 1), date(2026, 1, 1), date(2026, 2, 1)),
    ],
)
def test_a_month_ends_where_the_next_begins(day: date, first: date, after: date) -> None:
    month = month_of(day, UTC)
    assert (month.first_day, month.next_day) == (first, after)
    assert month_before(month).next_day == first


def test_the_month_before_january_is_december() -> None:
    assert month_before(month_of(date(2027, 1, 15), UTC)).first_day == date(2026, 12, 1)


def test_days_begin_at_the_readers_midnight_in_summer_and_in_winter() -> None:
    month = month_of(date(2026, 10, 20), VIENNA)
    assert month.start == datetime(2026, 9, 30, 22, tzinfo=UTC)
    assert month.end == datetime(2026, 10, 31, 23, tzinfo=UTC)


def test_a_midnight_that_the_clock_skips_is_the_moment_of_the_change() -> None:
    # In Cairo the clock goes from 23:59:59 to 01:00 on the last Friday of April.
    week = week_of(date(2026, 4, 24), ZoneInfo("Africa/Cairo"))
    day = type(week)(date(2026, 4, 24), date(2026, 4, 25), week.zone)
    assert day.start == datetime(2026, 4, 23, 22, tzinfo=UTC)
