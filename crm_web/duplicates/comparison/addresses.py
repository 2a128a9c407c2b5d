"""Streets in one spelling: numbers apart, and the usual abbreviations written out."""

import re
from functools import lru_cache

from crm_web.records.folding import fold

_ABBREVIATED = {
    "st": "street",
    "str": "strasse",
    "ave": "avenue",
    "av": "avenue",
    "rd": "road",
    "blvd": "boulevard",
    "bd": "boulevard",
    "dr": "drive",
    "ln": "lane",
    "ct": "court",
    "crt": "court",
    "pl": "place",
    "sq": "square",
    "cres": "crescent",
    "hwy": "highway",
    "pkwy": "parkway",
    "ter": "terrace",
    "tce": "terrace",
    "apt": "apartment",
}
# They say little, and two streets would look alike by them.
_LEFT_OUT = frozenset(
    "street avenue road boulevard drive lane court place strasse north south east west n s e w".split()  # noqa: SIM905
)
_PART = re.compile(r"[^\w]+")
_GLUED = re.compile(r"(?<=[a-z]{3})str(?:\.|asse)?(?=\s|\d|$)")
_ORDINAL = re.compile(r"^(\d+)(st|nd|rd|th)$")


@lru_cache(maxsize=16_384)
def street_parts(street: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Split a street into its numbers and its words.

    :return: the numbers, and the words in one spelling without the kind of street at the end
    """
    plain = _GLUED.sub(" strasse ", fold(street).replace(".", " "))
    numbers: set[str] = set()
    words: list[str] = []
    for part in _PART.split(plain):
        if not part:
            continue
        if ordinal := _ORDINAL.match(part):
            words.append(ordinal[1] + "th")
        elif part[0].isdigit():
            numbers.add(part.lstrip("0") or "0")
        else:
            words.append(_ABBREVIATED.get(part, part))
    return frozenset(numbers), tuple(word for word in words if word not in _LEFT_OUT) or tuple(words)
