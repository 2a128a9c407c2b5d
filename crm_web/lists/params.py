"""The address of a list: it alone says what is filtered, in which order, and where one stands.

Whatever may stand in an address bar is taken or left out; nothing in it is an error.

An address holds amounts and dates in one notation, ``12500.00`` and ``2026-03-31``, so that it means the same to
everyone. What a person types into a filter is read by their locale and put into that notation (``canonical_url``).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import url_for
from werkzeug.datastructures import MultiDict

from crm_web.core.application import write_query
from crm_web.lists.pagination import Page
from crm_web.lists.spec import ListSpec
from crm_web.records.number_input import NeedsChoice
from crm_web.records.parsing import read_date, read_exact_amount

LONGEST_VALUE = 300
MOST_VALUES = 50
LARGEST_ID = 2**63
MOST_QUOTED = 40
EDIT = "edit"
"""What an address says of its ``cells`` that are links to edit them, for those without a mouse or JavaScript."""


@dataclass(frozen=True)
class Chip:
    """One filter in use.

    :param label: what it lets pass, in words
    :param url: the list without it
    """

    label: str
    url: str


@dataclass(frozen=True)
class Tab:
    """One choice among a few that is a link each.

    :param label: the choice in words
    :param url: where it leads
    :param is_current: whether it is the one shown
    """

    label: str
    url: str
    is_current: bool


class ListParams:
    """What one address says, and the addresses around it; templates know it as ``view``.

    :param args: the query of the address
    :param names: the filters that the list knows
    :param spec: the orders and columns that it knows; none where it has but one order and no columns to choose
    :param path: what stands in the address before the question mark
    """

    def __init__(
        self,
        endpoint: str,
        args: MultiDict[str, str],
        *,
        names: Sequence[str] = (),
        spec: ListSpec | None = None,
        path: Mapping[str, Any] | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.path = path or {}
        given = [name for name in names if name in args]
        self.filters = {name: values for name in given if (values := _tidy(args.getlist(name)))}
        self._refused: dict[str, list[str]] = {}
        self.not_applied = [problem for name in given for problem in _list_untidy(args.getlist(name))]
        self._default_sort = spec.default_sort if spec else ""
        self.sort = self._read_sort(args.get("sort", ""), spec)
        self._orders = spec.orders if spec else {}
        self._spec = spec
        self.mark = args.get("at")
        usual = list(spec.shown) if spec else []
        asked = _tidy(args.getlist("columns"))
        self.columns = [key for key in spec.columns if key in asked] or usual if spec else usual
        self.has_own_columns = self.columns != usual
        self.view_id = next(iter(_read_ids(args.getlist("view"))), None)
        self.editing = EDIT if spec and args.get("cells") == EDIT else None
        self.unread: dict[str, str] = {}
        """The filters whose values can't be read, each with what to choose between, if that is why."""
        self._is_canonical = True
        self._largest_first = spec.largest_first if spec else []

    def _read_sort(self, word: str, spec: ListSpec | None) -> str:
        if spec is None or word.removeprefix("-") in spec.sorts:
            return word if spec else ""
        if word:
            self.not_applied.append(f"{quote(word)} is not a sort order")
        return spec.default_sort

    def read_typed(self, names: Iterable[str], read: Callable[[str], str]) -> None:
        """Put what a person typed into the notation of addresses; what can't be read stands in ``unread``.

        :param names: the filters
        :param read: turns a typed value into one of an address, or raises ``ValueError`` with a sentence
        """
        for name in names:
            if not (typed := self.one(name)):
                continue
            try:
                value = read(typed)
            except NeedsChoice as error:
                self.unread[name] = str(error).rstrip(".")
            except ValueError:
                self.unread[name] = ""
            else:
                self._is_canonical &= value == typed
                self.filters[name] = [value]

    @property
    def canonical_url(self) -> str | None:
        """The address that means the same to everyone; ``None`` where this one is it already."""
        # What is not applied goes along, so that the page behind it says so too.
        given: dict[str, Any] = {name: self.all(name) + refused for name, refused in self._refused.items() if refused}
        return None if self._is_canonical else self.url(**given)

    def require(self, name: str, what: str, is_known: Callable[[str], bool], *, is_single: bool = False) -> None:
        """Take what nobody offers out of a filter, so that nothing looks as if it were applied, and remember to say so.

        :param name: the filter
        :param what: what its values are, such as ``a status``
        :param is_known: tells whether a value is one
        :param is_single: whether only the first value counts
        """
        given = self.all(name)
        known = [value for value in given if is_known(value)]
        kept = known[:1] if is_single else known
        self.not_applied += [f"{quote(value)} is not {what}" for value in given if value not in known]
        self.not_applied += [f"{quote(value)} (only {quote(kept[0])} is used)" for value in known[len(kept) :]]
        self._refused[name] = [value for value in given if value not in kept]
        self.filters = {key: values for key, values in {**self.filters, name: kept}.items() if values}

    def all(self, name: str) -> list[str]:
        """The values of a filter, in the order of the address."""
        return self.filters.get(name, [])

    def one(self, name: str) -> str:
        """The first value of a filter; empty where there is none."""
        return next(iter(self.all(name)), "")

    def ids(self, name: str) -> list[int]:
        """The values of a filter that can be the id of a record."""
        return _read_ids(self.all(name))

    def day(self, name: str) -> date | None:
        """The day that a filter names, if it is one."""
        try:
            return read_date(self.one(name)) if self.one(name) else None
        except ValueError:
            return None

    def amount(self, name: str) -> Decimal | None:
        """The amount that a filter names, if it is one."""
        try:
            return read_exact_amount(self.one(name)) if self.one(name) else None
        except ValueError:
            return None

    @property
    def query(self) -> dict[str, Any]:
        """What makes the list: filters, order and columns; without the place in it, and without the name of a view."""
        sort = None if self.sort == self._default_sort else self.sort
        columns = self.columns if self.has_own_columns else None
        return {name: value for name, value in {**self.filters, "sort": sort, "columns": columns}.items() if value}

    @property
    def query_string(self) -> str:
        """The query as it is kept in a saved view."""
        return urlencode(self.query, doseq=True)

    def is_same_as(self, query_string: str) -> bool:
        """Whether a saved view asks for the same list; the order of its words means nothing."""
        return sorted(parse_qsl(query_string)) == sorted(parse_qsl(self.query_string))

    def url(self, endpoint: str | None = None, *, at: str | None = None, **changes: Any) -> str:
        """The address with some filters changed; ``None`` leaves one out. It starts on the first page."""
        is_here = endpoint in (None, self.endpoint)
        editing = self.editing if is_here else None
        values = {**self.query, "view": self.view_id, "cells": editing, **changes, **self.path, "at": at}
        given = {name: value for name, value in values.items() if value}
        if not is_here or self._spec is None:
            return url_for(endpoint or self.endpoint, **given)
        # A list that people sort has thirty addresses of its own, which differ in their queries.
        query = write_query(given)
        return f"{self.all_url}?{query}" if query else self.all_url

    @property
    def back(self) -> str:
        """What the address of a record takes along to lead back to this very list; the plain one needs nothing."""
        here = self.url(at=self.mark)
        return "" if here == self.all_url else "?" + urlencode({"back": here}, safe="/")

    @property
    def edit_tab(self) -> Tab:
        """The link that makes a link of each cell to edit it, or ends that; it stays at the same place of the list."""
        other = None if self.editing else EDIT
        label = "Stop editing" if self.editing else "Edit cells"
        return Tab(label, self.url(at=self.mark, cells=other), bool(self.editing))

    def list_kept(self, *names: str) -> list[tuple[str, str]]:
        """Names and values that a form has to pass on unseen: those of some filters, and whatever is no filter."""
        query = self.query | {"view": self.view_id, "cells": self.editing, "sort": None}
        names = (*names, "columns", "view", "cells")
        return [(name, str(value)) for name in names for value in _listed(query.get(name))]

    @cached_property
    def all_url(self) -> str:
        """All records in the usual order, with the usual columns."""
        return url_for(self.endpoint, **self.path)

    @property
    def without_columns(self) -> list[tuple[str, str]]:
        """What the form that chooses columns passes on."""
        kept = {**self.query, "columns": None, "view": self.view_id, "cells": self.editing}
        return [(name, str(value)) for name, values in kept.items() for value in _listed(values)]

    @property
    def orders(self) -> Mapping[str, str]:
        """The orders to choose from, the present one among them."""
        if not self._orders:
            return {}
        return self._orders if self.sort in self._orders else {self.sort: self.sort_in_words, **self._orders}

    @property
    def sort_in_words(self) -> str:
        """The order, such as ``Probability (descending)``."""
        key, spec = self.sort.removeprefix("-"), self._spec
        columns = (spec.name, *spec.columns.values()) if spec else ()
        label = next((column.label for column in columns if column.key == key), key.capitalize())
        return f"{label} ({'descending' if self.sort.startswith('-') else 'ascending'})"

    def url_for_sort(self, key: str) -> str:
        """The same list sorted by a word; sorted by it already, the other way round."""
        first, second = (f"-{key}", key) if key in self._largest_first else (key, f"-{key}")
        return self.url(sort=second if self.sort == first else first)

    def url_for_next(self, page: Page) -> str:
        """The page that follows."""
        return self.url(at=page.next)

    def url_for_previous(self, page: Page) -> str:
        """The page before."""
        return self.url(at=page.previous)

    def url_without(self, name: str, value: str) -> str:
        """The list without one value of a filter."""
        changes: dict[str, Any] = {name: [other for other in self.all(name) if other != value]}
        return self.url(**changes)

    @property
    def clear_url(self) -> str:
        """The list in the same order without any filter, and so no view of it."""
        changes: dict[str, Any] = dict.fromkeys((*self.filters, "view"))
        return self.url(**changes)


