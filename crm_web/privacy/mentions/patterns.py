"""What finds the names of a person in texts, quickly enough for tables of millions of rows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

from sqlalchemy import ARRAY, ColumnElement, Text, case, cast, false, func, or_

from crm_web.privacy.queries import Person
from crm_web.records.matching import escape_like


@dataclass(frozen=True)
class NamePattern:
    """What finds words as typed, and as they stand in addresses of pages, in whatever case.

    :param spelled: the words; where there are none, it finds nothing
    """

    spelled: tuple[str, ...]

    @cached_property
    def expression(self) -> str:
        """A regular expression of PostgreSQL."""
        return "|".join(_edge(word[0]) + _spell(word) + _edge(word[-1]) for word in self.spelled) or "(?!x)x"

    @cached_property
    def hints(self) -> list[str]:
        """Parts of which one at least stands in every text that is found, as JSON writes it as well."""
        parts = {max(re.split(r'[\s"\\]+', word), key=len).lower() for word in self.spelled}
        short = sorted(parts, key=lambda part: (len(part), part))
        return [part for place, part in enumerate(short) if not any(other in part for other in short[:place])]

    def find(self, text: str | None) -> bool:
        """Return whether a text has one of the words."""
        return bool(text) and bool(self._compiled.search(text or ""))

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.expression.replace(r"\y", r"\b"), re.IGNORECASE)

    def is_in(self, column: Any) -> ColumnElement[bool]:
        """Build the condition that a column has one of the words; it may hold JSON.

        A regular expression takes three times as long as the parts, which few texts have.
        """
        text = cast(column, Text)
        hints = cast([f"%{escape_like(hint)}%" for hint in self.hints], ARRAY(Text))
        # With an OR between them, PostgreSQL would write the text in small letters for each.
        is_likely = func.lower(text).op("LIKE")(func.any(hints))
        # JSON writes the end of a line as two signs, beside which no word would begin.
        matches = func.replace(text, r"\n", " ").op("~*")(self.expression)
        return case((is_likely, matches), else_=false())

    def folded_hints(self, folded: ColumnElement[str]) -> ColumnElement[bool]:
        """Build the condition that a folded text has one of the parts, which its index can answer."""
        likely = (folded.like(func.crm_fold(f"%{escape_like(hint)}%"), escape="\\") for hint in self.hints)
        return or_(False, *likely)


def build_pattern(words: Iterable[str]) -> NamePattern:
    """Build what finds any of these words."""
    return NamePattern(tuple(sorted({form for word in words for form in (word, quote(word), quote_plus(word))})))


def _spell(word: str) -> str:
    return r"\s+".join(re.escape(part) for part in word.split())


def _edge(sign: str) -> str:
    """A word ends there; Chinese and Japanese are written without gaps."""
    return r"\y" if sign.isalnum() and ord(sign) < 0x590 else ""


def sure_pattern(person: Person) -> NamePattern:
    """Build the pattern of what means this person and nobody else."""
    return build_pattern(person.traces)


def any_pattern(person: Person) -> NamePattern:
    """Build the pattern of what may mean this person: their last name as well."""
    return build_pattern(person.traces | person.last_names)
