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
_OF_RECORDS = frozenset({"company", "full_name", "first_name", "last_name", "deal_name", "parent_ref"})
"""Fields whose cells may link to the pages of records, as Notion’s exports do."""
_LINK = re.compile(
    r"\s*(?:\[(?P<marked>[^\[\]]+)\]\((?:https?://|/|\.)[^\s()]*\)"
    r"|(?P<plain>\S.*?) ?\((?:https?://[^\s()]+|[^()\n]*[0-9a-f]{32}[^()\n]*)\))\s*(?:[,;\n]|$)"
)
"""“Acme (https://www.notion.so/…)”, or a link as in Markdown."""
_FEWEST_DIGITS = 6
_IS_ONE: Mapping[str, Callable[[str], bool]] = {
    "email": lambda text: "@" in text,
    "website": lambda text: "." in text,
    "phone": lambda text: sum(map(str.isdigit, text)) >= _FEWEST_DIGITS,
    "mobile": lambda text: sum(map(str.isdigit, text)) >= _FEWEST_DIGITS,
}


def split_cell(field: str, text: str) -> list[str]:
    """Split a cell with several email addresses, numbers, websites or links to records; one with anything else stays
    whole.

    :param field: what the cell is read as
    :return: the values; of a link its text
    """
    if field in _OF_RECORDS and ")" in text:
        return _read_links(text) or [text]
    between = _BETWEEN.get(field)
    if between is None or not between.search(text):
        return [text]
    parts = list(dict.fromkeys(filter(None, map(str.strip, between.split(text)))))
    return parts if len(parts) > 1 and all(map(_IS_ONE[field], parts)) else [text]


def _read_links(text: str) -> list[str]:
    """Read the texts of links; none if the cell holds anything else."""
    names, place = [], 0
    while place < len(text):
        link = _LINK.match(text, place)
        if link is None:
            return []
        names.append((link["marked"] or link["plain"]).strip())
        place = link.end()
    return list(dict.fromkeys(names))
