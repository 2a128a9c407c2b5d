"""The columns that a list can show: one description serves heads, cells, loading and files."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import urlencode

from crm_web.lists.pagination import Groups
from crm_web.records.labels import label_of
from crm_web.web.template_filters import UserLocale, country, date, money, percent, time_parts


@dataclass(frozen=True)
class Column:
    """One column of a record: all that its list and its files have to know of it.

    :param key: its word in addresses and in the API, and the attribute of the model where ``path`` names no other
    :param label: its heading; left out, the label that history and messages use
    :param kind: how it is written: ``text``, ``status``, ``word`` (of an enum), ``money``, ``number``, ``percent``,
        ``date``, ``moment``, ``due``, ``person``, ``country``, ``email``, ``phone``, ``link`` or ``record`` (another
        one, with a link)
    :param width: the class of its width in the table
    :param path: where the value stands on a record, such as ``owner.name``
    :param is_lesser: whether it goes first where it gets narrow; ``"wide"``: shown on a wide screen only
    :param joined: the column of another table that a file reads; its table is among ``ListSpec.related``
    :param is_computed: whether ``joined`` is an expression that a query loads into ``path``
    :param sort: what to sort by, never null, word for word as an index has it; left out, it follows from the type
    :param groups: what to go through in turn, where the order is one of groups
    :param is_indexed: whether an index serves the order, however many records there are
    :param filters: the parts of the filter that are about this column, so that its index serves both
    :param missing: how the filter for records without it reads, such as ``No next step``; left out, there is none
    :param edit: the fields that a cell is edited by, such as ``amount,currency``; left out, the one named like the
        column; empty, none
    :param edit_page: the page, below that of the record, with the form for them
    :param section: the part of form and page where it stands, for a line of text that nothing else is known about:
        field, fact, file and import follow
    """

    key: str
    label: str = ""
    kind: str = "text"
    width: str = "word"
    path: str = ""
    is_lesser: bool | str = False
    joined: Any = None
    is_computed: bool = False
    sort: Any = None
    groups: Groups | None = None
    is_indexed: bool = False
    filters: tuple[str, ...] = ()
    missing: str = ""
    edit: str | None = None
    edit_page: str = "edit"
    section: str = ""

    def __post_init__(self) -> None:
        if not self.label:
            object.__setattr__(self, "label", label_of(self.key))

    @property
    def edit_url(self) -> str:
        """Where a cell is edited: what follows the URL of the record, up to further parameters; empty if nowhere."""
        is_of_other = "." in self.path or self.kind in ("moment", "due", "record")
        usual = "" if is_of_other else self.path or self.key
        fields = usual if self.edit is None else self.edit
        return f"{self.edit_page}?fields={fields}&" if fields else ""

    @cached_property
    def read(self) -> Callable[[Any], Any]:
        """Takes the value from a record; nothing where the record it stands on is missing."""
        own, _, further = (self.path or self.key).partition(".")
        if not further:
            return attrgetter(own)
        return lambda record: getattr(getattr(record, own), further, None)


class LinkedRecord(NamedTuple):
    """Another record in a cell, and whose page it is on."""

    name: str
    is_in_trash: bool
    lead_id: int | None
    customer_id: int | None


class CellLink(NamedTuple):
    """The link that edits a cell of one column: its heading, and the address around the id of the record."""

    label: str
    before: str
    after: str


class ShownColumns:
    """The columns that one list shows, ready to be read from each of its records.

    :param columns: the columns, in order
    :param are_chosen: whether somebody chose them; else the lesser ones go where it gets narrow
    :param user_locale: how the reader writes amounts and dates
    :param edited_from: the address of a list whose cells are links to edit them, as they lead back to it
    """

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        are_chosen: bool,
        user_locale: UserLocale,
        edited_from: str | None = None,
    ) -> None:
        classes = [None if are_chosen else column.is_lesser for column in columns]
        named = ["wide-only" if lesser == "wide" else "lesser" if lesser else "" for lesser in classes]
        writers = {
            "money": lambda value, record: money(value, record.currency, user_locale=user_locale),
            "percent": lambda value, _: percent(value, user_locale=user_locale),
            "date": lambda value, _: date(value, user_locale=user_locale),
            "moment": lambda value, _: time_parts(value, user_locale=user_locale) if value else None,
            "country": lambda value, _: country(value),
            "word": lambda value, _: value.label if value else None,
            "record": _link_record,
        }
        self._parts = [
            (column.kind, name, column.read, writers.get(column.kind), _link_cells(column, edited_from))
            for column, name in zip(columns, named, strict=True)
        ]

    def read(self, record: Any) -> tuple[tuple[str, str, Any, CellLink | None], ...]:
        """The cells of a record: how each is drawn, its class, its text, or what that follows from, and its link."""
        return tuple(
            [
                (kind, name, write(read(record), record) if write else read(record), link)
                for kind, name, read, write, link in self._parts
            ]
        )


def _link_record(other: Any, record: Any) -> LinkedRecord:
    lead_id, customer_id = getattr(record, "lead_id", None), getattr(record, "customer_id", None)
    return LinkedRecord(other.name, other.deleted_at is not None, lead_id, customer_id)


def _link_cells(column: Column, edited_from: str | None) -> CellLink | None:
    if not edited_from or not column.edit_url:
        return None
    after = f"/{column.edit_url}{urlencode({'next': edited_from}, safe='/')}"
    return CellLink(column.label, f"{edited_from.partition('?')[0]}/", after)


WIDTHS = {"status": 8, "number": 7.5, "date": 7.5, "person": 9, "word": 6.5, "on": 14, "email": 17}
"""The widths of columns in rem, as lists.css has them."""
NAME_WIDTH = 18


def measure_columns(columns: Sequence[Column]) -> str:
    """Say how wide a table of some columns has to be at least, so that none is squeezed.

    :param columns: the columns beside the name
    :return: the class of the width, in steps of 32 rem
    """
    rem = NAME_WIDTH + sum(WIDTHS[column.width] for column in columns)
    return f"own list-{int(-(-rem // 32) * 32)}"


def show_words(rows: Iterable[Iterable[object]]) -> Iterator[list[object]]:
    """Put the cells of a file as people read them.

    :param rows: the rows as they were selected
    :return: an iterator over the same rows, words of ours as they are shown
    """
    for row in rows:
        yield [getattr(value, "label", value) if isinstance(value, StrEnum) else value for value in row]
