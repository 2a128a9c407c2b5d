"""Which triggers run, and that the work of those that compare rows grows with the rows only."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.factories import make_activity, make_customer, make_lead


def list_run(session: Session, statement: str) -> set[str]:
    """The triggers that a statement runs, foreign keys aside."""
    plan: Any = session.scalar(text(f"EXPLAIN (ANALYZE, FORMAT json) {statement}"))
    return {run["Trigger Name"] for run in plan[0]["Triggers"] if "Constraint Name" not in run}


def test_an_update_runs_the_triggers_that_its_columns_concern(session: Session) -> None:
    make_customer(session)
    make_activity(session, lead_id=make_lead(session).id, kind="task")
    always = {"set_audit_columns", "record_update"}
    expected = {
        "UPDATE customers SET description = 'New'": always,
        "UPDATE activities SET done_at = now()": always,
        "UPDATE leads SET next_step = 'Call'": always | {"count_update", "last_activity_update"},
        "UPDATE customers SET owner_id = (SELECT max(id) FROM employees WHERE role = 'sales')": (
            always | {"check_owners_update", "hand_on_tasks"}
        ),
        "UPDATE activities SET done_at = NULL": always,
        "UPDATE activities SET assignee_id = (SELECT max(id) FROM employees)": always | {"check_assignees_update"},
        "UPDATE employees SET theme = 'dark'": always | {"renew_version"},
    }
    assert {statement: list_run(session, statement) for statement in expected} == expected


def test_no_function_compares_every_changed_row_with_every_other_one(session: Session) -> None:
    """The plan of the first call stays: a nested loop that was right for one row is kept for a hundred thousand."""
    joining = "SELECT proname, coalesce(proconfig, '{}') FROM pg_proc WHERE prosrc ~ 'old_rows \\w+ JOIN new_rows'"
    found = session.execute(text(joining)).all()
    assert len(found) >= 3
    assert [name for name, settings in found if "enable_nestloop=off" not in settings] == []


def test_no_function_takes_over_that_its_caller_joins_without_loops(session: Session) -> None:
    """Settings of a function hold for what it calls: a look-up by a few ids would read whole tables."""
    calls = """
        SELECT caller.proname, called.proname, coalesce(called.proconfig, '{}') FROM pg_proc caller
        JOIN pg_proc called ON called.prolang = caller.prolang AND called.oid <> caller.oid
            AND caller.prosrc ~ ('\\m' || called.proname || '\\(')
        WHERE 'enable_nestloop=off' = ANY (caller.proconfig) AND called.proname LIKE 'crm\\_%'
    """
    found = session.execute(text(calls)).all()
    assert ("crm_move_last_activity", "crm_look_for_last_activity") in {(caller, called) for caller, called, _ in found}
    assert [called for _, called, settings in found if not any("enable_nestloop=" in each for each in settings)] == []
