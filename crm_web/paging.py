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


@dataclass(frozen=True)
class Sort:
    """
    A full order: one expression that is never null, then the id.

    :param expression: what to sort by; an index on ``(expression, id)`` makes it quick
    :param id_column: the id that makes the order full
    :param descending: whether the largest comes first
    """

    expression: ColumnElement[Any]
    id_column: ColumnElement[int]
    descending: bool

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


def load_page(query: Select[Any], sort: Sort, *, mark: str | None, size: int = PAGE_SIZE) -> Page:
    """
    Load one page of a query in two statements: the rows and the bounded count.

    :param query: selects one entity, filtered, without order or limit
    :param sort: the order
    :param mark: where the page starts, from ``Page.next`` or ``Page.previous``; a broken one means the first page
    :param size: rows a page
    :return: the page
    """
    place = _read_mark(mark, sort)
    backwards = place is not None and place[0] == "before"
    rows = _load_rows(query, sort, place, backwards=backwards, size=size)
    more = len(rows) > size
    rows = rows[:size][::-1] if backwards else rows[:size]
    has_next = more if not backwards else True
    has_previous = more if backwards else place is not None
    return Page(
        rows=[row[0] for row in rows],
        next=_write_mark("after", rows[-1]) if rows and has_next else None,
        previous=_write_mark("before", rows[0]) if rows and has_previous else None,
        count=_count(query, sort),
    )


def _load_rows(
    query: Select[Any], sort: Sort, place: tuple[str, Any, int] | None, *, backwards: bool, size: int
) -> list[Any]:
    order = replace(sort, descending=sort.descending != backwards)
    query = query.add_columns(sort.expression.label("sort_key"), sort.id_column.label("sort_id"))
    if place is not None:
        here = tuple_(sort.expression, sort.id_column)
        there = tuple_(literal(place[1], sort.expression.type), literal(place[2]))
        query = query.where(here < there if order.descending else here > there)
    return list(db.session.execute(query.order_by(*order.columns).limit(size + 1)).all())


def _count(query: Select[Any], sort: Sort) -> int:
    bounded = query.with_only_columns(sort.id_column).order_by(None).limit(COUNT_LIMIT + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(bounded)) or 0


def _write_mark(side: str, row: Any) -> str:
    key = row.sort_key
    value = key.isoformat() if hasattr(key, "isoformat") else str(key)
    return base64.urlsafe_b64encode(json.dumps([side, value, row.sort_id]).encode()).decode().rstrip("=")


def _read_mark(mark: str | None, sort: Sort) -> tuple[str, Any, int] | None:
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
