"""One specification of a list: its orders, pages, columns and files follow from the columns that it names."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, Date, DateTime, Select, Text, select
from sqlalchemy.orm import aliased

from crm_web.core.extensions import db
from crm_web.core.prepared import Prepared
from crm_web.lists.columns import Column, show_words
from crm_web.lists.cursors import cursor_after, cursor_before
from crm_web.lists.orders import Sort, join_groups
from crm_web.lists.pagination import (
    GLANCE,
    PAGE_SIZE,
    Page,
    choose_sort,
    count_some,
    load_first_page,
    load_page,
    select_first_page,
)
from crm_web.lists.plain_rows import PlainRows
from crm_web.lists.record_filters import ListFilter
from crm_web.lists.scans import Scan, build_match, select_first_with_words
from crm_web.lists.sorting import day_or_none, folded, moment_or_none, number_or_none, place_or_none
from crm_web.lists.word_pages import WordPages
from crm_web.models.base import EnumText, Trashable
from crm_web.records.folding import fold_as_kept
from crm_web.records.matching import Way, contains_words, read_words

LARGEST_FIRST = ("money", "percent", "date", "moment")
KEPT_ROWS = 100
SCAN_LIMIT = 5_000
"""How many rows a page searches at first, where it has to read each."""
COVERED_SCAN_LIMIT = 20_000
"""The same where the order's index holds all that is filtered by."""


