"""Keyset pagination: each page costs the same at any depth."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, case, func, literal, select, true, tuple_

from crm_web.core.extensions import db

PAGE_SIZE = 50
COUNT_LIMIT = 10_000
SCAN_LIMIT = 10_000
GROUP_SCAN_LIMIT = 3_000
_READERS: dict[type, Callable[[str], Any]] = {
    str: str,
    int: int,
    Decimal: lambda text: _read_amount(text),
    date: date.fromisoformat,
    datetime: lambda text: datetime.fromisoformat(text).astimezone(UTC),
}
_LARGEST_AMOUNT = Decimal(10) ** 30


CursorPosition = tuple[str, Any, int]
"""Which side of a row a page stands on, and the sort key and id of that row."""


@dataclass(frozen=True)
class Groups:
    """Groups of records, such as those of one owner, for an order that no index of the records gives.

    :param keys: the groups, with columns ``value`` and ``key``, the sort key
    :param column: the record's group; an index on ``(column, id)`` serves it
    """

    keys: FromClause
    column: ColumnElement[Any]


@dataclass(frozen=True)
class Sort:
    """A total order: a non-null expression, then the id.

    :param expression: an index on ``(expression, id)`` serves it
    :param is_indexed: whether there is such an index; without one only keys are sorted, and a page of rows loaded
    :param groups: for an order by groups, whose key is ``expression``
    """

    expression: ColumnElement[Any]
    id_column: ColumnElement[int]
    descending: bool
    is_indexed: bool = True
    groups: Groups | None = None

    @property
    def columns(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """What to order by."""
        both = (self.expression, self.id_column)
        return (both[0].desc(), both[1].desc()) if self.descending else (both[0].asc(), both[1].asc())


@dataclass(frozen=True)
class Page:
    """A page of a list.

    :param rows: records; rows of columns where the query selects several
    :param next: the cursor of the next page; ``None`` on the last
    :param previous: the cursor of the previous page; ``None`` on the first
    :param count: of the whole list, at most ``COUNT_LIMIT`` + 1
    :param is_in_order: false if there were too many rows for the wanted order
    :param starts_at_cursor: false if the cursor was invalid and the first page is shown
    """

    rows: Sequence[Any]
    next: str | None
    previous: str | None
    count: int
    is_in_order: bool = True
    starts_at_cursor: bool = True

    @property
    def count_is_exact(self) -> bool:
        return self.count <= COUNT_LIMIT


def load_page(
    query: Select[Any],
    sort: Sort,
    *,
    cursor: str | None,
    size: int = PAGE_SIZE,
    base_query: Select[Any] | None = None,
    fallback_sort: Sort | None = None,
) -> Page:
    """Load a page in two queries, at most four: the bounded count and the rows.

    If few rows match, they are found first and then sorted. If many do, the order is scanned for ``SCAN_LIMIT`` rows,
    and only if too few of these match, all matches are found and sorted. The planner alone would scan the whole table,
    or sort half of it.

    :param query: selects one entity or several columns, with filters, without order or limit
    :param cursor: ``Page.next`` or ``Page.previous``; an invalid one means the first page
    :param base_query: the same without filters; omit it if an index serves both filter and order
    :param fallback_sort: an order with an index, for when ``sort`` has none and too many rows match
    """
    count = count_some(query, sort)
    wanted, sort = sort, choose_sort(count, sort, fallback_sort)
    place = _decode_cursor(cursor, sort)
    backwards = place is not None and place[0] == "before"
    order = replace(sort, descending=sort.descending != backwards)
    rows = _find_rows(query, order, place, size=size, count=count, base_query=base_query) if count else []
    more = len(rows) > size
    rows = rows[:size][::-1] if backwards else rows[:size]
    has_next = more if not backwards else True
    has_previous = more if backwards else place is not None
    return Page(
        # Beside the key and the id of the order, one entity or several columns.
        rows=[row[0] for row in rows] if rows and len(rows[0]) == 3 else rows,
        next=_encode_cursor("after", rows[-1].sort_key, rows[-1].sort_id) if rows and has_next else None,
        previous=_encode_cursor("before", rows[0].sort_key, rows[0].sort_id) if rows and has_previous else None,
        count=count,
        is_in_order=sort is wanted,
        starts_at_cursor=place is not None or cursor is None,
    )


def count_some(query: Select[Any], sort: Sort) -> int:
    """Count the rows of a query, at most ``COUNT_LIMIT`` + 1."""
    bounded = query.with_only_columns(sort.id_column).order_by(None).limit(COUNT_LIMIT + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(bounded)) or 0


def choose_sort(count: int, sort: Sort, fallback_sort: Sort | None) -> Sort:
    """Return the wanted order, or the fallback if it has no index and there are too many rows."""
    return fallback_sort if fallback_sort and not sort.is_indexed and count > COUNT_LIMIT else sort


def join_groups(query: Select[Any], sort: Sort) -> Select[Any]:
    """Join the keys of a sort's groups to the query."""
    groups = sort.groups
    return query if groups is None else query.join(groups.keys, groups.keys.c.value == groups.column)


