"""History is written by the database itself: by form, import, COPY or plain SQL, one line for each row that changed."""

# ruff: noqa: S608  (the statements are put together from words that stand here)

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.models import Change, ChangeAction, ChangeSource, Employee, Lead, set_audit_actor, set_change_source
from tests.databases import OwnDatabase
from tests.factories import make_activity, make_contact, make_customer, make_employee, make_lead

MAKERS: dict[str, tuple[str, str, Callable[[Session], Any]]] = {
    "employee": ("employees", "name", make_employee),
    "lead": ("leads", "last_name", make_lead),
    "customer": ("customers", "name", make_customer),
    "contact": ("contacts", "last_name", lambda session: make_contact(session, make_customer(session))),
    "activity": ("activities", "subject", lambda session: make_activity(session, lead_id=make_lead(session).id)),
}
every_record = pytest.mark.parametrize("entity", MAKERS)


def list_changes(session: Session, entity: str, row_id: int) -> list[Change]:
    """The history of one record, oldest first."""
    query = select(Change).filter_by(entity=entity, entity_id=row_id).order_by(Change.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


@every_record
def test_making_a_row_is_written_with_what_was_filled(session: Session, entity: str) -> None:
    _, column, make = MAKERS[entity]
    row = make(session)
    [change] = list_changes(session, entity, row.id)
    assert change.action is ChangeAction.CREATED
    assert change.fields[column] == [None, getattr(row, column)]
    assert None not in [new for _, new in change.fields.values()]


@every_record
def test_changing_a_row_is_written_with_old_and_new(session: Session, entity: str) -> None:
    table, column, make = MAKERS[entity]
    row = make(session)
    old, version = getattr(row, column), row.version
    session.execute(text(f"UPDATE {table} SET {column} = 'Other' WHERE id = :id"), {"id": row.id})
    change = list_changes(session, entity, row.id)[-1]
    assert (change.action, change.fields) == (ChangeAction.CHANGED, {column: [old, "Other"]})
    session.refresh(row)
    assert row.version == version + 1


@every_record
def test_deleting_a_row_is_written_with_what_was_there(session: Session, entity: str) -> None:
    table, column, make = MAKERS[entity]
    row = make(session)
    session.execute(text(f"DELETE FROM {table} WHERE id = :id"), {"id": row.id})
    change = list_changes(session, entity, row.id)[-1]
    assert (change.action, change.fields[column]) == (ChangeAction.DELETED, [getattr(row, column), None])


@every_record
def test_changing_nothing_writes_nothing(session: Session, entity: str) -> None:
    table, column, make = MAKERS[entity]
    row = make(session)
    session.execute(text(f"UPDATE {table} SET {column} = {column} WHERE id = :id"), {"id": row.id})
    assert len(list_changes(session, entity, row.id)) == 1


def test_one_statement_over_many_rows_writes_one_line_each(session: Session) -> None:
    leads = [make_lead(session, city="Bern") for _ in range(3)]
    session.execute(text("UPDATE leads SET city = 'Basel' WHERE city = 'Bern'"))
    for lead in leads:
        assert list_changes(session, "lead", lead.id)[-1].fields == {"city": ["Bern", "Basel"]}


def test_a_field_that_is_emptied_says_so(session: Session) -> None:
    lead = make_lead(session, city="Bern")
    session.execute(text("UPDATE leads SET city = NULL"))
    assert list_changes(session, "lead", lead.id)[-1].fields == {"city": ["Bern", None]}


def test_actor_source_and_request_are_written(app: Flask, session: Session, bob: Employee) -> None:
    with app.app_context():
        set_change_source(ChangeSource.WEB, "request-1")
        set_audit_actor(db.session.get_one(Employee, bob.id))
        lead = Lead(company="Acme")
        db.session.add(lead)
        db.session.commit()
        lead_id = lead.id
    [change] = list_changes(session, "lead", lead_id)
    assert (change.actor_id, change.source, change.request_id) == (bob.id, ChangeSource.WEB, "request-1")
    lead = session.get_one(Lead, lead_id)
    assert (lead.created_by_id, lead.updated_by_id) == (bob.id, bob.id)


def test_who_changed_a_row_last_is_noted_whatever_the_statement_says(
    session: Session, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, by=ann)
    session.execute(text("SELECT set_config('crm.actor_id', :id, true)"), {"id": str(bob.id)})
    statement = "UPDATE leads SET city = 'Bern', version = 99, updated_by_id = :ann, updated_at = '2000-01-01'"
    session.execute(text(statement), {"ann": ann.id})
    session.refresh(lead)
    assert (lead.version, lead.updated_by_id, lead.created_by_id) == (2, bob.id, ann.id)
    assert lead.updated_at.year > 2000


def test_plain_sql_is_written_too_with_nobody_as_actor(own_database: OwnDatabase) -> None:
    connection = own_database.connect()
    with connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO leads (company) VALUES ('Acme') RETURNING id")
        lead_id = cursor.fetchone()[0]  # type: ignore[index]
    connection.close()
    with own_database.session() as session:
        [change] = list_changes(session, "lead", lead_id)
    assert (change.actor_id, change.source, change.request_id) == (None, ChangeSource.SQL, None)


def test_copy_is_written_too(session: Session) -> None:
    cursor: Any = session.connection().connection.cursor()
    rows = io.StringIO("".join(f"Company {number}\n" for number in range(1000)))
    cursor.copy_expert("COPY leads (company) FROM STDIN", rows)
    changes = session.execute(
        text("SELECT count(DISTINCT entity_id), count(*) FROM changes WHERE entity = 'lead'")
    ).one()
    assert tuple(changes) == (1000, 1000)


def test_the_actor_is_forgotten_at_the_end_of_the_transaction(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        bob = own_database.find(session, "bob")
        make_lead(session, by=bob)
        lead = Lead(company="Later")
        session.add(lead)
        session.commit()
        assert list_changes(session, "lead", lead.id)[0].actor_id is None


def test_a_password_is_never_in_history(session: Session, ann: Employee) -> None:
    session.execute(text("UPDATE employees SET password_hash = 'secret', name = 'A' WHERE id = :id"), {"id": ann.id})
    assert all("secret" not in str(change.fields) for change in session.scalars(select(Change)))
    assert list_changes(session, "employee", ann.id)[-1].fields.keys() == {"name"}


def test_changing_a_password_alone_is_not_a_line(session: Session, ann: Employee) -> None:
    before = len(list_changes(session, "employee", ann.id))
    session.execute(text("UPDATE employees SET password_hash = 'secret' WHERE id = :id"), {"id": ann.id})
    assert len(list_changes(session, "employee", ann.id)) == before


def test_history_outlives_its_record(session: Session) -> None:
    lead = make_lead(session)
    session.execute(text("DELETE FROM leads WHERE id = :id"), {"id": lead.id})
    assert [change.action for change in list_changes(session, "lead", lead.id)] == ["created", "deleted"]


def test_what_follows_from_other_columns_is_left_out(session: Session) -> None:
    lead = make_lead(session, first_name="Ann", last_name="Lee", email="Ann@Example.com", phone="1", phone_e164="+1")
    [change] = list_changes(session, "lead", lead.id)
    assert change.fields.keys() == {"first_name", "last_name", "email", "phone", "status"}
