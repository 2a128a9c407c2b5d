"""Named date ranges in the user's time zone: a saved “this month” stays the present month."""

from collections.abc import Callable
from datetime import date, timedelta

Days = tuple[date, date]
"""The first day, and the first that does not belong to it any more."""


def _days(first: int, next_one: int) -> Callable[[date], Days]:
    return lambda today: (today + timedelta(days=first), today + timedelta(days=next_one))


def _week(weeks: int) -> Callable[[date], Days]:
    def days(today: date) -> Days:
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)
        return monday, monday + timedelta(days=7)

    return days


def _months(first: int, count: int, *, of: int = 1) -> Callable[[date], Days]:
    """Some months in a row, counted from the one that begins a block of ``of`` months around today."""

    def days(today: date) -> Days:
        begin = today.year * 12 + (today.month - 1) // of * of + first
        return _first_of(begin), _first_of(begin + count)

    return days


def _first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


WORDS: dict[str, tuple[str, Callable[[date], Days]]] = {
    "today": ("today", _days(0, 1)),
    "yesterday": ("yesterday", _days(-1, 0)),
    "this_week": ("this week", _week(0)),
    "last_week": ("last week", _week(-1)),
    "next_week": ("next week", _week(1)),
    "this_month": ("this month", _months(0, 1)),
    "last_month": ("last month", _months(-1, 1)),
    "next_month": ("next month", _months(1, 1)),
    "this_quarter": ("this quarter", _months(0, 3, of=3)),
    "last_quarter": ("last quarter", _months(-3, 3, of=3)),
    "next_quarter": ("next quarter", _months(3, 3, of=3)),
    "this_year": ("this year", _months(0, 12, of=12)),
    "last_year": ("last year", _months(-12, 12, of=12)),
}
"""Each word of an address: how it reads, and which days it means on a given day."""

PAST = ("today", "yesterday", "this_week", "last_week", "this_month", "last_month", "this_quarter", "last_quarter",
        "this_year", "last_year")  # fmt: skip
FUTURE = ("today", "this_week", "next_week", "this_month", "next_month", "this_quarter", "next_quarter", "this_year")


def days_of(word: str, today: date) -> Days | None:
    """Return the first day of a named range and the day after its last; ``None`` for an unknown name."""
    known = WORDS.get(word)
    return known[1](today) if known else None
