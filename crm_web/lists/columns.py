"""The columns that a list can show: one description serves heads, cells, loading and files."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple
from urllib.parse import urlencode

from crm_web.core import clock
from crm_web.lists.orders import Groups
from crm_web.records.labels import label_of
from crm_web.web.template_filters import UserLocale, country, date, money, percent, time_parts
from crm_web.web.urls import url_before_id


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
    """Another record in a cell, and the URL of its page."""

    name: str
    is_in_trash: bool
    url: str


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
        lesser = [None if are_chosen else column.is_lesser for column in columns]
        classes = ["wide-only" if each == "wide" else "lesser" if each else "" for each in lesser]
        self.links = [_link_cells(column, edited_from) for column in columns]
        self.kinds = tuple(
            (place, column.kind, name, link is not None)
            for place, (column, name, link) in enumerate(zip(columns, classes, self.links, strict=True))
        )
        """What is known of each column before any row is: its place, kind and class, and whether it has links."""
        self._columns, self._user_locale = columns, user_locale

    def read(self, records: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
        """Read the records of a page, a column at a time.

        :return: for each record what its cells show, or what that follows from, in the order of the columns
        """
        written = [
            WRITERS.get(column.kind, _write_as_is)(map(column.read, records), records, self._user_locale)
            for column in self._columns
        ]
        return zip(*written, strict=True) if written else [()] * len(records)


class TableRow(NamedTuple):
    """What a row of a table says beside its cells.

    :param name: of the record
    :param url: of its page
    :param muted: what stands beside its name
    :param company: whose initials stand before it; ``None``: its own
    :param is_editable: whether its cells can be edited
    :param edit_url: where all of it is edited, unless that is under its page
    """

    id: int
    name: str
    url: str
    muted: str | None
    company: str | None
    is_editable: bool
    edit_url: str | None = None


class DueDay(NamedTuple):
    """A day on which something is due, in words, and whether it has passed."""

    day: str
    is_late: bool


Writer = Callable[[Iterable[Any], Sequence[Any], UserLocale], Iterable[Any]]
"""Turns the values of a column into what its cells show; it is given the records that they come from as well."""


def _write_as_is(values: Iterable[Any], _: Sequence[Any], __: UserLocale) -> Iterable[Any]:
    return values


def _write_money(values: Iterable[Any], records: Sequence[Any], user_locale: UserLocale) -> Iterable[Any]:
    return [
        "" if value is None else money(value, record.currency, user_locale=user_locale)
        for value, record in zip(values, records, strict=True)
    ]


def _write_percents(values: Iterable[Any], _: Sequence[Any], user_locale: UserLocale) -> Iterable[Any]:
    return [percent(value, user_locale=user_locale) for value in values]


def _write_dates(values: Iterable[Any], _: Sequence[Any], user_locale: UserLocale) -> Iterable[Any]:
    return [date(value, user_locale=user_locale) for value in values]


def _write_moments(values: Iterable[Any], _: Sequence[Any], user_locale: UserLocale) -> Iterable[Any]:
    now = clock.now()
    return [time_parts(value, user_locale=user_locale, now=now) if value else None for value in values]


def _write_due_days(values: Iterable[Any], _: Sequence[Any], user_locale: UserLocale) -> Iterable[Any]:
    today = clock.now().astimezone(user_locale.zone).date()
    return [
        DueDay("Today" if day == today else date(day, user_locale=user_locale), day < today) if day else None
        for day in values
    ]


def _write_countries(values: Iterable[Any], _: Sequence[Any], __: UserLocale) -> Iterable[Any]:
    return map(country, values)


def _write_words(values: Iterable[Any], _: Sequence[Any], __: UserLocale) -> Iterable[Any]:
    return [value.label if value else None for value in values]


def _write_links(values: Iterable[Any], records: Sequence[Any], _: UserLocale) -> Iterable[Any]:
    """Leads and customers, by what the records say of theirs."""
    lead, customer = (
        url_before_id("leads.show_lead", "lead_id"),
        url_before_id("customers.show_customer", "customer_id"),
    )
    ids = ((getattr(record, "lead_id", None), record.customer_id) for record in records)
    urls = (f"{lead}{lead_id}" if lead_id else f"{customer}{customer_id}" for lead_id, customer_id in ids)
    return [
        LinkedRecord(other.name, other.deleted_at is not None, url) for other, url in zip(values, urls, strict=True)
    ]


def _link_cells(column: Column, edited_from: str | None) -> CellLink | None:
    if not edited_from or not column.edit_url:
        return None
    after = f"/{column.edit_url}{urlencode({'next': edited_from}, safe='/')}"
    return CellLink(column.label, f"{edited_from.partition('?')[0]}/", after)


WRITERS: Mapping[str, Writer] = {
    "money": _write_money,
    "percent": _write_percents,
    "date": _write_dates,
    "moment": _write_moments,
    "due": _write_due_days,
    "country": _write_countries,
    "word": _write_words,
    "record": _write_links,
}
"""How the columns of a kind are written; those of other kinds show their values as they are."""


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
