"""Filling an empty database with the demo company."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import exists, func, insert, select, text

from crm_web.auth.operations import hash_password
from crm_web.auth.queries import DEMO_PASSWORD
from crm_web.core.clock import now
from crm_web.core.database import raw_cursor
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.demo.changes import write_change
from crm_web.demo.generation import generate_scenario
from crm_web.demo.timeline import Row, Scenario
from crm_web.demo.triggers import read_what_history_leaves_out, triggers_at_rest
from crm_web.demo.words import BOUGHT_AGAIN, SOURCES
from crm_web.models import (
    Activity,
    Contact,
    Conversion,
    Customer,
    Employee,
    Lead,
    LeadSource,
    Role,
    StatusPeriod,
    set_audit_actor,
)

PEOPLE: tuple[dict[str, Any], ...] = (
    {"name": "Ada Palmer", "role": Role.ADMIN, "job_title": "Head of Operations", "time_zone": "Europe/London"},
    {"name": "Max Brenner", "role": Role.MANAGER, "job_title": "Sales Manager", "time_zone": "Europe/Vienna"},
    {"name": "Ann Keller", "role": Role.SALES, "job_title": "Account Executive", "time_zone": "Europe/Berlin"},
    {"name": "Bob Lindqvist", "role": Role.SALES, "job_title": "Account Executive", "time_zone": "America/New_York"},
    {"name": "Vera Petrova", "role": Role.VIEWER, "job_title": "Financial Controller", "time_zone": "Europe/Athens"},
)


class DatabaseNotEmpty(DomainError):
    """The demo is only loaded into an empty database."""


def load_demo(*, progress: Callable[[str], object]) -> None:
    """Fill an empty database with the demo company.

    Records and their history have the times of a story that covers the last year. The triggers that write history only
    know the present, so they are disabled meanwhile, which requires the owner of the tables.

    :raise DatabaseNotEmpty: if there are employees already
    """
    # Two first starts at once must not both find the database empty.
    db.session.execute(text("LOCK TABLE employees IN SHARE ROW EXCLUSIVE MODE"))
    if db.session.scalar(select(exists().where(Employee.id.is_not(None)))):
        raise DatabaseNotEmpty("There are people in this database already: the demo only goes into an empty one.")
    progress("Filling the demo company …")
    cursor = raw_cursor()
    with triggers_at_rest(cursor):
        people, scenario = _fill()
    cursor.execute(
        Path(__file__).with_name("history.sql").read_text(encoding="utf-8"),
        read_what_history_leaves_out(cursor) | {"later": json.dumps([write_change(it) for it in scenario.changes])},
    )
    cursor.execute("SELECT crm_recount()")
    # Without statistics pages are slow until autovacuum comes by, a minute later.
    cursor.execute("ANALYZE")
    progress(
        f"  {len(people)} people, {len(scenario.leads)} leads, {len(scenario.customers)} customers, "
        f"{len(scenario.activities):,} notes, calls, meetings and tasks"
    )


def _fill() -> tuple[dict[str, Employee], Scenario]:
    people = _hire_people()
    scenario = generate_scenario(
        moment=now().replace(second=0, microsecond=0), people={name: e.id for name, e in people.items()}
    )
    _add_sources()
    _number(scenario.leads, Lead)
    _number(scenario.customers, Customer)
    _number(scenario.activities, Activity)
    by_id = {employee.id: employee for employee in people.values()}
    for employee_id in sorted({row["created_by_id"] for row in [*scenario.leads, *scenario.customers]}):
        set_audit_actor(by_id[employee_id])
        _insert_part(scenario, employee_id)
    db.session.execute(insert(StatusPeriod), [_resolve(period) for period in scenario.status_periods])
    db.session.flush()
    return people, scenario


def _hire_people() -> dict[str, Employee]:
    set_audit_actor(None)
    password_hash = hash_password(DEMO_PASSWORD)
    long_ago = now() - timedelta(days=400)
    people = {
        known["name"].split()[0].lower(): Employee(
            **known, password_hash=password_hash, created_at=long_ago, updated_at=long_ago
        )
        for known in PEOPLE
    }
    for first_name, employee in people.items():
        employee.email = f"{first_name}@piper.example"
    people["ann"].manager = people["bob"].manager = people["max"]
    people["max"].manager = people["vera"].manager = people["ada"]
    for employee in people.values():
        db.session.add(employee)
        db.session.flush()
    return people


def _add_sources() -> None:
    db.session.execute(insert(LeadSource), [{"name": name} for name in sorted({*SOURCES, BOUGHT_AGAIN})])


def _number(rows: list[Row], model: type[Lead] | type[Customer] | type[Activity]) -> None:
    """Assign ids before the insert: a lead and the customer made from it refer to each other."""
    sequence = func.pg_get_serial_sequence(model.__tablename__, "id")
    ids = db.session.scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, len(rows))))
    for row, row_id in zip(rows, ids, strict=True):
        row["id"] = row_id


def _insert_part(scenario: Scenario, employee_id: int) -> None:
    """Insert what one employee created, so that history names the right person."""

    def entered(rows: Iterable[Row], column: str = "created_by_id") -> list[Row]:
        return [_resolve(row) for row in rows if row[column] == employee_id]

    _insert_together({Lead: entered(scenario.leads), Customer: entered(scenario.customers)})
    _insert_together({Activity: entered(scenario.activities)})
    further = ((Contact, entered(scenario.contacts)), (Conversion, entered(scenario.conversions, "converted_by_id")))
    for model, rows in ((model, rows) for model, rows in further if rows):
        db.session.execute(insert(model), rows)


def _resolve(row: Mapping[str, Any]) -> Row:
    """Replace references to rows by their ids."""
    return dict(_resolved(row))


def _resolved(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if name in ("lead", "customer", "created_from_lead"):
            yield f"{name}_id", value and value["id"]
        else:
            yield name, value


def _insert_together(rows_of: Mapping[type[Any], list[Row]]) -> None:
    """Insert leads and customers in one statement, so that their foreign keys are checked together."""
    parts = {model.__tablename__: rows for model, rows in rows_of.items() if rows}
    # Only names of tables and columns of our own are put into the statement; values go as parameters.
    insertions = [
        f"{table}_in AS (INSERT INTO {table} ({', '.join(rows[0])}) OVERRIDING SYSTEM VALUE"  # noqa: S608
        f" SELECT {', '.join(rows[0])} FROM jsonb_populate_recordset(NULL::{table}, CAST(:{table} AS jsonb)))"
        for table, rows in parts.items()
    ]
    db.session.execute(
        text(f"WITH {', '.join(insertions)} SELECT 1"),
        {table: json.dumps(rows, default=str) for table, rows in parts.items()},
    )
