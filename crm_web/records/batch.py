"""One operation applied to many records with few statements.

Operations are written for one record: they lock it, check, set, and save. One that is given a batch leaves the lock and
the writing to it: the batch's records are locked and fresh already, and what changed is written at the end, in one
statement for all records that change in the same columns. The rules are the operations' own, whoever calls them.

    with batch_of(leads, by=employee) as batch:
        for lead in leads:
            assign_lead(lead, owner_id, by=employee, batch=batch)
    version = batch.versions[lead]
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Row, bindparam, cast, column, func, inspect, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm.attributes import get_history

from crm_web.core.extensions import db
from crm_web.models import Employee, set_audit_actor
from crm_web.models.base import Recorded


class Batch:
    """Records that are locked together and written together; see ``batch_of``."""

    def __init__(self, records: Iterable[Any], by: Employee) -> None:
        self.by = by
        self.versions: dict[Any, int] = {}
        """Filled at the end: the new version of each record that changed."""
        # Dictionaries keep their order, so that each run writes in the same one.
        self._locked = dict.fromkeys(records)
        self._answers: dict[tuple[Callable[[Any], Any], Any], Any] = {}

    def holds(self, record: Any) -> bool:
        """Return whether a record is locked and fresh."""
        return record in self._locked

    def add(self, records: Iterable[Any]) -> None:
        """Add records that are locked in this transaction and fresh."""
        self._locked.update(dict.fromkeys(records))

    def ask_once(self, find: Callable[[Any], Any], value: Any) -> Any:
        """Return what ``find`` says about a value, which stays the same for the whole batch."""
        if (find, value) not in self._answers:
            self._answers[find, value] = find(value)
        return self._answers[find, value]

    def write(self) -> None:
        """Write what changed; each record that did is read anew when it is next used, as triggers left it."""
        groups: dict[tuple[type, tuple[str, ...]], list[Any]] = defaultdict(list)
        for record in self._locked:
            if names := _changed_columns(record):
                groups[type(record), names].append(record)
        for (model, names), changed in groups.items():
            rows = [{"id": record.id} | {name: getattr(record, name) for name in names} for record in changed]
            read_back = ("id", "version") if issubclass(model, Recorded) else ()
            versions = {row.id: row.version for row in write_rows(model, ("id",), rows, read_back)}
            self.versions |= {record: versions[record.id] for record in changed if record.id in versions}
            for record in changed:
                db.session.expire(record)
        db.session.flush()


@contextmanager
def batch_of(records: Iterable[Any], *, by: Employee) -> Iterator[Batch]:
    """Collect the changes of many records, and write them at the end with few statements.

    :param records: records that are locked in this transaction and fresh
    """
    set_audit_actor(by)
    batch = Batch(records, by)
    with db.session.no_autoflush:
        yield batch
        batch.write()


def begin(by: Employee, batch: Batch | None) -> None:
    """Name the employee who acts to the history, unless the batch has done so for all."""
    if batch is None:
        set_audit_actor(by)


def save(batch: Batch | None) -> None:
    """Flush what an operation has set, unless a batch writes it together with the rest."""
    if batch is None:
        db.session.flush()


def _changed_columns(record: Any) -> tuple[str, ...]:
    state = inspect(record)
    columns = state.mapper.column_attrs
    return tuple(
        sorted(name for name in state.committed_state if name in columns and get_history(record, name).has_changes())
    )


def write_rows(
    model: Any, keys: Sequence[str], rows: Sequence[Mapping[str, Any]], returning: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """Set columns of many rows, each to values of its own, in one statement.

    :param model: the model whose table it is
    :param keys: the columns that say which row is meant
    :param rows: column names to values, keys included; each has the same columns
    :param returning: the columns to read back, as triggers left them
    :return: the rows read back; none where nothing was asked for
    """
    table, names = model.__table__, list(rows[0])
    arrays = [
        cast(bindparam(None, [row[name] for row in rows], type_=ARRAY(table.c[name].type)), ARRAY(table.c[name].type))
        for name in names
    ]
    columns = [column(name, table.c[name].type) for name in names]
    new = func.unnest(*arrays).table_valued(*columns, name="new").render_derived()
    statement = update(table).where(*(table.c[name] == new.c[name] for name in keys))
    statement = statement.values({name: new.c[name] for name in names if name not in keys})
    if not returning:
        db.session.execute(statement)
        return []
    return db.session.execute(statement.returning(*(table.c[name] for name in returning))).all()
