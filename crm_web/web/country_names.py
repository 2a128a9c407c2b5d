"""Countries and currencies to choose from."""

from collections.abc import Sequence
from functools import cache

from babel import Locale

from crm_web.models import COUNTRIES, CURRENCIES
from crm_web.records.folding import fold


@cache
def list_countries() -> Sequence[tuple[str, str]]:
    """List pairs of ISO code and name, in alphabetical order of the names."""
    names = Locale("en").territories
    return sorted(((code, names.get(code, code)) for code in COUNTRIES), key=lambda pair: fold(pair[1]))


@cache
def list_currencies() -> Sequence[tuple[str, str]]:
    """List pairs of ISO code and label, by code."""
    names = Locale("en").currencies
    return [(code, f"{code} – {names.get(code, code)}") for code in sorted(CURRENCIES)]