class ListSpec:
    """What a list can show, be filtered and sorted by; all its queries are made here.

    :param name: the column that stands before the others always, and leads to the record
    :param columns: every other column, in the order in which they stand
    :param shown: the columns of a list whose address asks for none
    :param default_sort: the order of a list whose address names none
    :param orders: the orders that people ask for by name; the heads of the table give the others
    :param missing: what can be missing beside the columns that say so: how it reads, and the condition
    :param always: what a page loads whatever is shown; a description of 20,000 characters is not among it
    :param always_related: the same of other records, by relation
    :param related: other tables that files read, each with the column that holds its id
    :param file: what a file holds where no columns are chosen; plain texts that it does not name come last
    :param by_one: the filters that an order's index begins with, if they name one value each
    :param found_by: parts of the filter that an index finds by themselves, together if they share one; with each, the
        parts that the same index serves as well
    :param found_missing: what can be missing, as far as an index finds the records without it
    :param covered: for an order, the parts of the filter that its index holds too
    :param last_activity: the id of the record, and the moment, in the table of latest activities
    :param row: the class of a page's rows, with what follows from the columns of one
    :param count_all: how many records there are outside the trash, as far as the database keeps that
    """

    def __init__(
        self,
        model: Any,
        name: Column,
        columns: Sequence[Column],
        *,
        shown: Sequence[str],
        default_sort: str,
        orders: Mapping[str, str],
        always: Sequence[Any],
        always_related: Mapping[str, Sequence[str]],
        related: Sequence[tuple[Any, Any]],
        file: Mapping[str, Any],
        missing: Mapping[str, tuple[str, ColumnElement[bool]]] | None = None,
        by_one: Mapping[str, Sequence[str]] | None = None,
        found_by: Mapping[tuple[str, ...], tuple[str, ...]],
        found_missing: Collection[str] = (),
        covered: Mapping[str, frozenset[str]] | None = None,
        last_activity: tuple[Any, Any] = (None, None),
        row: type[SimpleNamespace] = SimpleNamespace,
        count_all: ColumnElement[int] | None = None,
    ) -> None:
        self.model, self.name, self.shown, self.default_sort = model, name, shown, default_sort
        self.columns = {column.key: column for column in columns}
        self.groups = {key: column.groups for key, column in self.columns.items() if column.groups}
        self.sorts = {column.key: self._sort_of(column) for column in (name, *columns)}
        self.indexed = {column.key for column in (name, *columns) if column.is_indexed}
        self.largest_first = [column.key for column in columns if column.kind in LARGEST_FIRST]
        self.orders = orders
        ours = {c.key: (c.missing, getattr(model, c.key).is_(None)) for c in columns if c.missing}
        self._missing = {**(missing or {}), **ours}
        self._activity_id, self.activity_at = last_activity
        self._always, self._related, self._by_one = always, related, by_one or {}
        self.found_by, self._found_missing, self._covered = found_by, found_missing, covered or {}
        self._always_related, self._row, self._count_all = always_related, row, count_all
        # Whoever asks chooses the columns, in any order: of the many choices only the latest are kept.
        self._plain_rows = lru_cache(KEPT_ROWS)(self._build_rows)
        self._first_pages = lru_cache(KEPT_ROWS)(self._build_first_page)
        self._word_pages = lru_cache(KEPT_ROWS)(self._build_word_pages)
        self.plain = [column for column in columns if column.section]
        unnamed = (column for column in self.plain if column.label not in file)
        self._file = {**file, **{column.label: getattr(model, column.key) for column in unnamed}}

    @property
    def missing(self) -> dict[str, str]:
        """What can be missing, and how the filter for records without it reads."""
        return {word: label for word, (label, _) in self._missing.items()}

    def plain_in(self, section: str) -> list[str]:
        """The keys of the plain columns of one section."""
        return [column.key for column in self.plain if column.section == section]

    def _sort_of(self, column: Column) -> Any:
        """Without a word of its own, a column is sorted by what its type says; what is empty comes first."""
        if column.groups is not None:
            return column.groups.keys.c.key
        if column.sort is not None:
            return column.sort
        own, _, further = (column.path or column.key).partition(".")
        value = getattr(self.model, own)
        if further:
            return self._sort_by_other(value, further)
        if isinstance(value.type, EnumText):
            return place_or_none(value, value.type.words)
        if isinstance(value.type, Text):
            return folded(value)
        if not value.property.columns[0].nullable:
            return value.expression
        if isinstance(value.type, Date):
            return day_or_none(value)
        return moment_or_none(value) if isinstance(value.type, DateTime) else number_or_none(value)

    def _sort_by_other(self, relation: Any, name: str) -> Any:
        """By a text of another record, looked up for each row: few enough are sorted without an index."""
        other, (key,) = aliased(relation.property.mapper.class_), relation.property.local_columns
        return folded(select(getattr(other, name)).where(other.id == key).correlate(self.model).scalar_subquery())

    def select(self, filters: ListFilter, way: Way = Way.INDEX) -> Select[Any]:
        """Build the query behind the list, its count and its files.

        :param way: how words are found
        :return: a select of the model outside the trash, without order
        """
        query = select(self.model)
        if issubclass(self.model, Trashable):
            query = query.where(self.model.deleted_at.is_(None))
        if filters.asks_for_activity:
            query = self._join_activity(query)
        return query.where(*self._list_conditions(filters, way))

    def _list_conditions(self, filters: ListFilter, way: Way) -> list[ColumnElement[bool]]:
        """List what holds of each record of a list, beside that it is not in the trash."""
        conditions = [self._missing[word][1] for word in filters.lacks if word in self._missing]
        if filters.words.strip():
            text = self.model.search_text.expression
            # As an expression no index knows it.
            text = text.op("||")("") if way is Way.ROWS else text
            conditions.append(contains_words(text, filters.words, way))
        return [*conditions, *filters.list_conditions(self)]

    def read_sort(self, word: str | None) -> Sort:
        """Turn the sort word of an address into an order.

        :param word: one of ``sorts``, with a minus in front for largest first; anything else means ``default_sort``
        :return: the full order
        """
        word = word if word and word.removeprefix("-") in self.sorts else self.default_sort
        key = word.removeprefix("-")
        # The index is one of the latest activities, so the id has to be theirs as well.
        row_id = self._activity_id if key == "last_activity" else self.model.id
        return Sort(
            self.sorts[key],
            row_id.expression,
            word.startswith("-"),
            is_indexed=key in self.indexed,
            groups=self.groups.get(key),
        )

    def usable_sort(self, filters: ListFilter, word: str | None) -> str:
        """Choose the order of a file, which is the page's: without an index only so many records can be sorted.

        :param word: a sort word, as in ``read_sort``
        :return: the word, or ``default_sort`` where there are too many records for it
        """
        order, usual = self.read_sort(word), self.read_sort(self.default_sort)
        is_usable = order.is_indexed or choose_sort(count_some(self.select(filters)), order, usual) is order
        return word if word and is_usable else self.default_sort

    def list_page(
        self,
        filters: ListFilter,
        *,
        sort: str | None,
        cursor: str | None,
        columns: Sequence[str] = (),
        fields: Sequence[str] = (),
        size: int = PAGE_SIZE,
        is_bounded: bool = True,
    ) -> Page:
        """Load one page of the list.

        :param sort: a sort word, as in ``read_sort``
        :param cursor: where the page starts; ``None`` for the first
        :param columns: the columns to read, beside what the page needs of every record
        :param fields: the attributes to read instead, for programs
        :param size: rows a page
        :param is_bounded: false to search to the end of the list for rows that fill the page
        :return: the page, with plain rows
        """
        order, rows = self.read_sort(sort), self._plain_rows(tuple(columns), tuple(fields))
        if cursor is None and (first := self._load_first_page(filters, order, columns, fields, size, is_bounded)):
            return replace(first, rows=rows.make(first.rows))
        page = load_page(
            rows.read(self._select_for(order, filters)),
            order,
            cursor=cursor,
            size=size,
            scan=self.plan_scan(order, filters),
            fallback_sort=self.read_sort(self.default_sort),
            is_bounded=is_bounded,
            total=None if filters.in_use else self._count_all,
        )
        return replace(page, rows=rows.make(page.rows))

    def _load_first_page(
        self,
        filters: ListFilter,
        order: Sort,
        columns: Sequence[str],
        fields: Sequence[str],
        size: int,
        is_bounded: bool,
    ) -> Page | None:
        """Load a first page by statements that are kept, since nothing is left in it that differs from one to the next.

        :return: the page; ``None`` where its statements have to be built
        """
        is_of_words = filters.in_use == ["words"] and is_bounded
        if not order.is_indexed or order.groups is not None or not (is_of_words or not filters.in_use):
            return None
        key = (f"{'-' if order.descending else ''}{self._key_of(order)}", tuple(columns), tuple(fields), size)
        if not is_of_words:
            return load_first_page(self._first_pages(*key), order, size=size)
        forms, values = read_words(fold_as_kept(filters.words))
        if not forms.is_plain or not forms.parts:
            return None
        return self._word_pages(*key, len(forms.words), GLANCE).load(forms, values, SCAN_LIMIT)

    def find_neighbor(self, filters: ListFilter, record_id: int, *, sort: str | None, forward: bool) -> int | None:
        """Find the record after or before another one, which need not be in the list itself.

        :param filters: which records the list holds
        :param sort: a sort word, as in ``read_sort``
        :param forward: whether to find the one after it
        :return: its id; ``None`` at the end of the list, or where the other record is in the trash
        """
        word = self.usable_sort(filters, sort)
        order = self.read_sort(word)
        here = join_groups(self._select_for(order, type(filters)()), order).where(self.model.id == record_id)
        key = db.session.execute(here.with_only_columns(order.expression)).first()
        if key is None:
            return None
        cursor = (cursor_after if forward else cursor_before)(key[0], record_id)
        rows = self.list_page(filters, sort=word, cursor=cursor, size=1, is_bounded=False).rows
        return rows[0].id if rows else None

    def make_table(
        self, filters: ListFilter, *, sort: str | None, columns: Sequence[str] | None
    ) -> tuple[list[str], Iterator[list[object]]]:
        """Put the list into a table, with flat memory.

        :param sort: a sort word, as in ``read_sort``
        :param columns: the columns that the list shows, where somebody chose them; ``None`` for every column
        :return: the heads, and an iterator over the rows, each with a cell for every head
        """
        chosen = [self.name, *(self.columns[key] for key in columns or ())]
        cells = self._file if columns is None else dict(map(self._cell, chosen))
        return list(cells), show_words(self.stream(filters, list(cells.values()), sort=sort))

    def stream(
        self, filters: ListFilter, columns: Sequence[Any], *, sort: str | None, size: int = 200
    ) -> Iterator[Sequence[Any]]:
        """Run through the whole list in its order, a batch at a time, with flat memory: larger ones are no faster.

        :param columns: what to read of each: columns of the model, of the latest activity or of a related table
        :param sort: a sort word, as in ``read_sort``
        :param size: rows a batch
        :return: an iterator over rows of values
        """
        order, query = self.read_sort(self.usable_sort(filters, sort)), self.select(filters)
        if self.activity_at is not None and not filters.asks_for_activity:
            query = self._join_activity(query)
        for related, key in self._related:
            query = query.outerjoin(related, related.id == key)
        query = join_groups(query, order).with_only_columns(*columns, maintain_column_froms=True)
        yield from db.session.execute(query.order_by(*order.columns).execution_options(yield_per=size))

    def _cell(self, column: Column) -> tuple[str, Any]:
        own = column.path or column.key
        return column.label, getattr(self.model, own) if column.joined is None else column.joined

    def _build_rows(self, columns: tuple[str, ...], fields: tuple[str, ...]) -> PlainRows:
        own, others = self._name_columns(columns)
        if fields:
            own, others = {name: getattr(self.model, name) for name in fields}, {}
        return PlainRows(self.model, own, others, self._row)

    def _name_columns(self, columns: Sequence[str]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """What is shown of the records, and as little of others, such as the owner."""
        own = {attribute.key: attribute for attribute in self._always}
        others = {name: list(names) for name, names in self._always_related.items()}
        for column in (self.columns[key] for key in columns):
            name, _, further = (column.path or column.key).partition(".")
            if further:
                others[name] = list(dict.fromkeys([*others.get(name, ()), further]))
            elif column.is_computed or name in self.model.__mapper__.column_attrs:
                own[name] = column.joined if column.is_computed else getattr(self.model, name)
        return own, others

    def _build_first_page(self, sort: str, columns: tuple[str, ...], fields: tuple[str, ...], size: int) -> Prepared:
        order = self.read_sort(sort)
        query = self._plain_rows(columns, fields).read(self._select_for(order, ListFilter()))
        return select_first_page(query, order, size=size, total=self._count_all)

    def _build_word_pages(
        self, sort: str, columns: tuple[str, ...], fields: tuple[str, ...], size: int, words: int, glance: int
    ) -> WordPages:
        order = self.read_sort(sort)
        base, text = self._select_for(order, ListFilter()), self.model.search_text.expression
        rows, total = self._plain_rows(columns, fields).read(base), self._count_all
        return WordPages(rows, base, text, order=order, size=size, words=words, glance=glance, total=total)

    def _select_for(self, order: Sort, filters: ListFilter, way: Way = Way.INDEX) -> Select[Any]:
        query = self.select(filters, way)
        is_by_activity = order.expression is self.sorts.get("last_activity")
        return self._join_activity(query) if is_by_activity and not filters.asks_for_activity else query

    def plan_scan(self, order: Sort, filters: ListFilter) -> Scan | None:
        """Say how the records of some filters are found in an order.

        :return: the plan; ``None`` where the order's index serves all filters
        """
        base = self._select_in_order(filters, order)
        if base is None:
            return None
        parts = sorted(self._list_found_parts(filters), key=len, reverse=True)
        is_covered = self._covered.get(self._key_of(order), frozenset()) >= set(filters.in_use)
        has_words = "words" in filters.in_use
        return Scan(
            base=base,
            limit=COVERED_SCAN_LIMIT if is_covered else SCAN_LIMIT,
            probes=[self.select(type(filters)(**some)) for some in parts] or [base],
            is_counted=bool(parts) and parts[0] == {name: getattr(filters, name) for name in filters.in_use},
            words=select_first_with_words(base, order, self.model, filters.words, GLANCE) if has_words else None,
            rare=self._select_for(order, filters, Way.PARTS) if has_words else None,
            is_match=build_match(self._list_conditions(filters, Way.ROWS), self.model, self._activity_id),
        )

    def _list_found_parts(self, filters: ListFilter) -> Iterator[dict[str, Any]]:
        """The parts of a filter that an index finds, each with what the same index serves as well."""
        for first, further in self.found_by.items():
            leading = {name: getattr(filters, name) for name in first if name in filters.in_use}
            # Records that belong to nobody are found by an index of their own, which holds nothing else.
            others = further if all(0 not in values for values in leading.values() if further) else ()
            if leading:
                yield leading | {name: getattr(filters, name) for name in others if name in filters.in_use}
        if missing := [word for word in filters.lacks if word in self._found_missing]:
            yield {"lacks": missing}

    def _key_of(self, order: Sort) -> str:
        return next(key for key, expression in self.sorts.items() if expression is order.expression)

    def _select_in_order(self, filters: ListFilter, order: Sort) -> Select[Any] | None:
        """What an index gives in this order: as much as is filtered by its own column; ``None`` where that is all."""
        key = self._key_of(order)
        about = self.columns[key].filters if key in self.columns else ()
        known = {name: getattr(filters, name) for name in about if name in filters.in_use}
        one = {name: getattr(filters, name) for name in self._by_one.get(key, ())}
        known |= {name: values for name, values in one.items() if len(values) == 1 and 0 not in values and not known}
        if set(known) == set(filters.in_use):
            return None
        found = self._select_for(order, type(filters)(**known))
        # Untouched is about both: what was touched since is not even walked past.
        untouched_since = getattr(filters, "untouched_since", None)
        is_about_rest = untouched_since is not None and key in ("updated_at", "last_activity")
        return found.where(order.expression < untouched_since) if is_about_rest else found

    def _join_activity(self, query: Select[Any]) -> Select[Any]:
        return query.join(self._activity_id.class_, self._activity_id == self.model.id)
