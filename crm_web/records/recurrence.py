"""Recurrence of tasks, kept as an RRULE of RFC 5545 such as ``FREQ=WEEKLY;INTERVAL=2;BYDAY=MO``.

People read and type it as words, such as ``Every 2 weeks on Monday until 2027-01-31``.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice

from babel import Locale
from dateutil import rrule

from crm_web.records.currency_signs import ENGLISH
from crm_web.records.date_input import LATEST, read_date

MOST = 999
CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WORKDAYS = (0, 1, 2, 3, 4)
_DAY_OF_MONTH = "(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])(29|30)|(0[13578]|1[02])31"
_NUMBER = "[1-9][0-9]{0,2}"
PATTERN = (
    rf"^FREQ=(DAILY|MONTHLY|YEARLY|WEEKLY)(;INTERVAL={_NUMBER})?"
    rf"(;COUNT={_NUMBER}|;UNTIL=(19|20|21)[0-9]{{2}}({_DAY_OF_MONTH}))?"
    rf"(;BYDAY=({'|'.join(CODES)})(,({'|'.join(CODES)})){{0,6}})?$"
)
"""The rules that are known; ``BYDAY`` stands only in weekly ones."""
_UNITS = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_DAY_WORD = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?"
_DAY_WORDS = rf"{_DAY_WORD}(?:(?:, | and |, and ){_DAY_WORD})*"
_WORDS = re.compile(
    rf"(?:(?P<adverb>daily|weekly|monthly|yearly)|(?:every|each) (?:(?P<interval>\d{{1,3}}|other) )?"
    rf"(?:(?P<unit>day|week|month|year)s?|(?P<workday>weekday)|(?P<every>{_DAY_WORDS})))"
    rf"(?: on (?P<days>{_DAY_WORDS}))?(?:,? (?P<count>\d{{1,3}}) times?)?(?:,? until (?P<until>.+))?"
)
EXAMPLES = ("Every day", "Every weekday", "Every week", "Every 2 weeks on Monday", "Every month", "Every year")


class Frequency(StrEnum):
    """How often something recurs."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"

    @property
    def unit(self) -> str:
        return next(unit for unit, word in _UNITS.items() if word == self)


@dataclass(frozen=True)
class Recurrence:
    """When a task recurs.

    :param days: of a week, 0 is Monday; only if it is weekly
    :param until: the last day; never together with ``count``
    :param count: how many times, the present one included
    """

    frequency: Frequency
    interval: int = 1
    days: tuple[int, ...] = ()
    until: date | None = None
    count: int | None = None

    @property
    def rule(self) -> str:
        """The RRULE."""
        parts = [f"FREQ={self.frequency}"]
        parts += [f"INTERVAL={self.interval}"] if self.interval > 1 else []
        parts += [f"COUNT={self.count}"] if self.count else []
        parts += [f"UNTIL={self.until:%Y%m%d}"] if self.until else []
        parts += [f"BYDAY={','.join(CODES[day] for day in self.days)}"] if self.days else []
        return ";".join(parts)

    def in_words(self, write_date: Callable[[date], str] = date.isoformat) -> str:
        """Format it in words, which ``read_recurrence`` reads again.

        :param write_date: writes the last day
        """
        unit = self.frequency.unit
        words = f"Every {unit}" if self.interval == 1 else f"Every {self.interval} {unit}s"
        if self.days == WORKDAYS and self.interval == 1:
            words = "Every weekday"
        elif self.days:
            *first, last = [DAYS[day] for day in self.days]
            words += f" on {', '.join(first)}{' and ' if first else ''}{last}"
        if self.count:
            words += f", {self.count} {'time' if self.count == 1 else 'times'}"
        return f"{words} until {write_date(self.until)}" if self.until else words


def read_rule(rule: str) -> Recurrence:
    """Read an RRULE.

    :raise ValueError: if it is none that is known
    """
    parts = dict(part.split("=") for part in rule.split(";")) if re.fullmatch(PATTERN[1:-1], rule) else {}
    if not parts or ("BYDAY" in parts and parts["FREQ"] != Frequency.WEEKLY):
        raise ValueError("Send a rule like FREQ=WEEKLY;INTERVAL=2;BYDAY=MO.")
    days = sorted({CODES.index(code) for code in parts["BYDAY"].split(",")}) if "BYDAY" in parts else ()
    until = datetime.strptime(parts["UNTIL"], "%Y%m%d").date() if "UNTIL" in parts else None
    count = int(parts["COUNT"]) if "COUNT" in parts else None
    return Recurrence(Frequency(parts["FREQ"]), int(parts.get("INTERVAL", 1)), tuple(days), until, count)


def read_recurrence(typed: str, locale: Locale = ENGLISH) -> Recurrence:
    """Read words, such as ``every 2 weeks on Monday``.

    :raise ValueError: if they say no recurrence
    """
    match = _WORDS.fullmatch(" ".join(typed.lower().split()))
    if match is None or (match["count"] and match["until"]):
        raise ValueError("Enter how often, e.g. “Every 2 weeks on Monday” or “Every month until 2027-12-31”.")
    days = _read_days(match)
    unit = match["adverb"] or _UNITS["week" if days else match["unit"]]
    if days and match["unit"] not in (None, "week"):
        raise ValueError("Only weekly tasks can name days, e.g. “Every 2 weeks on Monday”.")
    interval = 2 if match["interval"] == "other" else int(match["interval"] or 1)
    if not interval or (match["count"] and not int(match["count"])):
        raise ValueError("Enter a number from 1 to 999.")
    until = read_date(match["until"], locale) if match["until"] else None
    count = int(match["count"]) if match["count"] else None
    return Recurrence(Frequency(unit.upper()), interval, days, until, count)


def _read_days(match: re.Match[str]) -> tuple[int, ...]:
    if match["workday"]:
        return WORKDAYS
    words = re.findall(r"[a-z]+", f"{match['every'] or ''} {match['days'] or ''}".replace(" and ", " "))
    return tuple(sorted({next(n for n, day in enumerate(CODES) if word.upper().startswith(day)) for word in words}))


def list_recurrences(recurrence: Recurrence, day: date, first: date, after: date) -> list[date]:
    """List on which days something that is due on one day recurs later.

    :param first: the first day that is asked about
    :param after: the day after the last one
    """
    times = _list_times(recurrence, day, until=after - timedelta(days=1))
    return [moment.date() for moment in times if moment.date() > day and moment.date() >= first]


def _list_times(recurrence: Recurrence, day: date, *, until: date) -> Iterator[datetime]:
    """The first is the present one, unless it was moved to a day on which the rule has none."""
    start, end = (datetime.combine(it, time.min) for it in (day, min(until, recurrence.until or LATEST)))
    frequency, weekdays = getattr(rrule, recurrence.frequency.value), recurrence.days or None
    times = rrule.rrule(frequency, dtstart=start, interval=recurrence.interval, until=end, byweekday=weekdays)
    return islice(times, recurrence.count)


def find_next(recurrence: Recurrence, day: date, *, since: date) -> tuple[date, Recurrence] | None:
    """Find when something that was due recurs.

    :param day: when it was due
    :param since: what recurred before that day is over
    :return: the next day, and how it recurs from there; ``None`` if that was the last time
    """
    for place, moment in enumerate(_list_times(recurrence, day, until=LATEST)):
        if moment.date() > day and moment.date() >= since:
            left = None if recurrence.count is None else recurrence.count - place
            return moment.date(), replace(recurrence, count=left)
    return None
