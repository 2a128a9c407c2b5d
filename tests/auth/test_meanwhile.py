"""What happens to somebody's sign-ins while another deed is under way elsewhere."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.auth import operations
from crm_web.auth.password_links.operations import create_link
from crm_web.core.extensions import db
from crm_web.models import Employee, SignIn
from tests.auth.device import Device
from tests.auth.test_passkeys import add, options_of
from tests.auth.test_second_factor import KEY, code_of, enter_password, has_factor
from tests.databases import PASSWORD, OwnDatabase
from tests.factories import make_token
from tests.operation.launch import wait_for
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
NEW = "correct horse battery"
PATCH = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    "Operations": [{"op": "replace", "value": {"active": False}}],
}


def test_who_scim_deactivates_is_out_at_once_everywhere(
    app: Flask, browser_as: BrowserAs, visitor: Browser, ada: Employee, ann: Employee, session: Session
) -> None:
    hers, device = browser_as(ann), Device()
    add(hers, device)
    typed, challenged = enter_password(visitor, ann).follow(), Browser(app)
    asked = challenged.post("passkeys.begin_sign_in")
    page = hers.get("passkeys.list_passkeys").form("/account/passkeys")
    token, program = make_token(session, ann), app.test_client()
    bearer = {"Authorization": f"Bearer {token}"}
    assert program.get("/api/v1/leads", headers=bearer).status_code == 200
    scim = {"Authorization": f"Bearer {make_token(session, ada)}", "Content-Type": "application/scim+json"}
    path = f"/scim/v2/Users/{ann.id}"
    assert app.test_client().patch(path, data=json.dumps(PATCH), headers=scim).status_code == 200

    assert program.get("/api/v1/leads", headers=bearer).status_code == 401
    assert hers.get("leads.list_leads").location == "/sign-in?next=/leads"
    for endpoint in ("second_factor.edit_factor", "passkeys.list_passkeys", "auth.show_account"):
        assert str(hers.get(endpoint).location).startswith("/sign-in?"), endpoint
    assert str(page.fill(name="Phone", current_password=PASSWORD).submit().location).startswith("/sign-in")
    # What had been begun elsewhere ends, too.
    assert typed.form().fill(code=code_of(session, KEY)).submit().location == "/sign-in?next=/today"
    refused = asked.form().fill(answer=device.sign(options_of(asked))).submit().follow()
    assert refused.flash == "Your account is deactivated. Ask an admin to reactivate it."


def test_the_old_password_opens_nothing_once_it_is_changed(app: Flask, ann: Employee, session: Session) -> None:
    """Checking one takes long enough for it to be changed meanwhile, and whoever changes it signs out all others."""
    with app.test_request_context():
        attempt = operations.count_attempt(ann.email, remote_address="192.0.2.1", browser=None)
        employee = db.session.get_one(Employee, ann.id)
        operations.set_password(employee, NEW, by=employee)
        db.session.commit()
        with pytest.raises(operations.WrongPassword):
            operations.check_attempt(attempt, PASSWORD)


@pytest.mark.parametrize("factor", ["app", "password"])
def test_a_sign_in_ends_with_the_old_password_even_at_the_same_moment(own_database: OwnDatabase, factor: str) -> None:
    with own_database.session() as session:
        ann = own_database.find(session, "ann")
        browser = Browser(own_database.app)
        page = browser.get("auth.show_sign_in").form().fill(email=ann.email, password=PASSWORD)
        if factor == "app":
            has_factor(session, ann)
            page = page.submit().follow().form().fill(code=code_of(session, KEY))
        session.commit()
        # Somebody changes it, and has not committed yet.
        session.execute(select(Employee.id).where(Employee.id == ann.id).with_for_update(key_share=True))
        new = operations.hash_password(NEW)
        session.execute(text("UPDATE employees SET password_hash = :new WHERE id = :id"), {"new": new, "id": ann.id})
        session.execute(text("UPDATE sign_ins SET ended_at = now() WHERE ended_at IS NULL"))
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(page.submit)
            with own_database.engine.connect() as other:
                wait_for(lambda: answer.done() or _waits(other))
            session.commit()
            answer.result(30)
        assert browser.get("leads.list_leads").status == 303
        assert session.scalars(select(SignIn.id).where(SignIn.ended_at.is_(None))).all() == []


def _waits(connection: Any) -> bool:
    connection.rollback()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return bool(connection.scalar(text(waiting)))


def test_a_link_that_two_browsers_use_at_once_works_for_one(own_database: OwnDatabase) -> None:
    with own_database.app.app_context():
        ann = db.session.scalars(select(Employee).where(Employee.email == "ann@piper.example")).one()
        token = create_link(ann, lasts=timedelta(hours=1))
        db.session.commit()
        db.session.remove()
    begin = Barrier(2)
    browsers = [Browser(own_database.app) for _ in range(2)]

    def use(number: int) -> int:
        page = browsers[number].get("password_links.edit_password", link=token).form()
        begin.wait()
        password = f"{NEW} {number}"
        return page.fill(password=password, repeated_password=password).submit().status

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(use, range(2)))
    assert sorted(statuses) == [303, 410]
    assert [browser.get("leads.list_leads").status for browser in browsers] == [
        200 if status == 303 else 303 for status in statuses
    ]
