"""Currency signs, as people type them beside an amount."""

import functools
import unicodedata
from typing import NamedTuple

from babel import Locale

from crm_web.models.codes import CURRENCIES

ENGLISH = Locale("en")


class Sign(NamedTuple):
    """A currency sign.

    :param currencies: the ISO codes that it can mean
    :param usual: the one that it means by default, if any
    """

    text: str
    currencies: frozenset[str]
    usual: str | None


# The CLDR's narrow signs, which several countries share and which Babel does not carry.
SHARED = {
    "$": "ARS AUD BBD BMD BND BSD BZD CAD CLP COP CUP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD USD "
    "UYU XCD",
    "£": "EGP FKP GBP GIP LBP SDG SHP SSP SYP",
    "¥": "CNY JPY",
    "元": "CNY",
    "円": "JPY",
    "원": "KRW",
    "₩": "KRW KPW",
    "kr": "DKK ISK NOK SEK",
    "kr.": "DKK ISK",
    "fr": "CHF",
    "fr.": "CHF",
    "sfr.": "CHF",
    "rs": "INR LKR MUR NPR PKR",
    "rs.": "INR LKR MUR NPR PKR",
    "€": "EUR",
    "euro": "EUR",
    "₹": "INR",
    "r$": "BRL",
    "r": "ZAR",
    "₽": "RUB BYN",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "lei": "RON",
    "₺": "TRY",
    "tl": "TRY",
    "₪": "ILS",
    "₫": "VND",
    "฿": "THB",
    "₱": "PHP",
    "₦": "NGN",
    "₴": "UAH",
    "₸": "KZT",
    "us$": "USD",
    "au$": "AUD",
    "a$": "AUD",
    "ca$": "CAD",
    "c$": "CAD",
    "nz$": "NZD",
    "hk$": "HKD",
    "s$": "SGD",
    "mx$": "MXN",
}


def find_sign(text: str, locale: Locale) -> Sign:
    """Find the currencies that a sign can mean.

    :param text: such as ``€``, ``US$``, ``kr`` or ``EUR``
    :raise ValueError: if it is the sign or code of no currency
    """
    key = _key(text)
    code = key.upper()
    if code in CURRENCIES:
        return Sign(text, frozenset({code}), code)
    currencies, usual = _list_signs(locale).get(key, (frozenset(), None))
    if not currencies:
        raise ValueError("This is not a currency.")
    return Sign(text, currencies, usual)


@functools.lru_cache(maxsize=32)
def _list_signs(locale: Locale) -> dict[str, tuple[frozenset[str], str | None]]:
    """List every sign with its currencies and the usual one in the locale."""
    meant = {_key(sign): set(codes.split()) for sign, codes in SHARED.items()}
    shown = {code: _key(locale.currency_symbols.get(code, code)) for code in CURRENCIES}
    for symbols in (shown, {code: _key(ENGLISH.currency_symbols.get(code, code)) for code in CURRENCIES}):
        for code, sign in symbols.items():
            meant.setdefault(sign, set()).add(code)
    usual: dict[str, list[str]] = {}
    for code, sign in shown.items():
        usual.setdefault(sign, []).append(code)
    return {
        sign: (frozenset(codes), _only(usual.get(sign, [])) or _only(sorted(codes))) for sign, codes in meant.items()
    }


def _only(codes: list[str]) -> str | None:
    return codes[0] if len(codes) == 1 else None


def _key(sign: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", sign).casefold().split())
