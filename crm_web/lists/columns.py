"""The columns that a list can show: one description serves heads, cells, loading and files."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from typing import Any

from sqlalchemy.orm import joinedload, load_only
from sqlalchemy.sql.base import ExecutableOption


@dataclass(frozen=True)
class Column:
    """
    One column of a list.

    :param label: its head
    :param path: where the value stands on a record, such as ``amount`` or ``owner.name``
    :param kind: how it is written: ``text``, ``status``, ``word`` (of an enum), ``money``, ``number``, ``percent``,
        ``date``, ``moment``, ``country``, ``email``, ``phone`` or ``link``
    :param width: the class of its width in the table
    :param is_lesser: whether it goes first where it gets narrow; ``"wide"``: shown on a wide screen only
    :param is_sorted: whether a list can be sorted by it
    """

    label: str
    path: str
    kind: str = "text"
    width: str = "word"
    is_lesser: bool | str = False
    is_sorted: bool = True

    @cached_property
    def read(self) -> Callable[[Any], Any]:
        """Takes the value from a record; nothing where the record it stands on is missing."""
        own, _, further = self.path.partition(".")
        if not further:
            return attrgetter(own)
        return lambda record: getattr(getattr(record, own), further, None)


class ShownColumns:
    """
    The columns that one list shows, ready to be read from each of its records.

    :param columns: the columns, in order
    :param are_chosen: whether somebody chose them; else the lesser ones go where it gets narrow
    """

    def __init__(self, columns: Sequence[Column], *, are_chosen: bool) -> None:
        classes = [None if are_chosen else column.is_lesser for column in columns]
        named = ["wide-only" if lesser == "wide" else "lesser" if lesser else "" for lesser in classes]
        self._parts = [(column.kind, name, column.read) for column, name in zip(columns, named, strict=True)]

    def read(self, record: Any) -> list[tuple[str, str, Any]]:
        """The cells of a record: how each is written, its class, and its value."""
        return [(kind, name, read(record)) for kind, name, read in self._parts]


WIDTHS = {"status": 8, "number": 7.5, "date": 7.5, "person": 9, "word": 6.5}
"""The widths of columns in rem, as lists.css has them."""
NAME_WIDTH = 18


def measure_columns(columns: Sequence[Column]) -> str:
    """
    Say how wide a table of some columns has to be at least, so that none is squeezed.

    :param columns: the columns beside the name
    :return: the class of the width, in steps of 16 rem
    """
    rem = NAME_WIDTH + sum(WIDTHS[column.width] for column in columns)
    return f"own list-{int(-(-rem // 16) * 16)}"


def load_columns(record: Any, columns: Sequence[Column]) -> list[ExecutableOption]:
    """
    Say what has to be loaded for some columns.

    :param record: the model of the list
    :param columns: the columns to show
    :return: options for a query that selects the model
    """
    paths = [column.path.partition(".") for column in columns]
    own = [getattr(record, name) for name, _, further in paths if not further]
    elsewhere = [_load_only(getattr(record, name), further) for name, _, further in paths if further]
    return [*([load_only(*own)] if own else []), *elsewhere]


def _load_only(relation: Any, name: str) -> ExecutableOption:
    """Of another record, such as its owner, a list shows one column."""
    return joinedload(relation).load_only(getattr(relation.property.mapper.class_, name))


def load_shown(
    record: Any, known: Mapping[str, Column], shown: Sequence[str] | None, *, always: Sequence[Any]
) -> list[ExecutableOption]:
    """
    Say what has to be loaded of a record, and of its owner, for a list.

    :param record: the model of the list
    :param known: the columns that the list can show
    :param shown: those that it shows; ``None`` loads records whole, and without their owners
    :param always: what is loaded whatever is shown
    :return: options for a query that selects the model
    """
    if shown is None:
        return []
    return [*load_columns(record, [known[key] for key in shown]), load_only(*always), _load_only(record.owner, "name")]


def choose_columns(asked: Sequence[str], known: Sequence[str], usual: Sequence[str]) -> list[str]:
    """
    Read which columns an address asks for.

    :param asked: what stands in the address
    :param known: the columns that there are, in their order
    :param usual: those that are shown where the address asks for none that there is
    :return: the columns to show, in their order
    """
    return [key for key in known if key in asked] or list(usual)


def choose_cells(
    record: Any, known: Mapping[str, Column], shown: Sequence[str], *, elsewhere: Mapping[str, Any]
) -> dict[str, Any]:
    """
    Say what a file holds of some columns.

    :param record: the model of the list
    :param known: the columns that the list can show
    :param shown: those that the file holds
    :param elsewhere: where those are read that do not stand on the record itself
    :return: the name and each column: its head, and where it is read
    """
    own = {key: getattr(record, known[key].path) for key in shown if key not in elsewhere}
    return {"Name": record.name} | {known[key].label: elsewhere.get(key, own.get(key)) for key in shown}


def show_words(rows: Iterable[Iterable[object]]) -> Iterator[list[object]]:
    """
    Put the cells of a file as people read them.

    :param rows: the rows as they were selected
    :return: an iterator over the same rows, words of ours as they are shown
    """
    for row in rows:
        yield [getattr(value, "label", value) if isinstance(value, StrEnum) else value for value in row]
