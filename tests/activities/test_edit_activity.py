"""Editing an activity: /activities/<id>/edit, and undoing that."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Activity, ActivityKind, CallOutcome, Change, Employee, TaskPriority
from tests.factories import make_activity, make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
TASK, CALL = ActivityKind.TASK, ActivityKind.CALL


@pytest.fixture
def task(session: Session, ann: Employee, bob: Employee) -> Activity:
    lead = make_lead(session, owner_id=bob.id)
    known = {"kind": TASK, "due_on": date(2190, 12, 1), "assignee_id": ann.id}
    return make_activity(session, by=ann, subject="Send the offer", lead_id=lead.id, **known)


def test_a_task_is_rescheduled_reassigned_and_put_back(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, task: Activity
) -> None:
    browser = browser_as(ann)
    page = browser.get("leads.show_lead", lead_id=task.lead_id).click("Edit Send the offer")
    assert (page.h1, page.form()["due_on"], page.has("[name=happened_at]")) == (
        "Edit Send the offer",
        "2190-12-01",
        False,
    )
    page = page.form().submit(
        subject="Call Ms Lee", due_on="2190-12-04", due_time="14:30", priority="high", assignee_id=str(bob.id)
    )
    assert page.location == f"/leads/{task.lead_id}"
    page = page.follow()
    assert "Call Ms Lee saved." in page.flash
    assert "High priority Due Dec 4, 2190, 2:30" in page.text
    session.refresh(task)
    assert (task.due_on, task.due_time, task.priority) == (date(2190, 12, 4), time(14, 30), TaskPriority.HIGH)
    change = session.scalars(select(Change).where(Change.entity == "activity", Change.action == "changed")).one()
    assert change.fields["due_time"] == [None, "14:30:00"]
    history = browser.get("history.list_changes", record=f"activity-{task.id}").text
    assert "Due time" in history and "2:30" in history
    assert "is back as it was." in page.button("Undo").follow().flash
    session.refresh(task)
    assert (task.subject, task.due_on, task.due_time, task.assignee_id) == (
        "Send the offer", date(2190, 12, 1), None, ann.id,
    )  # fmt: skip


def test_a_call_gets_an_outcome_and_keeps_its_seconds(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    at = datetime(2026, 3, 1, 10, 20, 42, tzinfo=UTC)
    call = make_activity(session, by=ann, kind=CALL, happened_at=at, customer_id=make_customer(session).id)
    page = browser_as(ann).get("activities.edit_activity", activity_id=call.id)
    assert not page.has("[name=due_on], [name=assignee_id], [name=kind]")
    page = page.form().submit(outcome="no_answer")
    assert page.location == f"/customers/{call.customer_id}"
    assert "No answer" in page.follow().text
    session.refresh(call)
    assert (call.outcome, call.happened_at) == (CallOutcome.NO_ANSWER, at)


def test_two_edits_at_once_are_merged_or_asked_about(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee, task: Activity
) -> None:
    mine, theirs = (browser_as(who).get("activities.edit_activity", activity_id=task.id).form() for who in (ann, max))
    assert theirs.submit(subject="Theirs", due_on="2190-12-09").status == 303
    page = mine.submit(body="Mine", due_on="2190-12-05")
    assert (page.status, page.h1) == (409, "Conflicting changes to Theirs")
    assert page.form().submit(due_on="2190-12-05").status == 303
    session.refresh(task)
    assert (task.subject, task.body, task.due_on) == ("Theirs", "Mine", date(2190, 12, 5))


def test_what_is_wrong_comes_back_beside_its_field(browser_as: BrowserAs, ann: Employee, task: Activity) -> None:
    form = browser_as(ann).get("activities.edit_activity", activity_id=task.id).form()
    page = form.submit(subject=" ", due_on="", due_time="25:00", assignee_id="9999")
    assert page.status == 422
    assert page.errors == {
        "subject": "Enter a subject.",
        "due_time": "Enter a time like 14:30.",
        "assignee_id": "Choose an active employee.",
    }
    assert form.submit(subject="x", due_on="", due_time="9:05", assignee_id="").errors == {
        "due_on": "Choose a due date, or clear the due time."
    }


def test_who_may_edit(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, vera: Employee, task: Activity
) -> None:
    """Who may remove it, and of a task who may complete it."""
    note = make_activity(session, by=ann, lead_id=task.lead_id)
    assert browser_as(bob).get("activities.edit_activity", activity_id=task.id).status == 200
    assert browser_as(bob).get("activities.edit_activity", activity_id=note.id).status == 403
    page = browser_as(bob).post("activities.change_activity", {"subject": "x"}, activity_id=note.id)
    assert "Only its author, a manager or an admin can edit it." in page.text
    for name in ("change_activity", "put_off"):
        assert browser_as(vera).post(f"activities.{name}", {}, activity_id=task.id).status == 403
    assert browser_as(vera).post("activities.undo_edit", activity_id=task.id, version=1).status == 403
    assert browser_as(ann).get("activities.edit_activity", activity_id=9999).status == 404


def test_nothing_is_edited_in_the_trash(browser_as: BrowserAs, session: Session, max: Employee, task: Activity) -> None:
    browser = browser_as(max)
    browser.post("leads.trash_lead", lead_id=task.lead_id)
    for name in ("change_activity", "put_off"):
        page = browser.post(f"activities.{name}", {"subject": "x", "to": "week"}, activity_id=task.id)
        assert (page.status, "in the trash. Restore it first." in page.text) == (403, True)


def test_an_edit_is_not_undone_once_somebody_changed_it_since(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee, task: Activity
) -> None:
    page = browser_as(ann).post("activities.put_off", {"to": "week"}, activity_id=task.id).follow()
    browser_as(max).post("activities.put_off", {"due_on": "2027-01-01"}, activity_id=task.id)
    assert "changed this after that edit. It stays as it is." in page.button("Undo").follow().flash
    session.refresh(task)
    assert task.due_on == date(2027, 1, 1)
