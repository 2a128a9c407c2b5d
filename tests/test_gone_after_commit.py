"""What was done stays done and is answered as such, though somebody deletes the record right after the commit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.models import Activity, Contact, Customer, Employee, Lead
from tests.factories import make_activity, make_contact, make_customer, make_lead
from tests.page import Browser

Make = Callable[[Session], Any]


def make_task(session: Session) -> Activity:
    return make_activity(session, kind="task", customer_id=make_customer(session).id)


def make_person(session: Session) -> Contact:
    return make_contact(session, make_customer(session))


MAKE: dict[str, Make] = {
    Activity.__tablename__: make_task,
    Lead.__tablename__: make_lead,
    Customer.__tablename__: make_customer,
    Contact.__tablename__: make_person,
}
DEEDS: list[tuple[str, str, dict[str, Any]]] = [
    ("activities", "/activities/{}/finish", {}),
    ("activities", "/activities/{}/reopen", {}),
    ("activities", "/activities/{}/remove", {}),
    ("leads", "/leads/{}/edit", {"last_name": "New", "version": "1"}),
    ("leads", "/leads/{}/status", {"status": "lost", "lost_reason": "price"}),
    ("leads", "/leads/{}/trash", {}),
    ("leads", "/leads/{}/restore", {}),
    ("customers", "/customers/{}/edit", {"name": "New", "kind": "person", "status": "active", "version": "1"}),
    ("customers", "/customers/{}/trash", {}),
    ("customers", "/customers/{}/restore", {}),
    ("contacts", "/contacts/{}/edit", {"last_name": "New", "version": "1"}),
    ("contacts", "/contacts/{}/primary", {}),
    ("contacts", "/contacts/{}/trash", {}),
    ("contacts", "/contacts/{}/restore", {}),
]


@contextmanager
def deleting_after_commit(app: Flask, table: str, record_id: int) -> Iterator[None]:
    """Let a colleague be quick: the row is gone as soon as the view has committed."""
    with app.app_context():
        connection: Any = db.engines[None]

    def commit_and_delete() -> None:
        commit()
        connection.execute(text(f"DELETE FROM {table} WHERE id = :id"), {"id": record_id})  # noqa: S608  (ours)

    commit = db.session.commit
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(db.session, "commit", commit_and_delete)
        yield


def test_who_was_first_is_told_so(
    app: Flask,
    session: Session,
    ada: Employee,
    browser_as: Callable[[Employee], Browser],
    subtests: pytest.Subtests,
) -> None:
    browser = browser_as(ada)
    for table, path, sent in DEEDS:
        record_id = MAKE[table](session).id
        with subtests.test(path), deleting_after_commit(app, table, record_id):
            answer = browser.send(path.format(record_id), sent)
            assert answer.status_code == 303, answer.get_data(as_text=True)
            assert session.scalar(text(f"SELECT 1 FROM {table} WHERE id = {record_id}")) is None  # noqa: S608  (ours)


def test_a_program_that_was_first_is_told_so(
    app: Flask,
    session: Session,
    ada: Employee,
    browser_as: Callable[[Employee], Browser],
    subtests: pytest.Subtests,
) -> None:
    browser = browser_as(ada)
    csrf = {"X-CSRFToken": browser._csrf_token()}
    for table in ("leads", "customers", "contacts"):
        record_id = MAKE[table](session).id
        with subtests.test(table), deleting_after_commit(app, table, record_id):
            sent = {"email": "new@example.com"}
            address = f"/api/v1/{table}/{record_id}"
            answer = browser.client.patch(address, json=sent, headers=csrf | {"If-Match": '"1"'})
            assert (answer.status_code, (answer.json or {}).get("version")) == (200, 2)
