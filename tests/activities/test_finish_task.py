"""Finishing a task and taking it up again: POST /activities/<id>/finish and /activities/<id>/reopen."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_web.activities import operations
from crm_web.core.extensions import db
from crm_web.models import Activity, ActivityKind, Change, Employee
from tests.factories import make_activity, make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def task(session: Session, bob: Employee) -> Activity:
    lead = make_lead(session, last_name="Okoro", owner_id=bob.id)
    return make_activity(session, kind=ActivityKind.TASK, subject="Send the offer", lead_id=lead.id)


def read(session: Session, activity: Activity) -> Any:
    session.expire_all()
    return session.get(Activity, activity.id)


def test_a_task_is_done_and_can_be_taken_up_again(
    browser_as: BrowserAs, session: Session, ann: Employee, task: Activity
) -> None:
    page = browser_as(ann).get("leads.show_lead", lead_id=task.lead_id).button("Done: Send the offer")
    assert page.location == f"/leads/{task.lead_id}"
    page = page.follow()
    assert "Completed: Send the offer" in page.flash
    assert page.has(".timeline li.is-done")
    assert read(session, task).done_at is not None
    page = page.button("Reopen the task Send the offer").follow()
    assert "Reopened: Send the offer" in page.flash
    assert read(session, task).done_at is None


def test_the_message_takes_it_back(browser_as: BrowserAs, session: Session, ann: Employee, task: Activity) -> None:
    page = browser_as(ann).post("activities.finish_task", activity_id=task.id).follow()
    assert page.button("Undo").status == 303
    assert read(session, task).done_at is None


def test_leads_back_to_the_customer(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session)
    task = make_activity(session, kind=ActivityKind.TASK, customer_id=customer.id)
    assert browser_as(ann).post("activities.finish_task", activity_id=task.id).location == f"/customers/{customer.id}"


@pytest.mark.parametrize("action", ["finish", "reopen"])
def test_twice_changes_nothing_more(
    browser_as: BrowserAs, session: Session, ann: Employee, task: Activity, action: str
) -> None:
    browser = browser_as(ann)
    if action == "reopen":
        browser.post("activities.finish_task", activity_id=task.id)
    browser.post(f"activities.{action}_task", activity_id=task.id)
    before = read(session, task)
    version, done_at = before.version, before.done_at
    assert browser.post(f"activities.{action}_task", activity_id=task.id).status == 303
    assert (read(session, task).version, read(session, task).done_at) == (version, done_at)


def test_history_says_who_did_it(browser_as: BrowserAs, session: Session, ann: Employee, task: Activity) -> None:
    browser_as(ann).post("activities.finish_task", activity_id=task.id)
    change = session.scalars(select(Change).where(Change.entity == "activity", Change.action == "changed")).one()
    assert (change.actor_id, list(change.fields)) == (ann.id, ["done_at"])


@pytest.mark.parametrize("action", ["finish", "reopen"])
def test_only_a_task_can_be_done(browser_as: BrowserAs, session: Session, ann: Employee, action: str) -> None:
    note = make_activity(session, lead_id=make_lead(session).id)
    browser = browser_as(ann)
    assert browser.post(f"activities.{action}_task", activity_id=note.id).status == 404
    assert browser.post(f"activities.{action}_task", activity_id=9999).status == 404
    assert browser.open(f"/activities/{note.id}/{action}").status == 405


def test_the_operation_refuses_what_is_no_task(app: Flask, session: Session, ann: Employee) -> None:
    note = make_activity(session, lead_id=make_lead(session).id)
    with app.app_context(), pytest.raises(operations.NotATask):
        operations.finish_task(db.session.get_one(Activity, note.id), by=db.session.get_one(Employee, ann.id))


def test_a_viewer_sees_no_button_and_is_refused(
    browser_as: BrowserAs, session: Session, vera: Employee, task: Activity
) -> None:
    browser = browser_as(vera)
    assert not browser.get("leads.show_lead", lead_id=task.lead_id).has(".timeline button")
    assert browser.post("activities.finish_task", activity_id=task.id).status == 403
    assert browser.post("activities.reopen_task", activity_id=task.id).status == 403
    assert session.scalar(select(func.count()).where(Activity.done_at.is_not(None))) == 0


def test_signed_out_people_sign_in_first(visitor: Browser, task: Activity) -> None:
    assert visitor.post("activities.finish_task", activity_id=task.id).location == "/sign-in"


def test_someone_who_left_gets_no_task_by_any_way(app: Flask, session: Session, ann: Employee, bob: Employee) -> None:
    lead = make_lead(session)
    bob.is_active = False
    session.commit()
    values = {"kind": ActivityKind.TASK, "subject": "x", "assignee_id": bob.id}
    with app.app_context(), pytest.raises(operations.AssigneeNotActive):
        by = db.session.get_one(Employee, ann.id)
        operations.add_activity(db.session.get_one(type(lead), lead.id), values, by=by)


@pytest.mark.parametrize("action", ["finish", "reopen"])
def test_sellers_finish_what_is_theirs_or_nobodys(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, max: Employee, vera: Employee, action: str
) -> None:
    """Assigned to them or nobody, written by them, or on a record of theirs; a button is shown only where it works."""
    done_at = func.now() if action == "reopen" else None
    known: dict[str, Any] = {"kind": ActivityKind.TASK, "done_at": done_at}
    of_bob, of_ann = make_lead(session, owner_id=bob.id), make_lead(session, owner_id=ann.id)
    cases = [
        (make_activity(session, subject="A", lead_id=of_bob.id, assignee_id=ann.id, **known), True),
        (make_activity(session, subject="B", lead_id=of_bob.id, **known), True),
        (make_activity(session, subject="C", by=ann, lead_id=of_bob.id, assignee_id=max.id, **known), True),
        (make_activity(session, subject="D", lead_id=of_ann.id, assignee_id=max.id, **known), True),
        (make_activity(session, subject="E", lead_id=of_bob.id, assignee_id=max.id, **known), False),
    ]
    browser = browser_as(ann)
    for task, is_allowed in cases:
        page = browser.get("leads.show_lead", lead_id=task.lead_id)
        assert page.has(f"form[action='/activities/{task.id}/{action}']") is is_allowed
        answer = browser.post(f"activities.{action}_task", activity_id=task.id)
        assert answer.status == (303 if is_allowed else 403), task.subject
    assert "This task is assigned to someone else." in answer.text
    assert browser_as(vera).post(f"activities.{action}_task", activity_id=cases[0][0].id).status == 403
    assert browser_as(max).post(f"activities.{action}_task", activity_id=cases[4][0].id).status == 303
