"""Statements whose plan the database keeps: to plan one of a lead's page takes ten times as long as to run it.

``query.execution_options(prepared=True)`` asks for it. Such a query is built once, since what it is kept under is the
query itself. The values given with each run are its parameters; all others are constants of the plan, so that indexes
of expressions and of some rows are found as before.

PostgreSQL plans anew for values from which it expects a better plan. A query that is written so that one plan is the
best for all asks for ``prepared=ONE_PLAN``; what else is prepared in its transaction later has one plan then as well.
"""

from typing import Any

from psycopg2.extensions import AsIs
from sqlalchemy import BindParameter, Engine, event

OPTION, ONE_PLAN = "prepared", "one plan"
BEGIN_ONE_PLAN = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL max_parallel_workers_per_gather = 0; "
"""Not knowing the values, PostgreSQL expects so many rows that it would start processes to read them."""
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
    option = context and context.execution_options.get(OPTION)
    if not option:
        return statement, values
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
    begin = BEGIN_ONE_PLAN if option == ONE_PLAN else ""
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
