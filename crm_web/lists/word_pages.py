"""First pages of lists that are filtered by words alone, as people do most: statements are built once for all words."""

from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, bindparam, func, select

from crm_web.core.prepared import ONE_PLAN, Prepared
from crm_web.lists import pagination
from crm_web.lists.orders import Sort, keys_of, slice_page
from crm_web.lists.pagination import (
    PAGE_SIZE,
    Found,
    Page,
    cut_page,
    select_count_of_some,
    select_matches,
    select_whole,
)
from crm_web.records.matching import Way, WordForm, WordForms, contains_forms


class WordPages:
    """Finds a list's first page as ``load_page`` does, in an order that an index gives.

    :param rows: reads the rows of the list, whatever they hold
    :param base: selects the records of the list in its order
    :param text: holds the words of a record
    :param words: how many words are looked for
    :param total: how many records there are; ``None`` to count them
    """

    def __init__(
        self,
        rows: Select[Any],
        base: Select[Any],
        text: ColumnElement[str],
        *,
        order: Sort,
        size: int,
        words: int,
        glance: int,
        total: ColumnElement[int] | None,
    ) -> None:
        self._rows, self._base, self._text, self._order, self._size = rows, base, text, order, size
        self._forms = WordForms((WordForm(False, False, False),) * words)
        self._glance = self._select_glance(select_count_of_some(base) if total is None else total, glance)
        self._all = lru_cache(8)(self._select_all)
        self._end, self._near = lru_cache(8)(self._select_end), lru_cache(8)(self._select_near)

    def load(self, forms: WordForms, values: dict[str, str], limit: int) -> Page:
        """Load the page of some words.

        :param forms: of ``read_words``, with its ``values``; folded
        :param limit: how many rows a page may search at first
        """
        total, first = self._glance.one(**values)
        if total <= pagination.COUNT_LIMIT or first < pagination.COMMON:
            rows = self._all(forms).all(**values)
            found = Found(rows, rows[0].sort_total if rows else 0)
            return cut_page(found, self._order, None, size=self._size)
        length = max(limit, pagination.GLANCE * 2 * PAGE_SIZE // first)
        end = self._end(length).one_or_none()
        rows = self._near(length).all(**values)
        count = rows[0].sort_total if rows else 0
        found = Found(rows, count, end is not None, None if end is None else (end[0], end[1]), length)
        return cut_page(found, self._order, None, size=self._size)

    def _select_glance(self, total: ColumnElement[int], length: int) -> Prepared:
        """How many records there are, and how many of the first have the words."""
        first = self._first(length)
        matches = select(func.count()).select_from(first).where(self._is_in(first)).scalar_subquery()
        return _prepare(select(total.label("total"), matches.label("matches")))

    def _select_all(self, forms: WordForms) -> Prepared:
        """The page of all that have the words, found by their parts."""
        matches = self._base.where(contains_forms(self._text, forms, _bind, Way.PARTS))
        return self._select_page(matches.with_only_columns(*keys_of(self._order)))

    def _select_near(self, length: int) -> Prepared:
        """The page of those that have the words among so many records."""
        first = self._first(length)
        return self._select_page(select(first.c.sort_key, first.c.sort_id).where(self._is_in(first)))

    def _select_end(self, length: int) -> Prepared:
        """The last of so many records, if there are as many."""
        keys = self._base.with_only_columns(*keys_of(self._order))
        return _prepare(slice_page(keys, self._order, None, 0).offset(length - 1))

    def _select_page(self, keys: Select[Any]) -> Prepared:
        return _prepare(select_whole(self._rows, select_matches(keys, self._order, None, self._size), self._order))

    def _first(self, length: int) -> Any:
        columns = (*keys_of(self._order), self._text.label("search_text"))
        return self._base.with_only_columns(*columns).order_by(*self._order.columns).limit(length).subquery()

    def _is_in(self, first: Any) -> ColumnElement[bool]:
        return contains_forms(first.c.search_text, self._forms, _bind, Way.ROWS)


def _bind(name: str) -> ColumnElement[str]:
    """A value of ``read_words``."""
    return bindparam(name, type_=Text())


def _prepare(query: Select[Any]) -> Prepared:
    return Prepared(query.execution_options(prepared=ONE_PLAN))
