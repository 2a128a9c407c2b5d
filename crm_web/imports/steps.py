"""How a field is read: from which columns, what counts as blank there, and the words that were read before."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from crm_web.imports.cells import STREET, Reader
from crm_web.imports.columns import TEXTS
from crm_web.imports.excel import NOTHING, check_result
from crm_web.imports.vocabulary import NO_COUNTRY, NO_CURRENCY, NO_NAMES, NOBODY, PLACEHOLDERS, UNKNOWNS

BLANK = object()
"""What a cell in which nothing is filled in is read as."""
NEVER_BLANK = ("first_name", "last_name", "full_name", "company", "deal_name", "product", "description", "external_id")
NAMES = ("first_name", "last_name", "full_name", "company")
_LONGEST_PLACEHOLDER = max(map(len, NO_COUNTRY | NOBODY))
_READ_ANEW = frozenset(
    {"phone", "mobile", "company_ref", "contact_ref", "deal_ref", "external_id", "email", "description"}
)
"""Fields whose values seldom repeat, or can raise a warning."""
_MOST_KEPT = 1024


class Step:
    """How to read one field. Of most fields few values come again and again, so each is read once.

    :param blanks: what counts as blank
    """

    __slots__ = ("_blanks", "_known", "_most", "_reader", "columns", "name")

    def __init__(self, name: str, columns: tuple[int, ...], blanks: Collection[str], reader: Reader) -> None:
        self.name, self.columns = name, columns
        self._blanks, self._reader = blanks, reader
        self._known: dict[str, Any] = {}
        self._most = 0 if name in _READ_ANEW else _MOST_KEPT

    def named(self, name: str) -> "Step":
        """The same step for another field."""
        return Step(name, self.columns, self._blanks, self._reader)

    def is_filled(self, text: str) -> bool:
        """Return whether a cell holds anything."""
        if not text or text.isspace() or text in NOTHING:
            return False
        return not (self._blanks and len(text) <= _LONGEST_PLACEHOLDER and text.strip().casefold() in self._blanks)

    def read(self, text: str) -> Any:
        """Read a cell.

        :return: the value, or ``BLANK``
        :raise ValueError: with a sentence for the person
        """
        value = self._known.get(text)
        if value is None:
            value = BLANK
            if self.is_filled(text):
                check_result(text)
                value = self._reader(text)
            if len(self._known) < self._most:
                self._known[text] = value
        return value


def translate(read: Reader, words: Mapping[str, str]) -> Reader:
    """Let a reader read what a person said that words mean."""
    return lambda text: read(words.get(text.strip(), text))


def plan_step(name: str, columns: tuple[int, ...], readers: Mapping[str, Callable[[str], Any]]) -> Step:
    """Plan how to read a field."""
    blanks: Collection[str] = UNKNOWNS
    if name in NEVER_BLANK:
        blanks = NO_NAMES if name in NAMES else frozenset()
    elif name in (*TEXTS, *STREET, "source"):
        blanks = PLACEHOLDERS
    elif name in ("country", "owner"):
        blanks = NO_COUNTRY if name == "country" else NOBODY
    elif name == "currency":
        blanks = NO_CURRENCY
    elif name == "amount":
        # The result of a calculation that failed is not "nothing filled in".
        blanks = UNKNOWNS - {"nan"}
    return Step(name, columns, blanks, readers[name])
