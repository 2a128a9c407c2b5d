"""Parsing of dates, months and times as people type them, in the order of their locale.

A date that can mean two days is refused, with a message that names both. Year first, as in ``2026-03-31``, means the
same in every locale.
"""

import functools
import re
import unicodedata
from datetime import date, datetime, time, tzinfo

from babel import Locale

from crm_web.records.currency_signs import ENGLISH
from crm_web.records.number_input import NeedsChoice

EARLIEST = date(1900, 1, 1)
LATEST = date(2199, 12, 31)
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_ISO_MONTH = re.compile(r"\d{4}-\d\d")
_YEAR_FIRST = re.compile(r"(\d{4})(?:[-/.] ?|\. |年)(\d{1,2})(?:[-/.] ?|\. |月)(\d{1,2})[.日]?")
_YEAR_LAST = re.compile(r"(\d{1,2})(?P<mark>[-/.]) ?(\d{1,2})(?P=mark) ?(\d{4}|\d\d)")
_DAY_WORD = re.compile(
    r"(?P<day>\d{1,2})\.?(?:[- ]| de )?(?P<word>[^\W\d_]{3,12})\.?(?:[-, ]+| de )(?P<year>\d{4}|\d\d)"
)
_WORD_DAY = re.compile(r"(?P<word>[^\W\d_]{3,12})\.? (?P<day>\d{1,2}),? (?P<year>\d{4}|\d\d)")
_MONTH = re.compile(r"(?P<word>[^\W\d_]{3,12})\.?[- ,]+(?P<year>\d{4})|(?P<month>\d{1,2})[-/.](?P<last>\d{4})")
_MONTH_YEAR_FIRST = re.compile(r"(\d{4})(?:[-/.] ?|年)(\d{1,2})月?")
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d\d)(?:[:.]\d\d)?(?: ?(?P<half>[ap]\.?m\.?))?(?: (?P<zone>\S+))?"
)
_LAST_OF_THIS_CENTURY = 70


class AmbiguousDate(NeedsChoice):
    """A date that is one day with the month first and another with the day first."""


def read_date(value: str, locale: Locale = ENGLISH) -> date:
    """Parse a date as typed, or as sent by a browser's date field.

    :param value: such as ``2026-03-31``, ``31.03.2026`` or ``Mar 31, 2026``
    :raise AmbiguousDate: if it can mean two days
    :raise ValueError: if it is no date, or out of range
    """
    try:
        day = _read_day(_fold(value), locale)
    except AmbiguousDate:
        raise
    except ValueError as error:
        raise ValueError("Enter a date like 2026-03-31.") from error
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"Enter a date between {EARLIEST.year} and {LATEST.year}.")
    return day


def _read_day(typed: str, locale: Locale) -> date:
    if _ISO.fullmatch(typed):
        return date.fromisoformat(typed)
    if match := _YEAR_LAST.fullmatch(typed):
        first, mark, second, year = match.groups()
        return _order(int(first), int(second), _whole_year(year), mark, typed, locale)
    if match := _YEAR_FIRST.fullmatch(typed):
        # A machine's spelling is kept exact: 2026-1-1 is no date of the API or of an address.
        if "-" in typed:
            raise ValueError("A date with hyphens has two digits for month and day.")
        return date(*map(int, match.groups()))
    match = _DAY_WORD.fullmatch(typed) or _WORD_DAY.fullmatch(typed)
    if match is None:
        raise ValueError("This is not a date.")
    return date(_whole_year(match["year"]), _read_month_name(match["word"], locale), int(match["day"]))


def _order(first: int, second: int, year: int, cursor: str, typed: str, locale: Locale) -> date:
    """Decide which of two numbers is the month: only one can be, or the locale decides."""
    order = _order_of(locale)
    # Dots belong to those who write the day first.
    is_foreign = cursor == "." and order != "day"
    if is_foreign and max(first, second) > 12:
        raise ValueError("Dots are no mark of this locale.")
    if first > 12 or first == second or order == "day":
        return date(year, first, second) if second > 12 else date(year, second, first)
    if second > 12 or (order == "month" and not is_foreign):
        return date(year, first, second)
    one, other = date(year, second, first), date(year, first, second)
    both = " or ".join(f"{day.day} {ENGLISH.months['format']['wide'][day.month]}" for day in (one, other))
    raise AmbiguousDate(f"“{typed}” can mean {both}. Enter the one you mean, such as {one.isoformat()}.")


