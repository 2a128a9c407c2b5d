"""Keeps SQLAlchemy from building a statement with half an alias.

The columns of an alias are found by an index that SQLAlchemy fills when it is first asked, in the open: a second thread
takes the half-filled index for the whole one, does not find a column, and writes ``customers.deleted_at`` where
``customers_1.deleted_at`` belongs. The statement is then kept, and each page that runs it fails until a restart.
"""

from collections import defaultdict
from typing import Any

from sqlalchemy.sql.base import WriteableColumnCollection
from sqlalchemy.util import OrderedSet


def install() -> None:
    """Let every index of columns appear at once, whole."""
    setattr(WriteableColumnCollection, "_init_proxy_index", _fill)  # noqa: B010


def _fill(columns: Any) -> None:
    if columns._proxy_index:
        return
    index: defaultdict[Any, OrderedSet[Any]] = defaultdict(OrderedSet)
    for _, _, metrics in columns._collection:
        for column in metrics.column._expanded_proxy_set:
            index[column].add(metrics)
    columns._proxy_index.update(index)  # One step of the interpreter. Who asked before holds this very dictionary.
