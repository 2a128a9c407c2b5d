"""Adding an employee."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.employees.operations import create_employee
from crm_web.models import Change, Employee, Role
from crm_web.records.people import list_possible_owners
from tests.databases import PASSWORD
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
FILLED = {
    "name": "Jürgen Ölschläger",
    "email": "jo@company.com",
    "role": "sales",
    "job_title": "Account executive",
    "phone": "(415) 555-2671",
    "manager_id": "",
    "time_zone": "Europe/Berlin",
    "locale": "de_DE",
    "password": PASSWORD,
}


def find(session: Session, email: str = "jo@company.com") -> Employee:
    """The employee who was added."""
    return session.scalars(select(Employee).where(Employee.email == email)).one()


def test_the_new_employee_signs_in(
    browser_as: BrowserAs, visitor: Browser, ada: Employee, max: Employee, session: Session
) -> None:
    page = browser_as(ada).get("employees.list_employees").click("New employee")
    assert page.h1 == "New employee"
    answer = page.form().fill(**FILLED | {"manager_id": str(max.id)}).submit()
    assert (answer.status, answer.location) == (303, "/employees")
    assert answer.follow().flash == "Jürgen Ölschläger added and can sign in now."
    person = find(session)
    assert (person.name, person.role, person.job_title) == ("Jürgen Ölschläger", Role.SALES, "Account executive")
    assert (person.phone, person.phone_e164) == ("(415) 555-2671", "+14155552671")
    assert (person.manager_id, person.time_zone, person.locale) == (max.id, "Europe/Berlin", "de_DE")
    assert visitor.post("auth.sign_in", {"email": "JO@company.com", "password": PASSWORD}).location == "/today"
    assert visitor.get("today.show_today").location == "/account"


def test_without_a_password_they_get_a_link(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    page = browser_as(ada).post("employees.create_employee", FILLED | {"password": ""})
    assert page.h1 == "Link for Jürgen Ölschläger"
    assert page.click("Done").h1 == "Employees"
    assert find(session).password_hash is None


def test_reads_as_its_maker_does_unless_told_otherwise(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    ada.time_zone, ada.locale = "Africa/Lagos", "en_GB"
    session.commit()
    form = browser_as(ada).get("employees.new_employee").form()
    assert (form["time_zone"], form["locale"]) == ("Africa/Lagos", "en_GB")


def test_history_says_who_added_them(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    browser_as(ada).post("employees.create_employee", FILLED)
    person = find(session)
    change = session.scalars(select(Change).where(Change.entity == "employee", Change.entity_id == person.id)).one()
    assert (change.action, change.actor_id, change.source) == ("created", ada.id, "web")
    assert change.fields["name"] == [None, "Jürgen Ölschläger"]
    assert not any("password" in field for field in change.fields)
    assert person.created_by_id == ada.id


def test_it_is_logged(browser_as: BrowserAs, ada: Employee, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    browser_as(ada).post("employees.create_employee", FILLED)
    assert "employee_created" in [record.getMessage() for record in caplog.records]
    assert PASSWORD not in repr([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": "  "}, "name", "Enter a name."),
        ({"name": "x" * 301}, "name", "Shorten this to 300 characters; it has 301."),
        ({"name": "Nul\x00"}, "name", "Remove the invisible NUL character from this text."),
        ({"email": ""}, "email", "Enter an email address."),
        ({"email": "nobody"}, "email", "Enter an email address like name@company.com."),
        ({"email": "ANN@PIPER.example"}, "email", "This email is already in use."),
        ({"role": ""}, "role", "Choose a role."),
        ({"role": "king"}, "role", "Choose one from the list."),
        ({"phone": "12"}, "phone", "Check the phone number"),
        ({"manager_id": "99999"}, "manager_id", "Choose a manager from the list."),
        ({"time_zone": ""}, "time_zone", "Choose a time zone."),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "Choose one from the list."),
        ({"locale": "xx"}, "locale", "Choose one from the list."),
        ({"password": "short"}, "password", "Use at least 10 characters"),
        ({"password": "Jürgen Ölschläger"}, "password", "Don’t use your name"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
    browser_as: BrowserAs, ada: Employee, session: Session, changes: dict[str, Any], field: str, message: str
) -> None:
    before = session.scalar(select(func.count()).select_from(Employee))
    page = browser_as(ada).post("employees.create_employee", FILLED | changes)
    assert page.status == 422
    assert list(page.errors) == [field]
    assert page.errors[field].startswith(message)
    assert page.form()["job_title"] == "Account executive"
    assert page.form()["password"] == ""
    assert session.scalar(select(func.count()).select_from(Employee)) == before


def test_a_mended_form_is_taken(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    page = browser_as(ada).post("employees.create_employee", FILLED | {"email": "ann@piper.example"})
    assert page.form().fill(email="jo@company.com", password=PASSWORD).submit().status == 303
    assert find(session).name == "Jürgen Ölschläger"


def test_twice_is_refused_the_second_time(browser_as: BrowserAs, ada: Employee) -> None:
    browser = browser_as(ada)
    assert browser.post("employees.create_employee", FILLED).status == 303
    page = browser.post("employees.create_employee", FILLED)
    assert page.errors == {"email": "This email is already in use."}


def test_a_name_comes_back_as_it_was_typed_and_harmless(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    name = ' <b onclick="x">O\'Brien</b> & {{ 7*7 }} \u202e\u0301 =cmd|/c '
    browser_as(ada).post("employees.create_employee", FILLED | {"name": name})
    assert find(session).name == name
    page = browser_as(ada).get("employees.edit_employee", employee_id=find(session).id)
    assert page.form()["name"] == name


@pytest.mark.parametrize("name", ["bob", "max", "vera"])
def test_is_for_administrators(
    browser_as: BrowserAs, request: pytest.FixtureRequest, session: Session, name: str
) -> None:
    browser = browser_as(request.getfixturevalue(name))
    assert browser.get("employees.new_employee").status == 403
    assert browser.post("employees.create_employee", FILLED).status == 403
    assert session.scalars(select(Employee).where(Employee.email == "jo@company.com")).all() == []


def test_a_visitor_signs_in_first(visitor: Browser) -> None:
    assert visitor.post("employees.create_employee", FILLED).location == "/sign-in"


def test_a_rule_of_the_database_that_has_no_words_is_not_hidden(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(IntegrityError):
            create_employee({"name": "x" * 301, "email": "jo@company.com", "role": Role.SALES}, password=None, by=None)
        db.session.rollback()


def test_only_who_is_active_and_sells_may_own(app: Flask, ann: Employee, session: Session) -> None:
    ann.is_active = False
    session.commit()
    with app.app_context():
        assert [person.name.split()[0] for person in list_possible_owners()] == ["Ada", "Bob", "Max"]