def _tidy(values: Sequence[str]) -> list[str]:
    """Each value once, and none that could not be stored anyway."""
    usable = (value for value in values if value.strip() and "\x00" not in value and len(value) <= LONGEST_VALUE)
    return list(dict.fromkeys(usable))[:MOST_VALUES]


def _list_untidy(values: Sequence[str]) -> list[str]:
    """What ``_tidy`` leaves out, in words."""
    typed = list(dict.fromkeys(value for value in values if value.strip()))
    problems = [f"{quote(value)} is too long" for value in typed if len(value) > LONGEST_VALUE]
    problems += [f"{quote(value)} is not text" for value in typed if "\x00" in value]
    return problems + [f"{quote(value)} is too many" for value in typed[MOST_VALUES:]]


def quote(value: str) -> str:
    """What was typed, as a message names it."""
    value = value.replace("\x00", "")
    return f"“{value}”" if len(value) <= MOST_QUOTED else f"“{value[:MOST_QUOTED]}…”"


def is_record_id(value: str) -> bool:
    """Whether a value can be the id of a record."""
    return bool(_read_ids([value]))


def _read_ids(values: Sequence[str]) -> list[int]:
    return [int(value) for value in values if value.isascii() and value.isdigit() and _is_id(value)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_id(digits: str) -> bool:
    return len(digits) <= len(str(LARGEST_ID)) and 0 < int(digits) < LARGEST_ID
