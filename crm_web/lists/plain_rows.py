"""Rows of lists that look like the records they are read from, without being records of the session.

A list shows hundreds of records and changes none; to make the session's records of them takes several times as long.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, pairwise
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import aliased


class PlainRows:
    """Reads some attributes of a model and of what it is related to.

    :param own: the attributes to read of it, each with the expression that gives it
    :param others: the relations to read, each with the attributes to read of the other record
    :param kind: the class of the rows, with whatever else is true of a row
    """

    def __init__(
        self, model: Any, own: Mapping[str, Any], others: Mapping[str, Sequence[str]], kind: type[SimpleNamespace]
    ) -> None:
        self._own, self._kind = tuple(own), kind
        ends = list(accumulate(map(len, others.values()), initial=len(own)))
        self._others = [
            (name, names, *ends) for (name, names), ends in zip(others.items(), pairwise(ends), strict=True)
        ]
        aliases = {name: aliased(getattr(model, name).property.mapper.class_) for name in others}
        self._relations = [getattr(model, name).of_type(alias) for name, alias in aliases.items()]
        related = [getattr(aliases[relation], name) for relation, names in others.items() for name in names]
        self._columns = (*own.values(), *related)

    def read(self, query: Select[Any]) -> Select[Any]:
        """Let a query of the model read the columns of these rows instead of records."""
        for relation in self._relations:
            query = query.outerjoin(relation)
        return query.with_only_columns(*self._columns, maintain_column_froms=True)

    def make(self, found: Iterable[Sequence[Any]]) -> list[Any]:
        """Make rows of what such a query found; where there is no other record, the row says ``None``."""
        return [self._make(tuple(values)) for values in found]

    def _make(self, values: tuple[Any, ...]) -> Any:
        # What follows the columns, such as the key of the order, is left out.
        row = self._kind(**dict(zip(self._own, values, strict=False)))
        for relation, names, start, end in self._others:
            read = values[start:end]
            is_there = read.count(None) < len(read)
            setattr(row, relation, SimpleNamespace(**dict(zip(names, read, strict=True))) if is_there else None)
        return row
