"""Closing an account, handing over what it owned, and opening it again."""

import logging
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_web.auth.operations import count_attempt
from crm_web.core.extensions import db
from crm_web.employees.operations import Handover, SuccessorNotEntitled, deactivate, hand_over
from crm_web.models import Change, ChangeAction, Employee, Lead, Role
from tests.databases import PASSWORD
from tests.factories import make_customer, make_employee, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def confirm(browser: Browser, employee: Employee, successor_id: object = None) -> Page:
    """Press the button of the page that asks."""
    form = browser.get("employees.confirm_deactivation", employee_id=employee.id).form("deactivate")
    if successor_id is not None:
        form.fill(successor_id=str(successor_id))
    return form.submit()


def test_who_owns_nothing_is_just_deactivated(
    browser_as: BrowserAs, ada: Employee, vera: Employee, session: Session
) -> None:
    page = browser_as(ada).get("employees.edit_employee", employee_id=vera.id).click("Deactivate…")
    assert page.h1 == "Deactivate Vera Rossi"
    assert not page.has("[name=successor_id]")
    answer = page.button("Deactivate Vera Rossi")
    assert (answer.status, answer.location) == (303, "/employees")
    assert answer.follow().flash == "Vera Rossi can no longer sign in."
    session.refresh(vera)
    assert not vera.is_active


def test_they_are_out_at_once_and_can_not_come_back(
    browser_as: BrowserAs, visitor: Browser, ada: Employee, ann: Employee
) -> None:
    working = browser_as(ann)
    assert working.get("auth.show_account").status == 200
    confirm(browser_as(ada), ann)
    assert working.get("auth.show_account").location == "/sign-in?next=/account"
    assert visitor.post("auth.sign_in", {"email": ann.email, "password": PASSWORD}).status == 422


def test_their_records_go_to_the_one_who_was_chosen(
    browser_as: BrowserAs, ada: Employee, ann: Employee, bob: Employee, session: Session
) -> None:
    leads = [make_lead(session, owner_id=ann.id) for _ in range(3)]
    trashed = make_lead(session, owner_id=ann.id, deleted_at=func.now(), deleted_by_id=ada.id)
    customer = make_customer(session, owner_id=ann.id)
    other = make_lead(session, owner_id=ada.id)
    page = browser_as(ada).get("employees.confirm_deactivation", employee_id=ann.id)
    assert "Ann Keller owns 4 leads and 1 customer." in page.text
    answer = page.form("deactivate").fill(successor_id=str(bob.id)).submit()
    assert answer.follow().flash.endswith("Transferred to Bob Tanaka: 4 leads and 1 customer.")
    for row in (*leads, trashed, customer, other):
        session.refresh(row)
    assert {lead.owner_id for lead in (*leads, trashed)} == {bob.id}
    assert (customer.owner_id, other.owner_id) == (bob.id, ada.id)


def test_or_to_nobody(browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session) -> None:
    lead = make_lead(session, owner_id=ann.id)
    answer = confirm(browser_as(ada), ann, "nobody")
    assert answer.follow().flash == "Ann Keller can no longer sign in. Now unassigned: 1 lead."
    session.refresh(lead)
    assert lead.owner_id is None


