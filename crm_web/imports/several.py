"""Several values in one cell, of which a record has room for the first."""

import re
from collections.abc import Callable, Mapping

_BETWEEN = {
    # Google’s exports write three colons.
    "email": re.compile(r" ::: |[;,\n]"),
    "phone": re.compile(r" ::: |[;\n]"),
    "mobile": re.compile(r" ::: |[;\n]"),
    "website": re.compile(r" ::: |\n"),
}
_FEWEST_DIGITS = 6
_IS_ONE: Mapping[str, Callable[[str], bool]] = {
    "email": lambda text: "@" in text,
    "website": lambda text: "." in text,
    "phone": lambda text: sum(map(str.isdigit, text)) >= _FEWEST_DIGITS,
    "mobile": lambda text: sum(map(str.isdigit, text)) >= _FEWEST_DIGITS,
}


def split_cell(field: str, text: str) -> list[str]:
    """Split a cell with several email addresses, numbers or websites; one with anything else stays whole.

    :param field: what the cell is read as
    """
    between = _BETWEEN.get(field)
    if between is None or not between.search(text):
        return [text]
    parts = list(dict.fromkeys(filter(None, map(str.strip, between.split(text)))))
    return parts if len(parts) > 1 and all(map(_IS_ONE[field], parts)) else [text]
