"""What a list shows is said by its address: filters, sort and place, and the links that change one of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from flask import url_for
from werkzeug.datastructures import MultiDict

from crm_web.paging import Page

Word = TypeVar("Word", bound=StrEnum)


class Chip(NamedTuple):
    """
    A filter in use.

    :param label: what it lets through, in words
    :param url: the list without it
    """

    label: str
    url: str


@dataclass(frozen=True)
class ListView:
    """
    A list as its address describes it.

    :param endpoint: the view that shows the list
    :param filters: the filters in use: name to what was chosen, none of it empty
    :param sort: the sort word in use, with a minus in front for largest first
    :param default_sort: the sort word that the address leaves out
    """

    endpoint: str
    filters: Mapping[str, Sequence[str]]
    sort: str = ""
    default_sort: str = ""

    def url(self, endpoint: str | None = None, **changes: Any) -> str:
        """Give the address of the list, or of another view of the same set, with some arguments changed."""
        sort = None if self.sort == self.default_sort else self.sort
        return url_for(endpoint or self.endpoint, **{**self.filters, "sort": sort, **changes})

    def url_for_sort(self, key: str) -> str:
        """Give the address that sorts by a word; by the one in use, the other way round."""
        return self.url(sort=f"-{key}" if self.sort == key else key)

    def url_for_next(self, page: Page) -> str:
        """Give the address of the page that follows."""
        return self.url(page=page.next)

    def url_for_previous(self, page: Page) -> str:
        """Give the address of the page before."""
        return self.url(page=page.previous)

    def chosen(self, name: str) -> str:
        """Tell what a filter with one value is set to; empty where it is not used."""
        return self.filters.get(name, [""])[0]

    def chip(self, name: str, label: str, value: str | None = None) -> Chip:
        """Make the chip that takes a filter away, or one value of it."""
        others = [other for other in self.filters.get(name, ()) if value not in (None, other)]
        return Chip(label, self.url(None, **{name: others}))


def read_filters(arguments: MultiDict[str, str], names: Iterable[str]) -> dict[str, list[str]]:
    """
    Read the filters of an address, in which anything may stand.

    :param arguments: ``request.args``
    :param names: the names of the filters; all else is left out
    :return: name to values; what is blank, or could not be in the database, is left out
    """
    chosen = {name: [value for value in arguments.getlist(name) if _is_sound(value)] for name in names}
    return {name: list(dict.fromkeys(values)) for name, values in chosen.items() if values}


def _is_sound(value: str) -> bool:
    return bool(value.strip()) and "\x00" not in value and len(value) <= 500


def read_words(values: Iterable[str], words: type[Word]) -> list[Word]:
    """
    Read the words of an enum; others are left out.

    :param values: what stands in the address
    :param words: the enum
    :return: the known words
    """
    known = {word.value: word for word in words}
    return [known[value] for value in values if value in known]


def read_ids(values: Iterable[str]) -> list[int]:
    """
    Read ids; 0 stands for none, and what is no id is left out.

    :param values: what stands in the address
    :return: the ids, each fitting a bigint
    """
    return [int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 19]
