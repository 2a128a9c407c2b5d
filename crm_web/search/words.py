"""The search terms: normalization, and comparison with similarly spelled words."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from crm_web.records.folding import fold
from crm_web.records.matching import (
    FIRST_EMOJI,
    LAST_SIGN,
    MOST_WORDS,
    WordForms,
    digits_if_phone,
    escape_like,
    has_signs,
    is_short,
    list_possible_numbers,
    read_words,
)

LONGEST_TYPED = 200
LONGEST_READ = 2000
ENDS_IN_DIGITS = 6
"""From so many digits on, a number that ends in them is taken for the same."""
SHORTEST_TO_MEND = 4
LONGEST_TO_MEND = 24
EXCERPT = 90
LONG = 7
"""From this many letters on, two slips in a word still leave it recognisable."""
_INVISIBLE = re.compile("[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_RUN = re.compile(r"[a-z0-9]{3}")


def tidy(typed: str) -> str:
    """Leave out what is not seen, and words without any letter or digit, which would match everything or nothing."""
    return " ".join(_divide(typed)[0])


def list_left_out(typed: str) -> list[str]:
    """The words that are not searched for because there are too many of them, or because they are too long."""
    return _divide(typed)[1]


def _divide(typed: str) -> tuple[list[str], list[str]]:
    """The words to search for, and the rest."""
    seen = _INVISIBLE.sub("", unicodedata.normalize("NFKC", typed[:LONGEST_READ]))
    seen = "".join(" " if unicodedata.category(sign) in ("Cc", "Cs") else sign for sign in seen)
    words = [word for word in seen.split() if any(map(_is_telling, word))]
    most = len(words) if list_possible_numbers(seen) else MOST_WORDS
    count = next((n for n in range(len(words), 0, -1) if len(" ".join(words[:n])) <= LONGEST_TYPED), 0)
    return words[: min(most, count)], words[min(most, count) :]


def _is_telling(sign: str) -> bool:
    return sign.isalnum() or sign >= FIRST_EMOJI


class TermForms(NamedTuple):
    """What the statements of a search depend on, except the text of its words.

    :param words: how many there are
    :param endings: in how many ways a phone number may end
    """

    contained: WordForms
    words: int
    endings: int

    @property
    def without_parts(self) -> "TermForms":
        """The same for statements that look up no parts of words."""
        words = tuple(word._replace(has_parts=False) for word in self.contained.words)
        return self._replace(contained=self.contained._replace(words=words, parts=0))


@dataclass(frozen=True)
class SearchTerms:
    """A search, folded as the database folds what it is compared with."""

    text: str
    similar: Sequence[Sequence[str]] = ()

    @cached_property
    def words(self) -> list[str]:
        """The words that a record must hold, each of them."""
        return self.text.split()

    @cached_property
    def digits(self) -> str:
        """The digits of a phone number, if it is one."""
        return digits_if_phone(self.text)

    @cached_property
    def numbers(self) -> list[str]:
        """The same, with and without what may be dialed before it."""
        return list_possible_numbers(self.text)

    @property
    def _endings(self) -> list[str]:
        return self.numbers if len(self.digits) >= ENDS_IN_DIGITS else []

    @property
    def forms(self) -> TermForms:
        """What its statements are built from."""
        return TermForms(read_words(self.text)[0], len(self.words), len(self._endings))

    @property
    def values(self) -> dict[str, str]:
        """The values that its statements refer to, by name."""
        return {
            **read_words(self.text)[1],
            "text": self.text,
            "begins": f"{escape_like(self.text)}%",
            "text_end": f"{self.text}{LAST_SIGN}",
            "number": self.text.upper(),
            "number_digits": f"C-{self.text}",
            **{f"beginning_{at}": f"% {escape_like(word)}%" for at, word in enumerate(self.words)},
            **{f"ending_{at}": f"%{digits}" for at, digits in enumerate(self._endings)},
        }

    @property
    def is_unindexed(self) -> bool:
        """Whether no index knows any of its words, such as ``a.b``: then only the newest records are looked at."""
        return not self.digits and not any(
            has_signs(word) or _RUN.search(word) or (is_short(word) and word.isalnum()) for word in self.words
        )

    @property
    def correctable_words(self) -> list[str]:
        """The words that may be mistyped names."""
        if self.digits:
            return []
        return [word for word in self.words if SHORTEST_TO_MEND <= len(word) <= LONGEST_TO_MEND and word.isalpha()]

    @cached_property
    def marked(self) -> list[str]:
        """The words to mark in what is found."""
        return [*self.words, *(word for words in self.similar for word in words)]


def is_close(word: str, other: str) -> bool:
    """Return whether two words are one typing error apart, or two if they are long."""
    return edit_distance(word, other) <= (2 if len(word) >= LONG else 1)


def edit_distance(word: str, other: str) -> int:
    """Count the letters to add, leave out, change or swap with their neighbour to make one word of the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(word, start=1):
        older, before, row = before, row, [place]
        for there, sign in enumerate(other, start=1):
            cost = min(before[there] + 1, row[-1] + 1, before[there - 1] + (letter != sign))
            swapped = place > 1 and there > 1 and (letter, word[place - 2]) == (other[there - 2], sign)
            row.append(min(cost, older[there - 2] + 1) if swapped else cost)
    return row[-1]


