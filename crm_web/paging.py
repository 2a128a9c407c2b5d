"""Keyset paging: a page costs the same at any depth, and the address says where one stands."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_

from crm_web.extensions import db

PAGE_SIZE = 50
COUNT_LIMIT = 10_000
_READERS: dict[type, Callable[[str], Any]] = {
    str: str,
    int: int,
    Decimal: lambda text: _read_amount(text),
    date: date.fromisoformat,
    datetime: lambda text: datetime.fromisoformat(text).astimezone(UTC),
}
_LARGEST_AMOUNT = Decimal(10) ** 30


Place = tuple[str, Any, int]
"""Which side of a row a page stands on, and the sort key and id of that row."""


@dataclass(frozen=True)
class Sort:
    """
    A full order: one expression that is never null, then the id.

    :param expression: what to sort by; an index on ``(expression, id)`` makes it quick
    :param id_column: the id that makes the order full
    :param descending: whether the largest comes first
    :param is_indexed: whether there is such an index; without one only keys are sorted, and the rows of a page loaded
    """

    expression: ColumnElement[Any]
    id_column: ColumnElement[int]
    descending: bool
    is_indexed: bool = True

    @property
    def columns(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """What to order by."""
        both = (self.expression, self.id_column)
        return (both[0].desc(), both[1].desc()) if self.descending else (both[0].asc(), both[1].asc())


@dataclass(frozen=True)
class Page:
    """
    One page of a list.

    :param rows: the records, in order
    :param next: the mark of the page that follows; ``None`` on the last
    :param previous: the mark of the page before; ``None`` on the first
    :param count: how many records the whole list has, at most ``COUNT_LIMIT`` + 1
    """

    rows: Sequence[Any]
    next: str | None
    previous: str | None
    count: int

    @property
    def count_is_exact(self) -> bool:
        return self.count <= COUNT_LIMIT


def load_page(
    query: Select[Any], sort: Sort, *, mark: str | None, size: int = PAGE_SIZE, filter_first: bool = False
) -> Page:
    """
    Load one page of a query in two statements: the bounded count and the rows.

    :param query: selects one entity, filtered, without order or limit
    :param sort: the order
    :param mark: where the page starts, from ``Page.next`` or ``Page.previous``; a broken one means the first page
    :param size: rows a page
    :param filter_first: find what fits and then sort it, unless too much fits. Otherwise the database may walk along
        the order and filter as it goes, which is quick for a common filter and endless for a rare one
    :return: the page
    """
    place = _read_mark(mark, sort)
    backwards = place is not None and place[0] == "before"
    count = _count(query, sort)
    keys_first = not sort.is_indexed or (filter_first and count <= COUNT_LIMIT)
    load_rows = _load_rows_keys_first if keys_first else _load_rows
    rows = load_rows(query, replace(sort, descending=sort.descending != backwards), place, size=size)
    more = len(rows) > size
    rows = rows[:size][::-1] if backwards else rows[:size]
    has_next = more if not backwards else True
    has_previous = more if backwards else place is not None
    return Page(
        rows=[row[0] for row in rows],
        next=_write_mark("after", rows[-1].sort_key, rows[-1].sort_id) if rows and has_next else None,
        previous=_write_mark("before", rows[0].sort_key, rows[0].sort_id) if rows and has_previous else None,
        count=count,
    )


def _load_rows(query: Select[Any], order: Sort, place: Place | None, *, size: int) -> list[Any]:
    query = query.add_columns(order.expression.label("sort_key"), order.id_column.label("sort_id"))
    return list(db.session.execute(_slice(query, order, place, size)).all())


def _load_rows_keys_first(query: Select[Any], order: Sort, place: Place | None, *, size: int) -> list[Any]:
    """Materialised, the matches are found without a thought for the order; only a page of them is then loaded whole."""
    columns = (order.expression.label("sort_key"), order.id_column.label("sort_id"))
    matches = query.with_only_columns(*columns).order_by(None).cte("matches").prefix_with("MATERIALIZED")
    within = Sort(matches.c.sort_key, matches.c.sort_id, order.descending)
    wanted = _slice(select(matches), within, place, size).subquery("wanted")
    rows = query.join(wanted, wanted.c.sort_id == order.id_column).add_columns(wanted.c.sort_key, wanted.c.sort_id)
    return list(
        db.session.execute(rows.order_by(*Sort(wanted.c.sort_key, wanted.c.sort_id, order.descending).columns)).all()
    )


def _slice(query: Select[Any], order: Sort, place: Place | None, size: int) -> Select[Any]:
    """Take one row more than a page, from the place on."""
    if place is not None:
        here = tuple_(order.expression, order.id_column)
        there = tuple_(literal(place[1], order.expression.type), literal(place[2]))
        query = query.where(here < there if order.descending else here > there)
    return query.order_by(*order.columns).limit(size + 1)


def _count(query: Select[Any], sort: Sort) -> int:
    bounded = query.with_only_columns(sort.id_column).order_by(None).limit(COUNT_LIMIT + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(bounded)) or 0


def mark_after(key: Any, row_id: int) -> str:
    """
    Write the mark of the page that starts after a row.

    :param key: the row's sort key
    :param row_id: its id
    :return: the mark, for ``load_page``
    """
    return _write_mark("after", key, row_id)


def _write_mark(side: str, key: Any, row_id: int) -> str:
    value = key.isoformat() if hasattr(key, "isoformat") else str(key)
    return base64.urlsafe_b64encode(json.dumps([side, value, row_id]).encode()).decode().rstrip("=")


def _read_mark(mark: str | None, sort: Sort) -> Place | None:
    """Marks come from the address bar, so anything may stand there: what can't be read is the first page."""
    if not mark or "\x00" in mark:
        return None
    try:
        side, key, row_id = json.loads(base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)))
        key.encode()
        value = _READERS[sort.expression.type.python_type](key)
    except (binascii.Error, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None
    if side not in ("after", "before") or type(row_id) is not int or abs(row_id) >= 2**63 or "\x00" in key:
        return None
    return side, value, row_id


def _read_amount(text: str) -> Decimal:
    """PostgreSQL takes no exponent that Python does."""
    amount = Decimal(text)
    if not abs(amount) < _LARGEST_AMOUNT:
        raise ValueError
    return amount
