"""Parsing of countries as people and programs write them: by code, or by a name in any common language."""

import functools
import re

from babel import Locale
from babel.core import get_global

from crm_web.models.codes import COUNTRIES
from crm_web.records.folding import fold
from crm_web.records.locale_names import LANGUAGES, iterate_locales


def read_country(value: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of a country, or XK for Kosovo.

    :param value: a code of two or three letters or digits, or a name in English or another common language
    :raise ValueError: if there is no such country
    """
    typed = value.strip()
    if typed.upper() in COUNTRIES:
        return typed.upper()
    name = re.sub(r"^saint\b", "st.", _fold(typed))
    # “Slovakia (Slovak Republic)” is Slovakia.
    without_addition = re.sub(r"\s*\(.*\)$", "", name)
    for codes in (_english_names, _iso_codes, _local_names):
        code = codes().get(name) or codes().get(without_addition)
        if code:
            return code
    raise ValueError("Choose a country from the list.")


@functools.cache
def _english_names() -> dict[str, str]:
    names = {_fold(name): code for code, name in Locale("en").territories.items() if code in COUNTRIES}
    return names | _OTHER_NAMES


@functools.cache
def _iso_codes() -> dict[str, str]:
    """The codes of three letters and of three digits."""
    aliases = get_global("territory_aliases")
    return {code.lower(): names[0] for code, names in aliases.items() if len(code) == 3 and names[0] in COUNTRIES}


@functools.cache
def _local_names() -> dict[str, str]:
    """The names in other languages; one that means two countries is none."""
    names: dict[str, set[str]] = {}
    for locale in iterate_locales(LANGUAGES):
        for code, name in locale["territories"].items():
            if code in COUNTRIES:
                names.setdefault(_fold(name), set()).add(code)
    return {name: codes.pop() for name, codes in names.items() if len(codes) == 1}


_OTHER_NAMES = {
    "usa": "US",
    "u.s.a.": "US",
    "u.s.": "US",
    "united states of america": "US",
    "uk": "GB",
    "u.k.": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "korea": "KR",
    "south korea": "KR",
    "republic of korea": "KR",
    "holland": "NL",
    "the netherlands": "NL",
    "uae": "AE",
    "turkey": "TR",
    "czech republic": "CZ",
    "ivory coast": "CI",
    "viet nam": "VN",
    "russian federation": "RU",
    "hong kong": "HK",
    "macau": "MO",
    "macao": "MO",
    "bolivia, plurinational state of": "BO",
    "brunei darussalam": "BN",
    "burma": "MM",
    "cabo verde": "CV",
    "congo": "CG",
    "congo, the democratic republic of the": "CD",
    "democratic republic of the congo": "CD",
    "east timor": "TL",
    "heard island and mcdonald islands": "HM",
    "holy see": "VA",
    "iran, islamic republic of": "IR",
    "korea, democratic people's republic of": "KP",
    "korea, republic of": "KR",
    "kyrgyz republic": "KG",
    "lao people's democratic republic": "LA",
    "libyan arab jamahiriya": "LY",
    "macedonia": "MK",
    "micronesia, federated states of": "FM",
    "moldova, republic of": "MD",
    "myanmar": "MM",
    "palestine": "PS",
    "palestine, state of": "PS",
    "palestinian territory": "PS",
    "republic of ireland": "IE",
    "south georgia and the south sandwich islands": "GS",
    "svalbard and jan mayen islands": "SJ",
    "st. vincent and the grenadines": "VC",
    "swaziland": "SZ",
    "syrian arab republic": "SY",
    "taiwan, province of china": "TW",
    "tanzania, united republic of": "TZ",
    "united states minor outlying islands": "UM",
    "united states virgin islands": "VI",
    "vatican": "VA",
    "venezuela, bolivarian republic of": "VE",
    "virgin islands, british": "VG",
    "virgin islands, u.s.": "VI",
}
"""Official and older names, as other programs write them, beside those of the CLDR."""


def _fold(text: str) -> str:
    return fold(text.replace("’", "'").replace("&", "and")).strip()
