"""Countries and currencies by name, as a list to choose from."""

from collections.abc import Sequence
from functools import cache

from babel import Locale

from crm_web.models import COUNTRIES, CURRENCIES
from crm_web.records.folding import fold


@cache
def list_countries() -> Sequence[tuple[str, str]]:
    """
    List the countries in the order in which people read their names.

    :return: pairs of ISO code and name
    """
    names = Locale("en").territories
    return sorted(((code, names.get(code, code)) for code in COUNTRIES), key=lambda pair: fold(pair[1]))


@cache
def list_currencies() -> Sequence[tuple[str, str]]:
    """
    List the currencies by their codes.

    :return: pairs of ISO code and a label of code and name
    """
    names = Locale("en").currencies
    return [(code, f"{code} – {names.get(code, code)}") for code in sorted(CURRENCIES)]
