"""
One operation done to many records with few statements.

Operations are written for one record: they lock it, check, set, and save. Inside ``together`` the rows are locked and
fresh already, so that ``is_locked`` spares each of them its lock, and ``save`` waits; what they have set is written at
the end, in one statement for all records that change in the same columns, and what they have added in another. The
rules are the operations' own, whoever calls them.

    with together(leads, by=employee) as written:
        for lead in leads:
            assign_lead(lead, owner_id, by=employee)
    version = written[lead]
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

_LOCKED, _KNOWN = "locked together", "known together"


@contextmanager
def batch_writes(records: Iterable[Any], *, by: Employee) -> Iterator[dict[Any, int]]:
    """
    Let operations change many records with few statements.

    :param records: records that are locked in this transaction and read afresh
    :param by: the employee who acts
    :return: filled at the end: the new version of each record that changed
    """
    set_audit_actor(by)
    info = db.session.info
    # A dictionary, because a set would write in another order each time.
    info[_LOCKED], info["recorded"], info[_KNOWN] = dict.fromkeys(records), by.id, {}
    written: dict[Any, int] = {}
    try:
        with db.session.no_autoflush:
            yield written
            written |= _write_deferred(list(info[_LOCKED]))
            db.session.flush()
    finally:
        del info[_LOCKED], info["recorded"], info[_KNOWN]


def claim_lock(record: Any) -> bool:
    """
    Tell whether a record is locked and fresh already; from now on it counts as such.

    :param record: a record that its operation is about to lock
    :return: false outside of ``together``, and inside the first time that a record is met
    """
    locked = db.session.info.get(_LOCKED)
    if locked is None:
        return False
    is_known = record in locked
    locked[record] = None
    return is_known


def register_locked(records: Iterable[Any]) -> None:
    """
    Add records to those that are changed together.

    :param records: records that are locked in this transaction and read afresh
    """
    db.session.info[_LOCKED].update(dict.fromkeys(records))


def memoize_query(find: Callable[[Any], Any], value: Any) -> Any:
    """
    Ask the database something whose answer stays the same for all that is done together.

    :param find: what asks
    :param value: about what
    :return: what it answered, now or earlier
    """
    known = db.session.info.get(_KNOWN)
    if known is None:
        return find(value)
    if (find, value) not in known:
        known[find, value] = find(value)
    return known[find, value]


def flush_or_defer() -> None:
    """Write what an operation has set: now, or inside of ``together`` at the end, together with the others."""
    if _LOCKED not in db.session.info:
        db.session.flush()


def _write_deferred(records: Sequence[Any]) -> dict[Any, int]:
    """Afterwards each record that changed is read anew when it is looked at: triggers have added to it."""
    groups: dict[tuple[type, tuple[str, ...]], list[Any]] = defaultdict(list)
    for record in records:
        if names := _changed_columns(record):
            groups[type(record), names].append(record)
    written: dict[Any, int] = {}
    for (model, names), changed in groups.items():
        rows = [{"id": record.id} | {name: getattr(record, name) for name in names} for record in changed]
        read_back = ("id", "version") if issubclass(model, Recorded) else ()
        versions = {row.id: row.version for row in write_rows(model, ("id",), rows, read_back)}
        written |= {record: versions[record.id] for record in changed if record.id in versions}
        for record in changed:
            db.session.expire(record)
    return written


def _changed_columns(record: Any) -> tuple[str, ...]:
    state = inspect(record)
    columns = state.mapper.column_attrs
    return tuple(
        sorted(name for name in state.committed_state if name in columns and get_history(record, name).has_changes())
    )


def write_rows(
    model: Any, keys: Sequence[str], rows: Sequence[Mapping[str, Any]], returning: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """
    Set columns of many rows, each to values of its own, in one statement.

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
