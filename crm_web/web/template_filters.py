"""Template filters: pure functions, and the one place that gives them the user's locale and time zone.

The user's locale decides how numbers and dates are written; the words are English for everyone.
"""

import datetime as dt
import math
import re
import unicodedata
import zlib
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, wraps
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.dates import TIMEDELTA_UNITS, format_timedelta
from babel.numbers import (
    NumberPattern,
    format_decimal,
    format_percent,
    get_currency_precision,
)
from flask import Flask, g, has_request_context
from flask.globals import _cv_app
from flask_login import current_user
from phonenumbers import PhoneNumber, PhoneNumberFormat

from crm_web.core import clock
from crm_web.records.currency_signs import ENGLISH
from crm_web.records.quotes import split_quote
from crm_web.records.recurrence import read_rule
from crm_web.web.formats import datetime_pattern, day_pattern, english_locale, time_pattern
from crm_web.web.markdown import markdown
from crm_web.web.postal_addresses import FIELDS, address_fields, write_address
from crm_web.web.remembered import remembered, remembered_for_lists, remembered_under

Amount = Decimal | int | float

RELATIVE_FOR = 30 * 24 * 60 * 60
"""Seconds; what is longer ago, or further ahead, is written as a date."""
JUST_NOW = 45
"""Seconds that are not counted."""
_UNITS = [(unit, length) for unit, length in reversed(TIMEDELTA_UNITS) if length <= RELATIVE_FOR]
RELATIVE_UNITS = [(*this, longer) for this, (_, longer) in pairwise(_UNITS)]
"""From seconds up to days, each with its length in seconds and that of the next one."""
LONGEST_UNIT, LONGEST_LENGTH = _UNITS[-1]
LETTER_BEFORE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")
KEPT = 4096
"""How many texts are kept of each kind: the same dates, times and amounts occur on page after page."""


@dataclass(frozen=True, eq=False)
class UserLocale:
    """The locale and time zone that a page is written for; cached, one object for each pair."""

    locale: Locale = ENGLISH
    zone: dt.tzinfo = dt.UTC


DEFAULT_LOCALE = UserLocale()


