"""Looks at columns as a whole: the order of day and month, the decimal mark, and which column holds the status.

What a column leaves open is a question for the person; nothing is guessed. One pass over the file, with flat memory.
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from crm_web.imports.amounts import COMMA, POINT, detect_mark, name_readings
from crm_web.imports.excel import is_day_number
from crm_web.imports.figures import write_plainly
from crm_web.imports.tables import Row
from crm_web.imports.vocabulary import OPEN_WORDS, STATUS_WORDS, UNKNOWNS, squash
from crm_web.imports.word_counts import COUNTED, WordCounts

DATES = (
    "created_at",
    "updated_at",
    "close_date",
    "won_at",
    "lost_at",
    "expected_close_on",
    "happened_at",
    "due_on",
    "done_at",
)
_FRACTION = re.compile(r"0?[.,]\d+|1[.,]0+")
_NUMERIC_DATE = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2\d{2,4}\b")


@dataclass(frozen=True)
class Question:
    """What a file leaves open.

    :param about: the option that answers it: ``day_first``, ``decimal_mark`` or ``encoding``
    :param text: the question, and how to answer it at the command line
    :param places: the columns that it is about
    """

    about: str
    text: str
    places: tuple[int, ...] = ()


@dataclass(frozen=True)
class ColumnFacts:
    """What the columns of a file say as a whole.

    :param statuses: the columns of statuses whose words are known, in their order
    :param day_first: the columns of dates in which the day stands before the month
    :param decimal_mark: with which mark amounts write decimals; ``None`` if they don't tell
    :param is_mark_said: whether the person said it
    :param day_numbers: the columns with days as Excel counts them, each with an example
    :param are_fractions: whether probabilities are written from 0 to 1
    :param unnamed: the columns without a heading that hold something
    :param words: the columns of statuses, owners, sources and currencies, each with its words
    :param questions: what is left open
    """

    statuses: tuple[int, ...] = ()
    day_first: frozenset[int] = frozenset()
    decimal_mark: str | None = None
    is_mark_said: bool = False
    day_numbers: Mapping[int, str] = field(default_factory=dict)
    are_fractions: bool = False
    unnamed: frozenset[int] = frozenset()
    words: Mapping[int, WordCounts] = field(default_factory=dict)
    questions: tuple[Question, ...] = ()


class Order(IntEnum):
    """What a date says about the order of its column."""

    NOTHING = 0
    DAY_FIRST = 1
    MONTH_FIRST = 2
    DOTTED = 3
    OPEN = 4
    DAY_NUMBER = 5


def inspect_columns(
    rows: Iterable[Row],
    header: Sequence[str],
    columns: Mapping[str, Sequence[int]],
    *,
    words: Iterable[str] = (),
    day_first: bool | None = None,
    decimal_mark: str | None = None,
) -> ColumnFacts:
    """Find out what the columns of a file say as a whole.

    :param columns: the fields and their columns
    :param words: words for statuses beside those that are known
    :param day_first: whether the day stands first, if the person said it
    :param decimal_mark: likewise
    """
    dates = [place for name in DATES for place in columns.get(name, ())]
    orders = {place: _Dates(place, header[place] or f"column {place + 1}") for place in dates}
    marks, shares, filled = _Amounts(), _Shares(), set[int]()
    words = frozenset(map(squash, words))
    known = {place: _Statuses(words) for place in columns.get("status", ())}
    counts = {place: WordCounts() for name in COUNTED for place in columns.get(name, ())}
    collectors: list[tuple[int, Callable[[str], None]]] = [
        *((place, order.add) for place, order in orders.items()),
        *((place, marks.add) for place in columns.get("amount", ())),
        *((place, shares.add) for place in columns.get("probability", ())),
        *((place, tally.add) for place, tally in known.items()),
        *((place, count.add) for place, count in counts.items()),
        *((place, functools.partial(_note_filled, filled, place)) for place, name in enumerate(header) if not name),
    ]
    _collect(rows, collectors)
    first, questions = _decide_dates(list(orders.values()), day_first)
    mark, more = marks.decide(decimal_mark, tuple(columns.get("amount", ())))
    statuses, is_said = _choose_statuses(known), decimal_mark is not None
    numbers = {place: dates.examples[Order.DAY_NUMBER] for place, dates in orders.items() if dates.has_day_numbers}
    return ColumnFacts(
        statuses, first, mark, is_said, numbers, shares.are_fractions, frozenset(filled), counts, (*questions, *more)
    )


def _collect(rows: Iterable[Row], collectors: Sequence[tuple[int, Callable[[str], None]]]) -> None:
    """Give each collector what is filled in in its column."""
    for _, cells in rows:
        for place, add in collectors:
            if place < len(cells) and cells[place]:
                add(cells[place])


def _note_filled(filled: set[int], place: int, text: str) -> None:
    if text.strip():
        filled.add(place)


class _Statuses:
    """How many words of a column are statuses, and how many are not; “open” says nothing."""

    def __init__(self, words: frozenset[str]) -> None:
        self._words = words
        self.known = self.unknown = 0

    def add(self, text: str) -> None:
        word = squash(text)
        if word in STATUS_WORDS or word in self._words:
            self.known += 1
        elif word and word not in OPEN_WORDS:
            self.unknown += 1


def _choose_statuses(columns: Mapping[int, _Statuses]) -> tuple[int, ...]:
    """Leave out a column none of whose words is a status, where another one has some."""
    if any(column.known for column in columns.values()):
        return tuple(place for place, column in columns.items() if column.known or not column.unknown)
    return tuple(columns)


class _Dates:
    """What the dates of a column say about their order."""

    def __init__(self, place: int, name: str) -> None:
        self.place, self.name = place, name
        self.examples: dict[Order, str] = {}

    def add(self, text: str) -> None:
        order = _order_of(text)
        if order and order not in self.examples:
            self.examples[order] = text.strip()

    @property
    def has_day_numbers(self) -> bool:
        return Order.DAY_NUMBER in self.examples

    @property
    def is_contradictory(self) -> bool:
        return Order.DAY_FIRST in self.examples and Order.MONTH_FIRST in self.examples

    def decide(self) -> bool | None:
        """Whether the day stands first; ``None`` if the column leaves it open."""
        if self.is_contradictory:
            return None
        if Order.MONTH_FIRST in self.examples:
            return False
        return True if self.examples.keys() & {Order.DAY_FIRST, Order.DOTTED} else None

    def ask(self) -> Question:
        if self.is_contradictory:
            first, second = self.examples[Order.DAY_FIRST], self.examples[Order.MONTH_FIRST]
            text = (
                f"{self.name} has dates with the day first (“{first}”) and with the month first (“{second}”). Use"
                " --day-first or --month-first; the rows that don’t fit are refused."
            )
        else:
            text = f"“{self.examples[Order.OPEN]}” in {self.name} can be two days. Use --day-first or --month-first."
        return Question("day_first", text, (self.place,))


@functools.lru_cache(maxsize=4096)
def _order_of(text: str) -> Order:
    typed = write_plainly(text.strip())
    match = _NUMERIC_DATE.match(typed)
    if not match:
        return Order.DAY_NUMBER if is_day_number(typed) else Order.NOTHING
    first, second = int(match[1]), int(match[3])
    if first > 12 >= second:
        return Order.DAY_FIRST
    if second > 12 >= first:
        return Order.MONTH_FIRST
    if match[2] == ".":
        return Order.DOTTED
    return Order.NOTHING if first == second or first > 12 else Order.OPEN


def _decide_dates(columns: Sequence[_Dates], said: bool | None) -> tuple[frozenset[int], list[Question]]:
    """A column that leaves it open is written like the others of its file."""
    if said is not None:
        return frozenset(column.place for column in columns if said), []
    decided = {column.place: column.decide() for column in columns}
    others = {order for order in decided.values() if order is not None}
    usual = others.pop() if len(others) == 1 else None
    questions = [
        column.ask()
        for column in columns
        if column.is_contradictory
        or (decided[column.place] is None and usual is None and Order.OPEN in column.examples)
    ]
    return frozenset(place for place, order in decided.items() if (usual if order is None else order)), questions


class _Shares:
    """Whether the probabilities of a column are written from 0 to 1: none is more, and some have decimals."""

    def __init__(self) -> None:
        self._decimals = 0
        self._is_more = False

    @property
    def are_fractions(self) -> bool:
        return self._decimals > 0 and not self._is_more

    def add(self, text: str) -> None:
        number = write_plainly(text.strip())
        if _FRACTION.fullmatch(number):
            self._decimals += 1
        elif number not in ("0", "1") and number.casefold() not in UNKNOWNS:
            self._is_more = True


class _Amounts:
    """What the amounts of a column say about their decimal mark."""

    def __init__(self) -> None:
        self.examples: dict[str, str] = {}

    def add(self, text: str) -> None:
        mark = _mark_of(text)
        if mark and mark not in self.examples:
            self.examples[mark] = text.strip()

    def decide(self, said: str | None, places: tuple[int, ...]) -> tuple[str | None, list[Question]]:
        marks = [mark for mark in (POINT, COMMA) if mark in self.examples]
        if said or len(marks) == 1:
            return said or marks[0], []
        if marks:
            text = (
                f"Amounts have decimal points (“{self.examples[POINT]}”) and decimal commas (“{self.examples[COMMA]}”)."
            )
        elif "?" in self.examples:
            text = name_readings(self.examples["?"])
        else:
            return None, []
        return None, [Question("decimal_mark", f"{text} Use --decimal-mark point or --decimal-mark comma.", places)]


@functools.lru_cache(maxsize=4096)
def _mark_of(text: str) -> str | None:
    """The mark; ``?`` for an amount that can be read in two ways."""
    if text.strip().casefold() in UNKNOWNS:
        return None
    return detect_mark(text) or ("?" if name_readings(text) else None)
