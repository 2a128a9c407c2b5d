"""How the rows of a filtered list are found: what a list tells the pagination of itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, select, true
from sqlalchemy.sql.elements import NamedColumn
from sqlalchemy.sql.visitors import iterate

from crm_web.lists.orders import Sort
from crm_web.records.matching import Way, contains_words


@dataclass(frozen=True)
class Scan:
    """How the rows of a filtered list are found without reading all others.

    :param base: the list in its order, with as many of the filters as the order's index serves
    :param limit: how many rows of it a page may read
    :param probes: selects with some of the filters each, that an index of their own finds
    :param is_counted: whether the first of them has all filters
    :param words: selects the first rows of the order that contain the words of the list, if it has any
    :param rare: the list for words that are rare, which the index of words finds by their parts
    :param is_match: whether a row of ``base`` is one of the list; words without their index, since of common ones
        reading that index takes longer than reading the rows
    """

    base: Select[Any]
    limit: int
    probes: Sequence[Select[Any]]
    is_counted: bool = False
    words: Select[Any] | None = None
    rare: Select[Any] | None = None
    is_match: ColumnElement[bool] = field(default_factory=true)


def build_match(conditions: Iterable[ColumnElement[bool]], record: Any, activity_id: Any) -> ColumnElement[bool]:
    """Build the condition that a record is one of a list, to be looked at record by record.

    What other tables know is asked only of those that fit so far: each time anew, since to find out for many at once
    PostgreSQL would read all there is.

    :param record: the model
    :param activity_id: the id of the record in the table of latest activities, if there is one
    """
    own, others = list[ColumnElement[bool]](), list[ColumnElement[bool]]()
    for condition in conditions:
        columns = [it for it in iterate(condition) if isinstance(it, NamedColumn)]
        tables = {getattr(column.table, "name", None) for column in columns}
        if tables <= {record.__table__.name}:
            own.append(condition)
            continue
        asked = select(condition)
        if activity_id is not None and activity_id.class_.__table__.name in tables:
            asked = asked.where(activity_id == record.id)
        others.append(asked.correlate(record).scalar_subquery())
    return and_(*own, *others)


def select_first_with_words(base: Select[Any], order: Sort, record: Any, words: str, length: int) -> Select[Any]:
    """Select those of the first records of an order that contain words."""
    in_order = base.with_only_columns(record.search_text.label("search_text")).limit(length)
    first = (in_order if order.groups else in_order.order_by(*order.columns)).subquery()
    return select(first.c.search_text).where(contains_words(first.c.search_text, words, Way.ROWS))
