"""The orders of lists, each a total one, so that a page can begin behind any row."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, literal, tuple_

from crm_web.lists.cursors import CursorPosition


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


def join_groups(query: Select[Any], sort: Sort) -> Select[Any]:
    """Join the keys of a sort's groups to the query."""
    groups = sort.groups
    return query if groups is None else query.join(groups.keys, groups.keys.c.value == groups.column)


def keys_of(order: Sort) -> tuple[Any, Any]:
    """The columns of an order, by the names under which a page reads them."""
    return order.expression.label("sort_key"), order.id_column.label("sort_id")


def slice_page(query: Select[Any], order: Sort, position: CursorPosition | None, size: int) -> Select[Any]:
    """Select one row more than a page, from the cursor on."""
    if position is not None:
        query = query.where(is_beyond_row(order, position.key, position.row_id))
    return query.order_by(*order.columns).limit(size + 1)


def is_beyond_row(order: Sort, key: Any, row_id: int) -> ColumnElement[bool]:
    """Whether a row comes after the one of a key and an id."""
    here, there = compare_rows(order, key, row_id)
    is_beyond: ColumnElement[bool] = here < there if order.descending else here > there
    return is_beyond


def compare_rows(order: Sort, key: Any, row_id: int) -> tuple[Any, Any]:
    """A row, and the one of a key and an id, to be compared."""
    here = tuple_(order.expression, order.id_column)
    return here, tuple_(literal(key, order.expression.type), literal(row_id))