def test_each_record_keeps_the_handover_in_its_history(
    browser_as: BrowserAs, ada: Employee, ann: Employee, bob: Employee, session: Session
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    answer = confirm(browser_as(ada), ann, bob.id)
    changes = session.scalars(select(Change).where(Change.action == ChangeAction.CHANGED).order_by(Change.id)).all()
    assert [(change.entity, change.entity_id, change.fields) for change in changes] == [
        ("lead", lead.id, {"owner_id": [ann.id, bob.id]}),
        ("employee", ann.id, {"is_active": [True, False]}),
    ]
    assert {(change.actor_id, change.source) for change in changes} == {(ada.id, "web")}
    assert {change.request_id for change in changes} == {answer.response.headers["X-Request-ID"]}


def test_without_a_decision_nothing_happens(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    page = confirm(browser_as(ada), ann)
    assert page.status == 422
    assert page.errors == {"successor_id": "Ann Keller owns 1 lead. Choose a new owner."}
    session.refresh(ann)
    session.refresh(lead)
    assert (ann.is_active, lead.owner_id) == (True, ann.id)


@pytest.mark.parametrize("chosen", ["vera", "ann", "gone"])
def test_nobody_gets_records_who_may_not_own_any(
    browser_as: BrowserAs, ada: Employee, ann: Employee, vera: Employee, session: Session, chosen: str
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    gone = make_employee(session, is_active=False)
    successor = {"vera": vera, "ann": ann, "gone": gone}[chosen]
    page = confirm(browser_as(ada), ann, successor.id)
    assert page.errors == {"successor_id": "Choose an owner from the list."}
    session.refresh(lead)
    assert lead.owner_id == ann.id


def test_the_last_administrator_stays(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    browser = browser_as(ada)
    page = confirm(browser, ada)
    assert page.status == 422
    assert page.errors == {"": "This is the only admin. Make someone else an admin first."}
    session.refresh(ada)
    assert ada.is_active
    assert browser.get("auth.show_account").status == 200


def test_the_last_administrator_keeps_their_records_too(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    lead = make_lead(session, owner_id=ada.id)
    confirm(browser_as(ada), ada, ann.id)
    session.refresh(lead)
    assert lead.owner_id == ada.id


def test_an_administrator_may_leave_when_there_is_another(
    browser_as: BrowserAs, ada: Employee, session: Session
) -> None:
    make_employee(session, role=Role.ADMIN)
    browser = browser_as(ada)
    assert confirm(browser, ada).status == 303
    assert browser.get("employees.list_employees").location == "/sign-in?next=/employees"


def test_twice_changes_nothing_more(browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session) -> None:
    browser = browser_as(ada)
    for _ in range(2):
        assert browser.post("employees.deactivate_employee", {}, employee_id=ann.id).status == 303
    session.refresh(ann)
    assert ann.version == 2
    page = browser.get("employees.confirm_deactivation", employee_id=ann.id)
    assert page.location == f"/employees/{ann.id}/edit"


def test_it_is_logged(browser_as: BrowserAs, ada: Employee, ann: Employee, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    confirm(browser_as(ada), ann)
    assert "employee_deactivated" in [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("name", ["ann", "max", "vera"])
def test_is_for_administrators(
    browser_as: BrowserAs, request: pytest.FixtureRequest, session: Session, bob: Employee, name: str
) -> None:
    browser = browser_as(request.getfixturevalue(name))
    assert browser.get("employees.confirm_deactivation", employee_id=bob.id).status == 403
    assert browser.post("employees.deactivate_employee", {}, employee_id=bob.id).status == 403
    session.refresh(bob)
    assert bob.is_active


def test_a_visitor_signs_in_first(visitor: Browser, bob: Employee) -> None:
    assert visitor.post("employees.deactivate_employee", {}, employee_id=bob.id).location == "/sign-in"


# Back again


def test_reactivating_lets_them_in_again_but_not_by_an_old_cookie(
    browser_as: BrowserAs, visitor: Browser, ada: Employee, ann: Employee, session: Session
) -> None:
    old = browser_as(ann)
    browser = browser_as(ada)
    confirm(browser, ann)
    page = browser.get("employees.edit_employee", employee_id=ann.id)
    assert "Deactivated. Can’t sign in." in page.text
    answer = page.button("Reactivate")
    assert answer.follow().flash == "Ann Keller can sign in again."
    assert old.get("auth.show_account").status == 303
    assert visitor.post("auth.sign_in", {"email": ann.email, "password": PASSWORD}).location == "/today"
    session.refresh(ann)
    assert ann.is_active


def test_reactivating_twice_changes_nothing(
    browser_as: BrowserAs, ada: Employee, ann: Employee, session: Session
) -> None:
    assert browser_as(ada).post("employees.reactivate_employee", {}, employee_id=ann.id).status == 303
    session.refresh(ann)
    assert ann.version == 1


def test_reactivating_is_for_administrators(browser_as: BrowserAs, max: Employee, ann: Employee) -> None:
    assert browser_as(max).post("employees.reactivate_employee", {}, employee_id=ann.id).status == 403


def test_reactivating_takes_no_link(browser_as: BrowserAs, ada: Employee, ann: Employee) -> None:
    assert browser_as(ada).open(f"/employees/{ann.id}/reactivate").status == 405


# The operations themselves, as the import and the API will call them


def test_the_operation_refuses_a_successor_who_may_not_own(
    app: Flask, ada: Employee, ann: Employee, vera: Employee, session: Session
) -> None:
    make_lead(session, owner_id=ann.id)
    with app.app_context():
        people = {person.id: person for person in db.session.scalars(select(Employee))}
        for successor in (people[vera.id], people[ann.id]):
            with pytest.raises(SuccessorNotEntitled):
                deactivate(people[ann.id], handover=Handover(successor), by=people[ada.id])


def test_the_database_refuses_one_whose_role_changed_meanwhile(
    app: Flask, ann: Employee, bob: Employee, session: Session
) -> None:
    make_lead(session, owner_id=ann.id)
    with app.app_context():
        people = {person.id: person for person in db.session.scalars(select(Employee))}
        bob.is_active = False
        session.commit()
        with pytest.raises(SuccessorNotEntitled) as refusal:
            hand_over(people[ann.id], people[bob.id], by=None)
        assert refusal.value.field == "successor_id"
        db.session.rollback()


def test_counting_a_try_needs_no_account(app: Flask) -> None:
    with app.app_context():
        attempt = count_attempt("nobody@piper.example", remote_address=None, browser=None)
        assert (attempt.employee_id, attempt.address_key) == (None, "address:unknown")
        assert db.session.scalar(select(func.count()).select_from(Lead)) == 0
        db.session.rollback()
