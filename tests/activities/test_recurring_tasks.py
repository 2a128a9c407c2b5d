"""Recurring tasks: completing one adds the next; reminders."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.clock import now
from crm_web.models import Activity, ActivityKind, Change, Employee
from tests.factories import make_activity, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
TODAY = now().date()


@pytest.fixture
def task(session: Session, ann: Employee) -> Activity:
    """Weekly and due a week ago, so that the next one is due today."""
    due_on = TODAY - timedelta(7)
    known = {"kind": ActivityKind.TASK, "due_on": due_on, "recurrence": "FREQ=WEEKLY;COUNT=3"}
    known["remind_at"] = datetime.combine(due_on, datetime.min.time(), UTC)
    lead = make_lead(session, owner_id=ann.id)
    return make_activity(
        session, by=ann, subject="Check in", body="Ask @bob", lead_id=lead.id, assignee_id=ann.id, **known
    )


def list_tasks(session: Session) -> list[Activity]:
    session.expire_all()
    return list(session.scalars(select(Activity).order_by(Activity.id)))


def test_completing_adds_the_next_one_once(
    browser_as: BrowserAs, session: Session, ann: Employee, task: Activity
) -> None:
    browser = browser_as(ann)
    for _ in range(2):
        page = browser.post("activities.finish_task", activity_id=task.id).follow()
    _, following = list_tasks(session)
    assert (following.due_on, following.recurrence, following.done_at) == (TODAY, "FREQ=WEEKLY;COUNT=2", None)
    assert (following.subject, following.body, following.assignee_id) == ("Check in", "Ask @bob", ann.id)
    assert following.remind_at == datetime.combine(TODAY, datetime.min.time(), UTC)
    assert "Every week, 2 times" in page.text
    made = select(Change).where(Change.entity == "activity", Change.entity_id == following.id)
    assert session.scalars(made).one().actor_id == ann.id


def test_undo_takes_both_back(browser_as: BrowserAs, session: Session, ann: Employee, task: Activity) -> None:
    page = browser_as(ann).post("activities.finish_task", activity_id=task.id).follow()
    assert "Completed: Check in. Next due" in page.flash
    page.button("Undo")
    assert [it.done_at for it in list_tasks(session)] == [None]
    browser_as(ann).post("activities.finish_task", activity_id=task.id)
    assert len(list_tasks(session)) == 2


def test_a_next_one_that_was_changed_stays_the_only_one(
    browser_as: BrowserAs, session: Session, ann: Employee, task: Activity
) -> None:
    browser = browser_as(ann)
    browser.post("activities.finish_task", activity_id=task.id)
    following = list_tasks(session)[1]
    browser.post("activities.put_off", {"to": "tomorrow"}, activity_id=following.id)
    for endpoint in ("activities.reopen_task", "activities.finish_task"):
        browser.post(endpoint, activity_id=task.id)
    assert [it.id for it in list_tasks(session)] == [task.id, following.id]
    session.refresh(following)
    reminder = following.remind_at
    assert reminder is not None and reminder.date() == following.due_on == TODAY + timedelta(1)


def test_the_last_one_has_no_next(browser_as: BrowserAs, session: Session, ann: Employee, task: Activity) -> None:
    """Nor has one of a record in the trash."""
    task.recurrence = "FREQ=WEEKLY;COUNT=1"
    other = make_activity(
        session, by=ann, kind=ActivityKind.TASK, due_on=TODAY, recurrence="FREQ=DAILY", lead_id=make_lead(session).id
    )
    browser = browser_as(ann)
    browser.post("leads.trash_lead", lead_id=other.lead_id)
    for done in (task, other):
        browser.post("activities.finish_task", activity_id=done.id)
    assert len(list_tasks(session)) == 2


def test_words_are_typed_and_read(browser_as: BrowserAs, session: Session, ann: Employee, task: Activity) -> None:
    browser = browser_as(ann)
    page = browser.get("activities.edit_activity", activity_id=task.id)
    assert page.form()["recurrence"] == "Every week, 3 times"
    assert "Enter how often" in page.form().submit(recurrence="now and then").text
    assert "clear the repetition" in page.form().submit(due_on="").text
    page = page.form().submit(recurrence="every 2 weeks on monday until 2030-01-31", remind_at="2026-12-01T09:00")
    assert "Every 2 weeks on Monday until Jan 31, 2030 · Reminder" in page.follow().text
    session.refresh(task)
    assert (task.recurrence, task.remind_at) == (
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=20300131;BYDAY=MO",
        datetime(2026, 12, 1, 9, tzinfo=UTC),
    )
    history = browser.get("history.list_changes", record=f"activity-{task.id}").text
    assert "Every 2 weeks on Monday until Jan 31, 2030" in history
    new = browser.get("activities.new_on_lead", lead_id=task.lead_id).form()
    assert "Only tasks have a repetition" in new.submit(kind="note", subject="x", recurrence="daily").text
    new.submit(kind="task", subject="Daily", due_on="2026-12-01", recurrence="daily")
    assert list_tasks(session)[-1].recurrence == "FREQ=DAILY"