@functools.lru_cache(maxsize=64)
def _order_of(locale: Locale) -> str | None:
    """Return what comes first in a numeric date of the locale; empty if the year does, which leaves the rest open."""
    first = re.sub(r"'[^']*'", "", locale.date_formats["short"].pattern)[0]
    return {"d": "day", "M": "month"}.get(first)


def _whole_year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < _LAST_OF_THIS_CENTURY else 1900)


def _read_month_name(word: str, locale: Locale) -> int:
    name = word.strip(".")
    months = _list_months(locale)
    if name not in months:
        raise ValueError("This month doesn’t exist.")
    return months[name]


@functools.lru_cache(maxsize=32)
def _list_months(locale: Locale) -> dict[str, int]:
    """Month names, in full and shortened, in English and in the person's language."""
    names: dict[str, int] = {"sept": 9}
    for known in (locale, ENGLISH):
        for form in ("format", "stand-alone"):
            for width in ("abbreviated", "wide"):
                months = known.months[form][width]
                names |= {_fold(name).strip("."): number for number, name in months.items() if not name[0].isdigit()}
    return names


def read_month(value: str, locale: Locale = ENGLISH) -> date:
    """Parse a month as typed, or as sent by a browser's month field.

    :param value: such as ``2026-03``, ``03/2026`` or ``Mar 2026``
    :return: the first day of the month
    :raise ValueError: if it is no month, or out of range
    """
    try:
        month = _read_month(_fold(value), locale)
    except ValueError as error:
        raise ValueError("Enter a month like 2026-03.") from error
    if not EARLIEST <= month <= LATEST:
        raise ValueError(f"Enter a month between {EARLIEST.year} and {LATEST.year}.")
    return month


def _read_month(typed: str, locale: Locale) -> date:
    if _ISO_MONTH.fullmatch(typed):
        return date.fromisoformat(f"{typed}-01")
    if match := _MONTH_YEAR_FIRST.fullmatch(typed):
        return date(int(match[1]), int(match[2]), 1)
    match = _MONTH.fullmatch(typed)
    if match is None:
        raise ValueError("This is not a month.")
    if match["word"]:
        return date(int(match["year"]), _read_month_name(match["word"], locale), 1)
    return date(int(match["last"]), int(match["month"]), 1)


def read_moment(value: str, zone: tzinfo, locale: Locale = ENGLISH) -> datetime:
    """Parse a date and time as typed, or as sent by a browser.

    :param value: such as ``2026-03-31T14:30`` or ``Mar 31, 2026, 2:30 PM``
    :param zone: the time zone it is meant in; one named in the text must agree
    :raise AmbiguousDate: if it can mean two days
    :raise ValueError: if it is no date and time, or out of range
    """
    message = "Enter a date and time like 2026-03-31 14:30."
    try:
        day, clock = _part_clock(_fold(re.sub(r"(?<=\d)T(?=\d)", " ", value)), locale)
        moment = datetime.combine(day, _read_clock(clock), zone)
    except AmbiguousDate:
        raise
    except ValueError as error:
        raise ValueError(message) from error
    if clock["zone"] and clock["zone"] != (moment.tzname() or "").casefold() or not EARLIEST <= day <= LATEST:
        raise ValueError(message)
    return moment


def read_time(value: str) -> time:
    """Parse a time of day as typed, or as sent by a browser's time field.

    :param value: such as ``14:30`` or ``2:30 PM``
    :raise ValueError: if it is no time of day
    """
    clock = _CLOCK.fullmatch(_fold(value))
    try:
        if clock is None or clock["zone"]:
            raise ValueError("This is not a time.")
        return _read_clock(clock)
    except ValueError as error:
        raise ValueError("Enter a time like 14:30.") from error


def _part_clock(typed: str, locale: Locale) -> tuple[date, re.Match[str]]:
    """Split where only a time follows."""
    for blank in re.finditer(" ", typed):
        clock = _CLOCK.fullmatch(typed[blank.end() :])
        if clock:
            return _read_day(typed[: blank.start()].rstrip(","), locale), clock
    raise ValueError("Enter a time.")


def _read_clock(clock: re.Match[str]) -> time:
    hour, half = int(clock["hour"]), clock["half"]
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("This hour doesn’t exist.")
        hour = hour % 12 + (12 if half[0] == "p" else 0)
    return time(hour, int(clock["minute"]))


def _fold(text: str) -> str:
    """Normalize blanks, digits and case."""
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    return "".join(
        character if (digit := unicodedata.decimal(character, None)) is None else str(digit) for character in folded
    )
