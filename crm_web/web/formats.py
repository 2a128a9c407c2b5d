"""Date and time patterns of a locale, with English words.

A locale decides the order, the separators and the 12- or 24-hour clock; month names stay English.
"""

import re
from functools import lru_cache

from babel import Locale
from babel.dates import DateTimePattern, get_datetime_format, parse_pattern

from crm_web.records.currency_signs import ENGLISH

_QUOTED = re.compile(r"\s*'[^']*'")
_FOREIGN = re.compile(r"[^\W\d_a-zA-Z]")


def english_locale(locale: Locale) -> Locale:
    """Return the locale whose words to use: the locale itself if it is English, else English."""
    return locale if locale.language == "en" else ENGLISH


@lru_cache(maxsize=64)
def day_pattern(locale: Locale) -> DateTimePattern:
    """Return the pattern of a date, such as ``d MMM y``, without words of the locale's language."""
    medium, short = (_QUOTED.sub("", locale.date_formats[width].pattern) for width in ("medium", "short"))
    return parse_pattern(short if _FOREIGN.search(medium) else medium)


@lru_cache(maxsize=64)
def time_pattern(locale: Locale) -> DateTimePattern:
    """Return the pattern of a time, such as ``HH:mm`` or ``h:mm a``."""
    short = str(locale.time_formats["short"].pattern)
    if "'" in short:
        return parse_pattern("HH:mm")
    return parse_pattern("h:mm\u202fa" if short.startswith("a") else short)


@lru_cache(maxsize=64)
def datetime_pattern(locale: Locale) -> str:
    """Return how a date and a time are joined: a text with ``{1}`` for the date and ``{0}`` for the time."""
    return _QUOTED.sub("", str(get_datetime_format("medium", locale=locale)))
