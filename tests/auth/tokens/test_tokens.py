"""Tokens: made once, shown once, revoked for good."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.core.request_log import count_queries
from crm_web.models import ApiToken, Employee, Scope
from tests.api.client import Program
from tests.factories import make_token
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def _secret_on(page: Page) -> str:
    return str(page.soup.select("#secret")[0]["value"])


def test_makes_a_token_and_uses_it(app: Flask, session: Session, ann: Employee, browser_as: BrowserAs) -> None:
    page = browser_as(ann).post("tokens.create_token", {"name": "Monthly report", "scope": "read", "days": "30"})
    secret = _secret_on(page)
    assert secret.startswith("piper_")
    assert page.response.headers["Cache-Control"] == "no-store, no-transform"
    token = session.scalars(select(ApiToken)).one()
    assert secret.encode() not in token.secret_hash
    assert token.expires_at - token.created_at > timedelta(days=29)
    assert Program(app, secret).get("/leads").status_code == 200
    listed = browser_as(ann).get("tokens.list_tokens")
    assert "Monthly report" in listed.text
    assert secret not in str(listed.soup)
    assert secret[-4:] in listed.text


def test_sends_the_form_twice(session: Session, ann: Employee, browser_as: BrowserAs) -> None:
    browser = browser_as(ann)
    key = browser.get("tokens.list_tokens").soup.select("[name=submission]")[0]["value"]
    data = {"name": "Twice", "scope": "write", "days": "7", "submission": key}
    assert _secret_on(browser.post("tokens.create_token", data))
    again = browser.post("tokens.create_token", data)
    assert again.location == "/account/tokens"
    assert len(session.scalars(select(ApiToken)).all()) == 1


def test_a_token_needs_a_name(session: Session, ann: Employee, browser_as: BrowserAs) -> None:
    page = browser_as(ann).post("tokens.create_token", {"name": " ", "scope": "read", "days": "7"})
    assert page.status == 422
    assert "Enter a name." in page.text
    assert session.scalars(select(ApiToken)).all() == []


def test_revokes_a_token(app: Flask, session: Session, ann: Employee, browser_as: BrowserAs) -> None:
    program = Program(app, make_token(session, ann))
    assert program.get("/leads").status_code == 200
    token = session.scalars(select(ApiToken)).one()
    browser_as(ann).post("tokens.revoke_token", token_id=token.id)
    assert program.get("/leads").status_code == 401


def test_revokes_a_token_of_somebody_else(
    session: Session, ann: Employee, bob: Employee, browser_as: BrowserAs
) -> None:
    make_token(session, ann)
    token = session.scalars(select(ApiToken)).one()
    assert browser_as(bob).post("tokens.revoke_token", token_id=token.id).status == 404
    assert browser_as(bob).get("tokens.list_all_tokens").status == 403
    assert browser_as(bob).post("tokens.revoke_any_token", token_id=token.id).status == 403


def test_an_administrator_sees_and_revokes_every_token(
    app: Flask, session: Session, ada: Employee, ann: Employee, browser_as: BrowserAs
) -> None:
    program = Program(app, make_token(session, ann, name="Ann’s report"))
    page = browser_as(ada).get("tokens.list_all_tokens")
    assert "Ann’s report" in page.text
    assert "Ann Keller" in page.text
    token = session.scalars(select(ApiToken)).one()
    browser_as(ada).post("tokens.revoke_any_token", token_id=token.id)
    assert program.get("/leads").status_code == 401
    session.refresh(token)
    assert token.revoked_by_id == ada.id


def test_a_token_ends_by_itself(app: Flask, session: Session, ann: Employee) -> None:
    until = session.scalar(text("SELECT now() - interval '1 second'"))
    began = session.scalar(text("SELECT now() - interval '1 day'"))
    assert Program(app, make_token(session, ann, created_at=began, expires_at=until)).get("/leads").status_code == 401


def test_a_token_ends_with_its_employee(app: Flask, session: Session, ann: Employee) -> None:
    program = Program(app, make_token(session, ann, scope=Scope.READ))
    ann.is_active = False
    session.execute(text("UPDATE employees SET is_active = false WHERE id = :id"), {"id": ann.id})
    session.commit()
    assert program.get("/leads").status_code == 401


def test_a_program_that_only_writes_knows_its_employee_and_sees_changes(
    app: Flask, session: Session, ann: Employee
) -> None:
    """The employee is cached under the version of the table, also by a request that goes on to write."""
    program = Program(app, make_token(session, ann))
    program.post("/leads", {"last_name": "Okoro"})
    with count_queries() as queries:
        assert program.post("/leads", {"last_name": "Okafor"}).status_code == 201
    # The count with the token, who acts, and the lead.
    assert queries.count == 3
    session.execute(text("UPDATE employees SET role = 'viewer' WHERE id = :id"), {"id": ann.id})
    session.commit()
    assert program.post("/leads", {"last_name": "Okonkwo"}).status_code == 403


def test_when_it_was_used_last(app: Flask, session: Session, ann: Employee) -> None:
    program = Program(app, make_token(session, ann))
    token = session.scalars(select(ApiToken)).one()
    assert token.last_used_at is None
    program.get("/leads")
    session.refresh(token)
    assert token.last_used_at is not None


@pytest.mark.parametrize("name", ["scope", "days"])
def test_a_choice_that_is_blank_is_refused(ann: Employee, browser_as: BrowserAs, name: str) -> None:
    sent = {"name": "Report", "scope": "read", "days": "7"} | {name: ""}
    page = browser_as(ann).post("tokens.create_token", sent)
    assert page.status == 422
    assert page.errors == {name: "Choose one from the list."}
