"""The patterns by which a locale writes days and times, with English words: pages are in English, whoever reads them.

A locale chooses the order, the separators and the clock; the names of months stay English.
"""

import re
from functools import lru_cache

from babel import Locale
from babel.dates import DateTimePattern, get_datetime_format, parse_pattern

from crm_web.records.currency_signs import ENGLISH

_QUOTED = re.compile(r"\s*'[^']*'")
_FOREIGN = re.compile(r"[^\W\d_a-zA-Z]")


def words_of(locale: Locale) -> Locale:
    """
    Say in which English the words around a locale's numbers are.

    :param locale: the reader's locale
    :return: the locale itself where it is an English one, else English
    """
    return locale if locale.language == "en" else ENGLISH


@lru_cache(maxsize=64)
def day_pattern(locale: Locale) -> DateTimePattern:
    """
    Give the pattern of a day, such as ``d MMM y``; words of the locale's language between the parts are left out.

    :param locale: the reader's locale
    :return: the pattern
    """
    medium, short = (_QUOTED.sub("", locale.date_formats[width].pattern) for width in ("medium", "short"))
    return parse_pattern(short if _FOREIGN.search(medium) else medium)


@lru_cache(maxsize=64)
def time_pattern(locale: Locale) -> DateTimePattern:
    """
    Give the pattern of a time, such as ``HH:mm`` or ``h:mm a``.

    :param locale: the reader's locale
    :return: the pattern
    """
    short = str(locale.time_formats["short"].pattern)
    if "'" in short:
        return parse_pattern("HH:mm")
    return parse_pattern("h:mm\u202fa" if short.startswith("a") else short)


@lru_cache(maxsize=64)
def moment_pattern(locale: Locale) -> str:
    """
    Say how a day and a time are put together.

    :param locale: the reader's locale
    :return: a text in which ``{1}`` stands for the day and ``{0}`` for the time
    """
    return _QUOTED.sub("", str(get_datetime_format("medium", locale=locale)))