class Piece(NamedTuple):
    """A part of a text that was found."""

    text: str
    is_match: bool


def mark(text: str, words: Collection[str]) -> list[Piece]:
    """Cut a text where searched words begin and end; put together again the pieces are the text.

    :param words: folded
    """
    found = _find_words(text, words)
    if not found:
        return [Piece(text, False)] if text else []
    if len(found) == 1:
        ((start, end),) = found
        return [
            Piece(*piece) for piece in ((text[:start], False), (text[start:end], True), (text[end:], False)) if piece[0]
        ]
    pieces: list[Piece] = []
    at = 0
    for start, end in sorted(found):
        if pieces and start <= at:
            pieces[-1] = Piece(pieces[-1].text + text[at:end], True)
        else:
            pieces += [Piece(text[at:start], False)] if start > at else []
            pieces.append(Piece(text[start:end], True))
        at = max(at, end)
    return [*pieces, Piece(text[at:], False)] if at < len(text) else pieces


def excerpt(text: str | None, words: Collection[str]) -> str:
    """Cut out of a long text what stands around the first of the searched words; empty where none is in it."""
    found = _find_words(text, words) if text else []
    if text is None or not found:
        return ""
    start = min(found)[0]
    begin, end = max(0, start - EXCERPT // 3), start + EXCERPT
    cut = " ".join(text[begin:end].split())
    return f"{'…' if begin else ''}{cut}{'…' if end < len(text) else ''}"


def holds_any(text: str, words: Collection[str]) -> bool:
    """Return whether a text holds one of the words that ``mark`` would mark."""
    return bool(_find_words(text, words))


def _find_words(text: str, words: Collection[str]) -> list[tuple[int, int]]:
    """Where folded words begin and end in a text; what is only a part of a letter is none."""
    found = []
    plain, places = _fold_with_places(text)
    for word in words:
        at = plain.find(word)
        while at >= 0:
            end = at + len(word)
            if places[at] < places[end] and not (plain[at - 1 : at].isalnum() and is_short(word)):
                found.append((places[at], places[end]))
            at = plain.find(word, end)
    return found


_fold_letter = lru_cache(maxsize=4096)(fold)


def _fold_with_places(text: str) -> tuple[str, Sequence[int]]:
    """Fold a text, and tell for each letter of the result (and for its end) where in the text it came from."""
    if text.isascii():
        return fold(text), range(len(text) + 1)
    folded = [_fold_letter(letter) for letter in text]
    places = [place for place, letters in enumerate(folded) for _ in letters]
    return "".join(folded), [*places, len(text)]
