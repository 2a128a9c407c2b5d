"""An administrator gives somebody a new password."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.databases import PASSWORD
from tests.factories import make_employee
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
NEW = "correct horse battery"


def test_the_new_password_counts_and_old_sign_ins_end(
    browser_as: BrowserAs, visitor: Browser, ada: Employee, ann: Employee
) -> None:
    working = browser_as(ann)
    page = browser_as(ada).get("employees.edit_employee", employee_id=ann.id).click("Set password")
    assert page.h1 == "Set password for Ann Keller"
    answer = page.form("password").fill(password=NEW).submit()
    assert answer.follow().flash == "Ann Keller has a new password and was signed out everywhere."
    assert working.get("auth.show_account").status == 303
    assert visitor.post("auth.sign_in", {"email": ann.email, "password": PASSWORD}).status == 422
    assert visitor.post("auth.sign_in", {"email": ann.email, "password": NEW}).status == 303


def test_who_has_none_yet_is_pointed_out(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    person = make_employee(session, name="Newcomer")
    browser = browser_as(ada)
    assert "No password yet" in browser.get("employees.edit_employee", employee_id=person.id).text
    browser.post("employees.set_password", {"password": NEW}, employee_id=person.id)
    assert "No password yet" not in browser.get("employees.edit_employee", employee_id=person.id).text


@pytest.mark.parametrize("password", ["", "short", "Ann Keller", "x" * 201])
def test_a_weak_one_is_refused(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session, password: str
) -> None:
    before = ann.password_hash
    page = browser_as(ada).post("employees.set_password", {"password": password}, employee_id=ann.id)
    assert (page.status, list(page.errors)) == (422, ["password"])
    session.refresh(ann)
    assert ann.password_hash == before


@pytest.mark.parametrize("name", ["ann", "max", "vera"])
def test_is_for_administrators(
    browser_as: BrowserAs, request: pytest.FixtureRequest, session: Session, bob: Employee, name: str
) -> None:
    before = bob.password_hash
    browser = browser_as(request.getfixturevalue(name))
    assert browser.get("employees.edit_password", employee_id=bob.id).status == 403
    assert browser.post("employees.set_password", {"password": NEW}, employee_id=bob.id).status == 403
    session.refresh(bob)
    assert bob.password_hash == before


def test_a_visitor_signs_in_first(visitor: Browser, bob: Employee) -> None:
    assert visitor.post("employees.set_password", {"password": NEW}, employee_id=bob.id).location == "/sign-in"
