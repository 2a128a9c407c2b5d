"""How the rows of a filtered list are found: what a list tells the pagination of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select


@dataclass(frozen=True)
class Scan:
    """How the rows of a filtered list are found without reading all others.

    :param base: the list in its order, with as many of the filters as the order's index serves
    :param limit: how many rows of it a page may read
    :param probes: selects with some of the filters each, that an index of their own finds
    :param is_counted: whether the first of them has all filters
    :param words: selects the first rows of the order that contain the words of the list, if it has any
    :param near: a list with words for a few rows of the order: without the index of words, since of common ones reading
        that index takes longer than reading the rows
    :param rare: the same list for words that are rare, which the index of words finds by their parts
    """

    base: Select[Any]
    limit: int
    probes: Sequence[Select[Any]]
    is_counted: bool = False
    words: Select[Any] | None = None
    near: Select[Any] | None = None
    rare: Select[Any] | None = None
