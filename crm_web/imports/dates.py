"""Parsing of dates and times as other programs write them."""

import calendar
import functools
import re
from datetime import UTC, date, datetime, time

from crm_web.imports.excel import is_day_number, read_day_number
from crm_web.imports.figures import write_plainly
from crm_web.records.date_input import EARLIEST, LATEST
from crm_web.records.folding import fold
from crm_web.records.locale_names import iterate_locales

_TIME = (
    r"(?:[T ,]+(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*([AaPp]\.?\s?[Mm]\.?)?"
    r"\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?"
)
_WORD = r"(?P<word>[^\W\d_]{3,12})\.?"
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})[-/.](?P<m>\d\d?)[-/.](?P<d>\d\d?)" + _TIME)
_EASTERN = re.compile(r"(?P<y>\d{4})[年.] ?(?P<m>\d\d?)[月.] ?(?P<d>\d\d?)[日.]?" + _TIME)
_DIGITS = re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)" + _TIME)
_COMPACT = re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)T?(\d\d)(\d\d)(\d\d)()(Z)?")
_YEAR_LAST = re.compile(r"(?P<a>\d{1,2})[-/. ](?P<b>\d{1,2})[-/. ](?P<y>\d{4}|\d\d)" + _TIME)
_DAY_WORD = re.compile(
    r"(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:[-./ ]+(?:de )?)" + _WORD + r"(?:[-./, ]+(?:de )?)(?P<y>\d{4}|\d\d)" + _TIME
)
_WORD_DAY = re.compile(_WORD + r" (?P<d>\d{1,2})(?:st|nd|rd|th)?,? (?P<y>\d{4}|\d\d)" + _TIME)
_SHAPES = (_YEAR_FIRST, _DIGITS, _YEAR_LAST, _DAY_WORD, _WORD_DAY, _EASTERN, _COMPACT)
_WEEKDAY = re.compile(r"[^\W\d_]{2,10}\.?, (?=.*\d)|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?=.*\d)")
# Seconds or milliseconds since 1970, in this century.
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?")
_LANGUAGES = ["de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi"]
_MONTHS = {
    name[:length].casefold(): place
    for place, name in enumerate(calendar.month_name)
    for length in range(3, len(name) + 1)
}
# At noon in Greenwich it is the same day from Alaska to New Zealand, so that a day stays that day for every reader.
_NOON = time(12, tzinfo=UTC)


@functools.lru_cache(maxsize=4096)
def read_moment(text: str, day_first: bool) -> datetime:
    """Read a date with or without a time; a time without a zone is UTC, and a day without a time its noon.

    :param text: such as ``2025-03-31``, ``31.03.2025 14:05``, ``3/31/25 2:05 PM``, ``31-Mar-25`` or ``31 mars 2025``
    :raise ValueError: if it is no date, or out of the range of a working life
    """
    typed = write_plainly(text.strip())
    for text in (typed, _WEEKDAY.sub("", typed, count=1)):
        for shape in _SHAPES:
            match = shape.fullmatch(text)
            if match:
                return _build(match, day_first)
    if _EPOCH.fullmatch(typed):
        return datetime.fromtimestamp(int(typed) / (1000 if len(typed) > 10 else 1), UTC)
    if is_day_number(typed):
        return read_day_number(typed)
    raise ValueError("Enter a date like 2026-03-31.")


def _find_month(word: str) -> int:
    """:raise KeyError: if it is the name of no month"""
    return _MONTHS.get(word.casefold()) or _local_months()[fold(word)]


@functools.cache
def _local_months() -> dict[str, int]:
    """The months in other languages, but not what is one month here and another there."""
    names: dict[str, set[int]] = {}
    for locale in iterate_locales(_LANGUAGES):
        for widths in locale["months"].values():
            for month, name in [*widths.get("wide", {}).items(), *widths.get("abbreviated", {}).items()]:
                names.setdefault(fold(name).strip("."), set()).add(month)
    return {name: months.pop() for name, months in names.items() if len(months) == 1}


def _build(match: re.Match[str], day_first: bool) -> datetime:
    parts = match.groupdict()
    year = int(parts["y"]) if len(parts["y"]) == 4 else _century(int(parts["y"]))
    try:
        if "word" in parts:
            day = date(year, _find_month(parts["word"]), int(parts["d"]))
        elif "a" in parts:
            first, second = int(parts["a"]), int(parts["b"])
            day = date(year, second, first) if day_first else date(year, first, second)
        else:
            day = date(year, int(parts["m"]), int(parts["d"]))
        moment = datetime.combine(day, _read_time(match.groups()[-5:]))
    except (ValueError, KeyError) as error:
        raise ValueError("This date doesn’t exist. Enter a date like 2026-03-31.") from error
    if not EARLIEST <= day <= LATEST:
        raise ValueError(f"Enter a date between {EARLIEST.year} and {LATEST.year}.")
    return moment


def _century(year: int) -> int:
    return 2000 + year if year < 70 else 1900 + year


def _read_time(groups: tuple[str | None, ...]) -> time:
    hour, minute, second, half, zone = groups
    if hour is None:
        return _NOON
    hours = int(hour)
    if half:
        hours = hours % 12 + (12 if half[0] in "Pp" else 0)
    offset = (
        UTC
        if zone is None or zone in ("Z", "UTC", "GMT")
        else datetime.strptime(zone if len(zone) > 3 else f"{zone}00", "%z").tzinfo
    )
    return time(hours, int(minute or 0), int(second or 0), tzinfo=offset)
