"""Countries and currencies by name, in the reader's language, as a list to choose from."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from babel import Locale

from crm_web.models import COUNTRIES, CURRENCIES


@lru_cache(maxsize=32)
def list_countries(locale: str) -> Sequence[tuple[str, str]]:
    """
    List the countries in the order in which people read their names.

    :param locale: the language of the names, such as ``de_AT``
    :return: pairs of ISO code and name
    """
    names = Locale.parse(locale).territories
    return sorted(((code, names.get(code, code)) for code in COUNTRIES), key=lambda pair: _sort_key(pair[1]))


@lru_cache(maxsize=32)
def list_currencies(locale: str) -> Sequence[tuple[str, str]]:
    """
    List the currencies by their codes.

    :param locale: the language of the names, such as ``de_AT``
    :return: pairs of ISO code and a label of code and name
    """
    names = Locale.parse(locale).currencies
    return [(code, f"{code} – {names.get(code, code)}") for code in sorted(CURRENCIES)]


def _sort_key(name: str) -> str:
    """Sort as people read: Åland and Österreich stand among A and O."""
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()
