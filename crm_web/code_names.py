"""Countries and currencies by name, in the reader's language, as a list to choose from."""

from collections.abc import Sequence
from functools import lru_cache

from babel import Locale

from crm_web.folding import fold
from crm_web.models import COUNTRIES, CURRENCIES


@lru_cache(maxsize=32)
def list_countries(locale: str) -> Sequence[tuple[str, str]]:
    """
    List the countries in the order in which people read their names.

    :param locale: the language of the names, such as ``de_AT``
    :return: pairs of ISO code and name
    """
    names = Locale.parse(locale).territories
    return sorted(((code, names.get(code, code)) for code in COUNTRIES), key=lambda pair: fold(pair[1]))


@lru_cache(maxsize=32)
def list_currencies(locale: str) -> Sequence[tuple[str, str]]:
    """
    List the currencies by their codes.

    :param locale: the language of the names, such as ``de_AT``
    :return: pairs of ISO code and a label of code and name
    """
    names = Locale.parse(locale).currencies
    return [(code, f"{code} – {names.get(code, code)}") for code in sorted(CURRENCIES)]