@lru_cache(maxsize=256)
def user_locale_of(locale: str | None, time_zone: str | None) -> UserLocale:
    """Return the locale an employee chose; unknown names fall back to English and UTC.

    :param locale: such as ``de_AT``
    :param time_zone: an IANA name such as ``Europe/Vienna``
    """
    try:
        known_locale = Locale.parse((locale or "en").replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        known_locale = ENGLISH
    try:
        known_zone: dt.tzinfo = ZoneInfo(time_zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        known_zone = dt.UTC
    return UserLocale(known_locale, known_zone)


@lru_cache(maxsize=1024)
def _money_pattern(locale: Locale, digits: int) -> NumberPattern:
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    return pattern


@lru_cache(maxsize=KEPT)
def money(amount: Amount | None, currency: str | None = None, *, user_locale: UserLocale = DEFAULT_LOCALE) -> str:
    """Format an amount, such as ``€12,000`` or ``12.000,50 €``, without decimals if they are zero.

    :param amount: in major units; ``None`` gives an empty text
    :param currency: ISO 4217 code; ``None`` gives the bare number
    """
    if amount is None or not currency:
        return number(amount, user_locale=user_locale)
    digits = 0 if amount == int(amount) else 2 if amount == round(amount, 2) else get_currency_precision(currency)
    pattern = _money_pattern(user_locale.locale, digits)
    text = pattern.apply(amount, user_locale.locale, currency=currency, currency_digits=False)
    # Unicode's rule, which Babel leaves out: a symbol of letters keeps a little distance from its figure.
    return LETTER_BEFORE_DIGIT.sub("\N{NO-BREAK SPACE}", text)


@lru_cache(maxsize=KEPT)
def number(value: Amount | None, *, user_locale: UserLocale = DEFAULT_LOCALE) -> str:
    """Format a number with the user's separators; ``None`` gives an empty text."""
    return "" if value is None else format_decimal(value, locale=user_locale.locale)


def rate(value: Decimal, *, user_locale: UserLocale = DEFAULT_LOCALE) -> str:
    """Format an exchange rate, with as many decimals as it has."""
    return str(format_decimal(value, format="#,##0.########", locale=user_locale.locale))


@lru_cache(maxsize=KEPT)
def percent(value: Amount | None, *, user_locale: UserLocale = DEFAULT_LOCALE) -> str:
    """Format a percentage from 0 to 100, such as ``40%``; ``None`` gives an empty text."""
    return "" if value is None else format_percent(Decimal(str(value)) / 100, locale=user_locale.locale)


@lru_cache(maxsize=KEPT)
def date(value: dt.date | None, *, user_locale: UserLocale = DEFAULT_LOCALE) -> str:
    """Format a date, such as ``22 Nov 2026``; a time is converted to the user's zone first. ``None`` gives an empty
    text.
    """
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        value = value.astimezone(user_locale.zone)
    return day_pattern(user_locale.locale).apply(value, english_locale(user_locale.locale))


def month(value: dt.date) -> str:
    """Format a month, such as ``Nov 2026``."""
    return f"{ENGLISH.months['format']['abbreviated'][value.month]} {value.year}"


@lru_cache(maxsize=KEPT)
def datetime(value: dt.datetime | None, *, user_locale: UserLocale = DEFAULT_LOCALE) -> str:
    """Format a time with its zone, such as ``22 Nov 2026, 14:05 CET``; ``None`` gives an empty text."""
    if value is None:
        return ""
    local = value.astimezone(user_locale.zone)
    time = time_pattern(user_locale.locale).apply(local, english_locale(user_locale.locale))
    return f"{datetime_pattern(user_locale.locale).format(time, date(local, user_locale=user_locale))} {local.tzname()}"


@lru_cache(maxsize=KEPT)
def clock_time(value: dt.time | None, *, user_locale: UserLocale = DEFAULT_LOCALE) -> str:
    """Format a time of day, such as ``14:05`` or ``2:05 PM``; ``None`` gives an empty text."""
    return time_pattern(user_locale.locale).apply(value, english_locale(user_locale.locale)) if value else ""


def local_time(value: dt.datetime, *, user_locale: UserLocale = DEFAULT_LOCALE) -> dt.time:
    """Return the time of day that it is in the user's zone."""
    return value.astimezone(user_locale.zone).time()


def recurrence(rule: str | None, *, user_locale: UserLocale = DEFAULT_LOCALE) -> str:
    """Format an RRULE in words, such as ``Every 2 weeks on Monday``; ``None`` gives an empty text."""
    return read_rule(rule).in_words(lambda day: date(day, user_locale=user_locale)) if rule else ""


def relative_time(
    value: dt.datetime | None,
    *,
    user_locale: UserLocale = DEFAULT_LOCALE,
    now: dt.datetime | None = None,
) -> str:
    """Format how long ago or how far ahead a time is, such as ``3 hours ago``; beyond a month, its date.

    :param value: a time with a zone; ``None`` gives an empty text
    """
    if value is None:
        return ""
    seconds = (value - (now or clock.now())).total_seconds()
    return date(value, user_locale=user_locale) if abs(seconds) > RELATIVE_FOR else _format_distance(seconds)


class TimeParts(NamedTuple):
    """A time as a page writes it: by machine, exactly, as a date for paper, and how long ago."""

    iso: str
    exact: str
    day: str
    relative: str


def time_parts(
    value: dt.datetime, *, user_locale: UserLocale = DEFAULT_LOCALE, now: dt.datetime | None = None
) -> TimeParts:
    """Format a time in all the ways that a page needs, at once."""
    iso, exact, day = _lasting_parts(value, user_locale)
    seconds = (value - (now or clock.now())).total_seconds()
    return TimeParts(iso, exact, day, day if abs(seconds) > RELATIVE_FOR else _format_distance(seconds))


@lru_cache(maxsize=KEPT)
def _lasting_parts(value: dt.datetime, user_locale: UserLocale) -> tuple[str, str, str]:
    return (
        value.isoformat(timespec="seconds"),
        datetime(value, user_locale=user_locale),
        date(value, user_locale=user_locale),
    )


def _format_distance(seconds: float) -> str:
    """Format how far ahead a time is, or how long ago.

    It is rounded to the smallest unit that does not fill up the next one: 59.7 minutes are an hour, not 60 minutes.
    """
    distance = abs(seconds)
    if distance < JUST_NOW:
        return "just now"
    for unit, length, longer in RELATIVE_UNITS:
        count = round(distance / length)
        if count * length < longer:
            return _distance(count, unit, seconds < 0)
    return _distance(round(distance / LONGEST_LENGTH), LONGEST_UNIT, seconds < 0)


@lru_cache(maxsize=1024)
def _distance(count: int, unit: Any, is_past: bool) -> str:
    """Format a count of one unit as a distance, such as 5 minutes; cached, since a list repeats the same few."""
    seconds = count * dict(TIMEDELTA_UNITS)[unit] * (-1 if is_past else 1)
    told: str = format_timedelta(seconds, granularity=unit, threshold=math.inf, add_direction=True, locale=ENGLISH)
    return told


def country(code: str | None, *, user_locale: UserLocale = DEFAULT_LOCALE) -> str:
    """Name a country; ``None`` gives an empty text, an unknown code comes back as it is.

    :param code: ISO 3166-1 alpha-2
    """
    return ENGLISH.territories.get(code, code) if code else ""


def postal_address(record: Any, which: str = "", *, user_locale: UserLocale = DEFAULT_LOCALE) -> str:
    """Format an address of a record in the order of its country; empty if it has none.

    :param record: anything with ``street``, ``city``, ``state``, ``postal_code`` and ``country``
    :param which: a prefix of these names, such as ``billing_``
    """
    given = {name: getattr(record, which + name) for name in FIELDS.values()}
    code = getattr(record, f"{which}country")
    return write_address(given, code, country(code, user_locale=user_locale))


def plural(count: int, one: str, many: str | None = None, *, user_locale: UserLocale = DEFAULT_LOCALE) -> str:
    """Format a count with its noun, such as ``1 lead`` or ``1,234 leads``.

    :param many: the plural; by default ``one`` with an s
    """
    return f"{number(count, user_locale=user_locale)} {one if count == 1 else many or one + 's'}"


def tel(value: str | None) -> str | None:
    """Return a ``tel:`` URL for a number, as typed or in E.164; ``None`` if it can't be dialed."""
    parsed = _parsed_phone(value)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.RFC3966) if parsed else None


def _parsed_phone(value: str | None) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(value or "")
    except phonenumbers.NumberParseException:
        return None


def mailto(value: str | None) -> str | None:
    """Return a ``mailto:`` URL for an email address; ``None`` without one."""
    return f"mailto:{quote(value, safe='@')}" if value else None


def web_link(value: str | None) -> str | None:
    """Return an http or https URL for a website as typed; ``None`` for anything else, such as a script."""
    address = (value or "").strip()
    if not address:
        return None
    if "://" not in address:
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return address if usable else None


@lru_cache(maxsize=KEPT)
def initials(name: str | None) -> str:
    """Return the initials of a name, at most two; a dot if it has no letter."""
    letters = [word[0] for word in (name or "").split() if unicodedata.category(word[0])[0] in "LN"]
    return "".join(letters[:1] + letters[1:][-1:]).upper() or "·"


@lru_cache(maxsize=KEPT)
def tint(name: str) -> int:
    """Return the number of the colour behind someone's initials, 0 to 7; a name always has the same one."""
    return zlib.crc32(name.encode()) % 8


def file_size(size: int) -> str:
    """Format a number of bytes, such as ``50 MB``."""
    if size < 1024:
        return "1 byte" if size == 1 else f"{size} bytes"
    if size < 1024 * 1024:
        return f"{round(size / 1024)} KB"
    return f"{round(size / 1024 / 1024)} MB"


def share(value: Amount, total: Amount) -> float:
    """Return a part as a percentage of the total; 0 if the total is 0."""
    return round(max(0.0, min(1.0, float(value) / float(total))) * 100, 2) if total else 0.0


FOR_READER: dict[str, Callable[..., Any]] = {
    filter_.__name__: filter_
    for filter_ in (
        money,
        number,
        rate,
        percent,
        date,
        datetime,
        clock_time,
        local_time,
        relative_time,
        recurrence,
        time_parts,
        country,
        postal_address,
        plural,
    )
}
FOR_ALL: dict[str, Callable[..., Any]] = {
    filter_.__name__: filter_
    for filter_ in (tel, mailto, web_link, initials, tint, share, file_size, markdown, split_quote)
}


def register_filters(app: Flask) -> None:
    """Register the filters; those that depend on the user get the signed-in employee's locale."""
    app.jinja_env.globals["now"] = clock.now
    app.jinja_env.globals["today"] = today
    app.jinja_env.globals["address_fields"] = address_fields
    # For forms that templates draw by themselves; see crm_web.web.forms.IdempotentForm.
    app.jinja_env.globals["submission_key"] = uuid4
    app.jinja_env.globals.update(
        remembered=remembered, remembered_for_lists=remembered_for_lists, remembered_under=remembered_under
    )
    app.jinja_env.filters.update(FOR_ALL)
    for name, filter_ in FOR_READER.items():
        app.jinja_env.filters[name] = _for_current_reader(filter_)


def current_user_locale() -> UserLocale:
    """Return the locale of the signed-in employee, else English in UTC."""
    # A list asks hundreds of times, so not through ``g``; nobody changes in the middle of a page.
    context = _cv_app.get(None)
    known: UserLocale | None = None if context is None else context.g.get("user_locale")
    if known is None:
        if not has_request_context():
            return DEFAULT_LOCALE
        known = user_locale_of(getattr(current_user, "locale", None), getattr(current_user, "time_zone", None))
        g.user_locale = known
    return known


def today() -> dt.date:
    """Return today's date where the signed-in employee is."""
    return clock.now().astimezone(current_user_locale().zone).date()


def _for_current_reader(filter_: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(filter_)
    def filtered(*values: Any, **options: Any) -> Any:
        return filter_(*values, user_locale=current_user_locale(), **options)

    return filtered
