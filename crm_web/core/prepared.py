"""Statements whose plan the database keeps: to plan one of a lead's page takes ten times as long as to run it.

``query.execution_options(prepared=True)`` asks for it. Such a query is built once, since what it is kept under is the
query itself. The values given with each run are its parameters; all others are constants of the plan, so that indexes
of expressions and of some rows are found as before.

PostgreSQL plans anew for values from which it expects a better plan. A query that is written so that one plan is the
best for all asks for ``prepared=ONE_PLAN``; what else is prepared in its transaction later has one plan then as well.

A query that only reads columns is a ``Prepared``: a connection that knows it runs it without the session's ORM, which
takes 0.1 ms for a statement that takes 0.03 itself.

``settings="SET LOCAL …; "`` is sent with a query, prepared or not, and holds for the rest of its transaction.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from psycopg2.extensions import AsIs
from sqlalchemy import BindParameter, Connection, Engine, Select, event
from sqlalchemy.exc import MultipleResultsFound
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.sql.selectable import CompoundSelect

from crm_web.core.extensions import db

OPTION, ONE_PLAN = "prepared", "one plan"
BEGIN_ONE_PLAN = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL max_parallel_workers_per_gather = 0; "
"""Not knowing the values, PostgreSQL expects so many rows that it would start processes to read them."""
SETTINGS = "settings"
MOST = 100
"""How many statements each connection keeps: those that ran last."""
CHANGED = "0A000"
KEPT, NEW = "prepared", "newly prepared"
"""Where a connection keeps what the database knows, and what it is asked to learn right now."""


def init_app(engine: Engine) -> None:
    """Let the connections of an engine prepare statements."""
    event.listen(engine, "before_cursor_execute", _prepare, retval=True)
    event.listen(engine, "after_cursor_execute", _keep)
    event.listen(engine, "handle_error", _forget)


def _prepare(connection: Any, cursor: Any, statement: str, values: Any, context: Any, _many: bool) -> tuple[str, Any]:
    """Run a statement that the database knows, or let it learn the statement in the same breath."""
    options: Mapping[str, Any] = context.execution_options if context else {}
    begin = options.get(SETTINGS, "")
    if not options.get(OPTION):
        return f"{begin}{statement}", values
    info = connection.connection.info
    kept: dict[Any, str] = info.setdefault(KEPT, {})
    query = context.invoked_statement
    info.pop(NEW, None)  # Of a run that failed.
    if query in kept:
        kept[query] = kept.pop(query)  # The last of them now.
        return kept[query], values
    # A number for each try: the database keeps a statement even if what follows in its transaction fails.
    number = info["prepared_number"] = info.get("prepared_number", 0) + 1
    given = _list_given(context.compiled)
    begin += BEGIN_ONE_PLAN if options[OPTION] == ONE_PLAN else ""
    run = f"{begin}EXECUTE piper_{number}" + (f" ({', '.join(f'%({name})s' for name in given)})" if given else "")
    oldest = kept.pop(next(iter(kept))).partition("EXECUTE ")[2].split()[0] if len(kept) >= MOST else ""
    info[NEW] = query, run
    places = {name: AsIs(f"${place}") for place, name in enumerate(given, 1)}
    learned = cursor.mogrify(statement, {**values, **places}).decode()
    forget = f"DEALLOCATE {oldest}; " if oldest else ""
    return f"{forget}PREPARE piper_{number} AS {learned.replace('%', '%%')}; {run}", values


def _keep(connection: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
    if context is not None and context.execution_options.get(OPTION):
        query, run = connection.connection.info.pop(NEW, (None, ""))
        if query is not None:
            connection.connection.info[KEPT][query] = run


def _forget(failure: Any) -> None:
    """After a migration changed the type of a column, learn everything anew: a plan never changes what it answers."""
    if failure.connection is not None and getattr(failure.original_exception, "pgcode", None) == CHANGED:
        failure.connection.connection.info[KEPT] = {}


def _list_given(compiled: Any) -> list[str]:
    """The names of the values that are given with each run."""
    given: dict[str, BindParameter[Any]] = {name: it for name, it in compiled.binds.items() if it.required}
    if spread := [name for name, it in given.items() if it.expanding]:
        raise TypeError(f"{spread} would be constants of the plan; compare with any_() of an array instead.")
    return list(given)


class Prepared:
    """A query of columns, whose rows are read by place or by name.

    :param query: selects or returns columns; what else it is given stands in it as ``bindparam``
    """

    def __init__(self, query: Select[Any] | CompoundSelect[Any] | UpdateBase) -> None:
        self.query: Any = query.execution_options(**{OPTION: True, **query.get_execution_options()})
        self._row: Any = None
        self._written: dict[str, Callable[[Any], Any]] = {}
        self._read: list[tuple[int, Callable[[Any], Any]]] | None = None

    def all(self, **given: Any) -> list[Any]:
        """Run it in the session's transaction, and return its rows."""
        session = db.session()
        if session.autoflush:
            session.flush()
        connection = session.connection()
        kept: dict[Any, str] = connection.connection.info.get(KEPT, {})
        if self._row is None or self.query not in kept:
            return self._learn(given)
        kept[self.query] = kept.pop(self.query)  # The last of them now.
        return self._run(connection, kept[self.query], given)

    def one(self, **given: Any) -> Any:
        """Run it, and return its only row."""
        (row,) = self.all(**given)
        return row

    def one_or_none(self, **given: Any) -> Any:
        """Run it, and return its only row; ``None`` if it finds none.

        :raise MultipleResultsFound: if there are several
        """
        rows = self.all(**given)
        if len(rows) > 1:
            raise MultipleResultsFound(f"{len(rows)} rows were found where one at most was required")
        return rows[0] if rows else None

    def _learn(self, given: Mapping[str, Any]) -> list[Any]:
        """Run it as the session does, by which the connection learns it."""
        if self._row is None:
            self._written = self._list_written(self.query.compile(dialect=db.session.connection().dialect))
        result = db.session.execute(self.query, given)
        self._row = self._row or namedtuple("Row", result.keys(), rename=True)
        return [self._row._make(row) for row in result]

    def _list_written(self, compiled: Any) -> dict[str, Callable[[Any], Any]]:
        """How values are written for the driver where it can't do so itself."""
        types = {name: compiled.binds[name].type.dialect_impl(compiled.dialect) for name in _list_given(compiled)}
        found = {name: it.bind_processor(compiled.dialect) for name, it in types.items()}
        return {name: write for name, write in found.items() if write is not None}

    def _run(self, connection: Connection, run: str, given: dict[str, Any]) -> list[Any]:
        for name, write in self._written.items():
            given[name] = write(given[name])
        result = connection.exec_driver_sql(run, given)
        if self._read is None:
            self._read = self._list_read(result.cursor.description, connection.dialect)
        return self._make_rows(result.fetchall())

    def _list_read(self, description: Sequence[Any], dialect: Any) -> list[tuple[int, Callable[[Any], Any]]]:
        """How values are read that the driver doesn't know, each with its place."""
        types = [column.type.dialect_impl(dialect) for column in self.query.exported_columns]
        found = [it.result_processor(dialect, known[1]) for it, known in zip(types, description, strict=True)]
        return [(place, read) for place, read in enumerate(found) if read is not None]

    def _make_rows(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        if self._read and rows:
            columns = list(zip(*rows, strict=True))
            for place, read in self._read:
                columns[place] = tuple(map(read, columns[place]))
            rows = list(zip(*columns, strict=True))
        return list(map(self._row._make, rows))