def _find_rows(
    query: Select[Any],
    order: Sort,
    position: CursorPosition | None,
    *,
    size: int,
    count: int,
    base_query: Select[Any] | None,
) -> list[Any]:
    if not order.is_indexed or (base_query is not None and count <= COUNT_LIMIT):
        return _load_rows_keys_first(query, order, position, size=size)
    if order.groups is not None:
        return _load_rows_by_groups(query, base_query, order, position, size=size)
    end = None if base_query is None else _probe_scan_limit(base_query, order, position)
    if end is None:
        return _load_rows(query, order, position, size=size)
    near = query.where(_is_beyond(replace(order, descending=not order.descending), *end))
    rows = _load_rows(near, order, position, size=size)
    return rows if len(rows) > size else _load_rows_keys_first(query, order, position, size=size)


def _probe_scan_limit(base_query: Select[Any], order: Sort, position: CursorPosition | None) -> tuple[Any, int] | None:
    """Return where a scan of ``SCAN_LIMIT`` rows ends; ``None`` if the list ends before."""
    keys = base_query.with_only_columns(order.expression, order.id_column)
    found = db.session.execute(_slice(keys, order, position, 0).offset(SCAN_LIMIT).limit(1)).first()
    return None if found is None else (found[0], found[1])


def _load_rows(query: Select[Any], order: Sort, position: CursorPosition | None, *, size: int) -> list[Any]:
    query = query.add_columns(order.expression.label("sort_key"), order.id_column.label("sort_id"))
    return list(db.session.execute(_slice(query, order, position, size)).all())


def _load_rows_keys_first(query: Select[Any], order: Sort, position: CursorPosition | None, *, size: int) -> list[Any]:
    """Materialized, so that the matches are found without regard to the order; then one page is loaded whole."""
    columns = (order.expression.label("sort_key"), order.id_column.label("sort_id"))
    matches = (
        join_groups(query, order).with_only_columns(*columns).order_by(None).cte("matches").prefix_with("MATERIALIZED")
    )
    within = Sort(matches.c.sort_key, matches.c.sort_id, order.descending)
    return _load_whole(query, _slice(select(matches), within, position, size), order)


def _load_whole(query: Select[Any], keys: Select[Any], order: Sort) -> list[Any]:
    """Load the rows of some keys, in their order."""
    wanted = keys.subquery("wanted")
    rows = query.join(wanted, wanted.c.sort_id == order.id_column).add_columns(wanted.c.sort_key, wanted.c.sort_id)
    return list(
        db.session.execute(rows.order_by(*Sort(wanted.c.sort_key, wanted.c.sort_id, order.descending).columns)).all()
    )


