"""Changing what is known of an employee, and what they may do."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Change, ChangeAction, Employee, Role
from tests.factories import make_customer, make_employee, make_lead
from tests.page import Browser, Form, Page

BrowserAs = Callable[[Employee], Browser]


def open_form(browser: Browser, employee: Employee) -> Form:
    """The form of an employee."""
    return browser.get("employees.edit_employee", employee_id=employee.id).form("edit")


def save(browser: Browser, employee: Employee, **values: Any) -> Page:
    """Open the form, fill some of it, send it."""
    return open_form(browser, employee).fill(**values).submit()


def test_saves_what_was_typed(browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session) -> None:
    browser = browser_as(ada)
    page = browser.get("employees.list_employees").click("Ann Keller")
    assert page.h1 == "Ann Keller"
    answer = page.form("edit").fill(name="Ann Keller-Schmidt", role="manager", phone="+44 20 7946 0018").submit()
    assert (answer.status, answer.location) == (303, "/employees")
    assert answer.follow().flash == "Ann Keller-Schmidt saved."
    session.refresh(ann)
    assert (ann.name, ann.role, ann.phone_e164) == ("Ann Keller-Schmidt", Role.MANAGER, "+442079460018")
    assert ann.updated_by_id == ada.id


def test_history_says_what_changed_and_the_page_shows_it(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    browser = browser_as(ada)
    save(browser, ann, role="manager")
    change = session.scalars(select(Change).where(Change.action == ChangeAction.CHANGED)).one()
    assert (change.entity_id, change.fields, change.actor_id) == (ann.id, {"role": ["sales", "manager"]}, ada.id)
    history = browser.get("employees.edit_employee", employee_id=ann.id).one("#history").get_text(" ", strip=True)
    assert "Updated" in history and "Manager" in history and "Ada Okafor" in history


def test_saving_nothing_new_changes_nothing(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    before = ann.version
    assert save(browser_as(ada), ann).status == 303
    session.refresh(ann)
    assert ann.version == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("email", "nobody"), ("email", "bob@piper.example"), ("phone", "x"), ("locale", ""), ("role", "x")],
)
def test_what_is_wrong_stands_beside_its_field(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session, field: str, value: str
) -> None:
    page = save(browser_as(ada), ann, **{"job_title": "Closer", field: value})
    assert (page.status, list(page.errors)) == (422, [field])
    assert page.form("edit")["job_title"] == "Closer"
    session.refresh(ann)
    assert (ann.job_title, ann.version) == (None, 1)


# Two at once


def test_what_two_people_change_in_different_fields_is_saved_both(
    browser_as: BrowserAs, ada: Employee, ann: Employee, max: Employee, session: Session
) -> None:
    max.role = Role.ADMIN
    session.commit()
    form = open_form(browser_as(ada), ann)
    save(browser_as(max), ann, job_title="Closer", phone="+442079460018", manager_id=str(max.id))
    page = form.fill(name="Ann K.").submit()
    told = (
        "Max Lindqvist changed the job title, the phone and the manager while you were editing. Both changes are saved."
    )
    assert page.follow().flash == f"Ann K. saved. {told}"
    session.refresh(ann)
    assert (ann.name, ann.job_title, ann.manager_id, ann.phone_e164) == ("Ann K.", "Closer", max.id, "+442079460018")


def test_the_same_field_changed_by_both_is_decided_by_the_second(
    browser_as: BrowserAs, ada: Employee, ann: Employee, max: Employee, session: Session
) -> None:
    max.role = Role.ADMIN
    session.commit()
    form = open_form(browser_as(ada), ann)
    save(browser_as(max), ann, job_title="Closer", role="manager")
    page = form.fill(job_title="Hunter", role="admin").submit()
    assert page.status == 409
    assert "Saved by Max Lindqvist: Closer Your change: Hunter" in page.text
    assert "Saved by Max Lindqvist: Manager Your change: Admin" in page.text
    assert page.form().submit(job_title="Hunter", role="manager").status == 303
    session.refresh(ann)
    assert (ann.job_title, ann.role) == ("Hunter", Role.MANAGER)


def test_a_password_set_meanwhile_is_nothing_to_decide(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    browser = browser_as(ada)
    form = open_form(browser, ann)
    data = {"password": "a long and unusual phrase"}
    assert browser.post("employees.set_password", data, employee_id=ann.id).status == 303
    assert form.fill(job_title="Closer").submit().follow().flash.endswith("Ann Keller saved.")


@pytest.mark.parametrize("version", ["", "0", "999", "x", "1" * 30])
def test_a_form_without_a_version_is_never_saved(
    browser_as: BrowserAs, ada: Employee, ann: Employee, version: str
) -> None:
    page = save(browser_as(ada), ann, version=version, job_title="Closer")
    assert page.status == 409
    assert "Someone saved changes here" in page.text


# Managers


def test_nobody_stands_above_themselves(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    top = make_employee(session, name="Top")
    middle = make_employee(session, name="Middle", manager_id=top.id)
    low = make_employee(session, name="Low", manager_id=middle.id)
    browser = browser_as(ada)
    assert str(top.id) not in open_form(browser, top).choices("manager_id")
    page = save(browser, top, manager_id=str(low.id))
    assert page.errors == {"manager_id": "Choose another manager; this one reports to Top."}


def test_a_manager_who_left_stays_until_another_is_chosen(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    gone = make_employee(session, name="Gone", is_active=False)
    ann.manager_id = gone.id
    session.commit()
    form = open_form(browser_as(ada), ann)
    assert form["manager_id"] == str(gone.id)
    assert form.submit().status == 303
    assert str(gone.id) not in open_form(browser_as(ada), ada).choices("manager_id")


# Who stops selling


def test_who_owns_records_stops_selling_only_when_it_is_said_who_gets_them(
    browser_as: BrowserAs, ada: Employee, ann: Employee, bob: Employee, session: Session
) -> None:
    lead, customer = make_lead(session, owner_id=ann.id), make_customer(session, owner_id=ann.id)
    browser = browser_as(ada)
    page = save(browser, ann, role="viewer", job_title="Bookkeeper")
    assert page.errors == {"successor_id": "Ann Keller owns 1 lead and 1 customer. Choose a new owner."}
    form = page.form("edit")
    assert (form["role"], form["job_title"]) == ("viewer", "Bookkeeper")
    assert form.choices("successor_id").keys() >= {"", "nobody", str(bob.id), str(ada.id)}
    assert str(ann.id) not in form.choices("successor_id")
    answer = form.fill(successor_id=str(bob.id)).submit()
    assert answer.follow().flash == "Ann Keller saved. Transferred to Bob Tanaka: 1 lead and 1 customer."
    for row in (ann, lead, customer):
        session.refresh(row)
    assert (ann.role, lead.owner_id, customer.owner_id) == (Role.VIEWER, bob.id, bob.id)


def test_who_owns_nothing_just_stops_selling(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    assert save(browser_as(ada), ann, role="viewer").status == 303
    session.refresh(ann)
    assert ann.role is Role.VIEWER


def test_what_is_wrong_elsewhere_keeps_the_choice_of_the_successor(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    make_lead(session, owner_id=ann.id)
    page = save(browser_as(ada), ann, role="viewer")
    page = page.form("edit").fill(name="", successor_id="nobody").submit()
    assert list(page.errors) == ["name"]
    assert page.form("edit")["successor_id"] == "nobody"


# The last administrator


def test_the_last_administrator_stays(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    page = save(browser_as(ada), ada, role="manager")
    assert page.status == 422
    assert page.errors == {
        "role": "This is the only admin. Make someone else an admin first.",
    }
    session.refresh(ada)
    assert ada.role is Role.ADMIN


def test_one_of_two_administrators_may_step_down(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    make_employee(session, role=Role.ADMIN)
    browser = browser_as(ada)
    answer = save(browser, ada, role="manager")
    assert answer.location == "/", "the list is no longer theirs to keep"
    assert browser.get("employees.edit_employee", employee_id=ada.id).status == 403


def test_takes_a_fixed_number_of_queries(browser_as: BrowserAs, ada: Employee, ann: Employee) -> None:
    browser = browser_as(ada)
    assert browser.count_queries("employees.edit_employee", employee_id=ann.id) <= 8


@pytest.mark.parametrize("name", ["ann", "max", "vera"])
def test_is_for_administrators(
    browser_as: BrowserAs, request: pytest.FixtureRequest, session: Session, ann: Employee, name: str
) -> None:
    browser = browser_as(request.getfixturevalue(name))
    assert browser.get("employees.edit_employee", employee_id=ann.id).status == 403
    assert (
        browser.post("employees.change_employee", {"role": "admin", "version": "1"}, employee_id=ann.id).status == 403
    )
    session.refresh(ann)
    assert ann.role is Role.SALES


def test_a_visitor_signs_in_first(visitor: Browser, ann: Employee) -> None:
    assert visitor.get("employees.edit_employee", employee_id=ann.id).location == (
        f"/sign-in?next=/employees/{ann.id}/edit"
    )


@pytest.mark.parametrize("employee_id", [0, 999_999, 2**63 - 1])
def test_nobody_is_not_there(browser_as: BrowserAs, ada: Employee, employee_id: int) -> None:
    browser = browser_as(ada)
    assert browser.get("employees.edit_employee", employee_id=employee_id).status == 404
    assert browser.post("employees.change_employee", {}, employee_id=employee_id).status == 404
