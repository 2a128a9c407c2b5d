"""Rows of lists that look like the records they are read from, without being records of the session.

A list shows hundreds of records and changes none; to make the session's records of them takes several times as long.
What a record's page lists is read in the same way: even of nothing, the session takes 0.2 ms to make records.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate, pairwise
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Select, inspect
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import aliased

from crm_web.core.prepared import Prepared

OF_RECORD = ("id", "name", "owner_id", "deleted_at")
"""What is read of the lead or customer that something is on: its name, and who may change it."""


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
        models = {name: getattr(model, name).property.mapper.class_ for name in others}
        self._others = [
            (name, kind_of(models[name]), names, *ends)
            for (name, names), ends in zip(others.items(), pairwise(ends), strict=True)
        ]
        aliases = {name: aliased(related) for name, related in models.items()}
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
        for relation, kind, names, start, end in self._others:
            read = values[start:end]
            is_there = read.count(None) < len(read)
            setattr(row, relation, kind(**dict(zip(names, read, strict=True))) if is_there else None)
        return row


class PlainRecords:
    """A prepared query of a model, whose rows have all its columns, and what the model says by them.

    :param query: selects the model
    :param others: the relations to read, each with the attributes to read of the other record
    """

    def __init__(self, query: Select[Any], model: Any, **others: Sequence[str]) -> None:
        own = {name: getattr(model, name) for name in columns_of(model)}
        self._rows = PlainRows(model, own, others, kind_of(model))
        self._query = Prepared(self._rows.read(query))

    def all(self, **given: Any) -> list[Any]:
        """Run it, and return its rows."""
        return self._rows.make(self._query.all(**given))


def columns_of(model: Any) -> list[str]:
    """The attributes of a model that are read with it."""
    return [it.key for it in inspect(model).column_attrs if not it.deferred]


@cache
def kind_of(model: Any) -> type[SimpleNamespace]:
    """A class of rows that say of themselves what a model's records say, as far as their columns tell."""
    said = {name: it for each in reversed(model.__mro__) for name, it in vars(each).items()}
    said = {name: property(it.fget) if isinstance(it, hybrid_property) else it for name, it in said.items()}
    return type(model.__name__, (SimpleNamespace,), {name: it for name, it in said.items() if isinstance(it, property)})