def _load_rows_by_groups(
    query: Select[Any], base_query: Select[Any] | None, order: Sort, position: CursorPosition | None, *, size: int
) -> list[Any]:
    """Scan in the order of the groups and filter; if too few rows match, look at all."""
    if base_query is None:
        return _load_whole(query, _merge_group_scans(query, order, position, size + 1), order)
    near = _merge_group_scans(base_query, order, position, GROUP_SCAN_LIMIT).cte("near").prefix_with("MATERIALIZED")
    fitting = query.join(near, near.c.sort_id == order.id_column).add_columns(near.c.sort_key, near.c.sort_id)
    ordered = fitting.order_by(*Sort(near.c.sort_key, near.c.sort_id, order.descending).columns)
    rows = list(db.session.execute(ordered.limit(size + 1)).all())
    return rows if len(rows) > size else _load_rows_keys_first(query, order, position, size=size)


def _merge_group_scans(query: Select[Any], order: Sort, position: CursorPosition | None, length: int) -> Select[Any]:
    """The first keys and ids in the order of the groups; each group is only queried when needed."""
    grouping = order.groups
    if grouping is None:
        raise ValueError("no groups to walk through")
    key = grouping.keys.c.key
    groups = select(grouping.keys.c.value, key).order_by(key.desc() if order.descending else key.asc())
    if position is not None:
        groups = groups.where(key <= position[1] if order.descending else key >= position[1])
    group, row_id = groups.subquery("grouped"), order.id_column
    # Were it "=", the planner would drop the column from the order, and walk all rows by id for a group without any.
    is_of_group = grouping.column.between(group.c.value, group.c.value)
    inner = query.with_only_columns(row_id.label("sort_id")).where(is_of_group)
    if position is not None:
        is_same = group.c.key == literal(position[1], key.type)
        from_here = case((is_same, literal(position[2])), else_=literal(2**63 - 1 if order.descending else -1))
        inner = inner.where(row_id < from_here if order.descending else row_id > from_here)
    inner = inner.order_by(*Sort(grouping.column, row_id, order.descending).columns).limit(length)
    some = inner.correlate(group).lateral("members")
    found = select(group.c.key.label("sort_key"), some.c.sort_id).select_from(group).join(some, true())
    return found.order_by(*Sort(group.c.key, some.c.sort_id, order.descending).columns).limit(length)


def _slice(query: Select[Any], order: Sort, position: CursorPosition | None, size: int) -> Select[Any]:
    """Select one row more than a page, from the cursor on."""
    if position is not None:
        query = query.where(_is_beyond(order, *position[1:]))
    return query.order_by(*order.columns).limit(size + 1)


def _is_beyond(order: Sort, key: Any, row_id: int) -> ColumnElement[bool]:
    here = tuple_(order.expression, order.id_column)
    there = tuple_(literal(key, order.expression.type), literal(row_id))
    return here < there if order.descending else here > there


def cursor_after(key: Any, row_id: int) -> str:
    """Return the cursor of the page that starts after a row."""
    return _encode_cursor("after", key, row_id)


def cursor_before(key: Any, row_id: int) -> str:
    """Return the cursor of the page that ends before a row."""
    return _encode_cursor("before", key, row_id)


def _encode_cursor(side: str, key: Any, row_id: int) -> str:
    value = key.isoformat() if hasattr(key, "isoformat") else str(key)
    return base64.urlsafe_b64encode(json.dumps([side, value, row_id]).encode()).decode().rstrip("=")


def _decode_cursor(cursor: str | None, sort: Sort) -> CursorPosition | None:
    """Cursors come from the URL and may be anything; an invalid one means the first page."""
    if not cursor or "\x00" in cursor:
        return None
    try:
        side, key, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        key.encode()
        value = _reader_of(sort.expression.type.python_type)(key)
    except (binascii.Error, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None
    if side not in ("after", "before") or type(row_id) is not int or abs(row_id) >= 2**63 or "\x00" in key:
        return None
    return side, value, row_id


def _reader_of(kind: type) -> Callable[[str], Any]:
    """An enum parses its own values, and refuses all others."""
    return kind if issubclass(kind, StrEnum) else _READERS[kind]


def _read_amount(text: str) -> Decimal:
    """PostgreSQL refuses exponents that Python accepts."""
    amount = Decimal(text)
    if not abs(amount) < _LARGEST_AMOUNT:
        raise ValueError
    return amount
