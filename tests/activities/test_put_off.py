"""Moving a task, call or meeting to another day: POST /activities/<id>/put-off."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from crm_web.activities.days import list_day_words
from crm_web.core import clock
from crm_web.models import Activity, ActivityKind, Employee
from tests.factories import make_activity, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
FRIDAY = datetime(2026, 11, 27, 22, 30, tzinfo=UTC)


@pytest.fixture
def friday(monkeypatch: pytest.MonkeyPatch, ann: Employee, session: Session) -> None:
    """Late on a Friday in UTC; where Ann is, it is Saturday already."""
    for module in ("crm_web.activities.editing.operations", "crm_web.core.clock"):
        monkeypatch.setattr(f"{module}.now", lambda: FRIDAY)
    ann.time_zone = "Asia/Tokyo"
    session.commit()


def make_task(session: Session, ann: Employee, due_on: date | None) -> Activity:
    lead = make_lead(session)
    return make_activity(session, by=ann, kind=ActivityKind.TASK, subject="Call", due_on=due_on, lead_id=lead.id)


@pytest.mark.usefixtures("friday")
def test_a_task_is_put_off_by_a_word_or_a_date(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser = browser_as(ann)
    overdue, ahead = date(2026, 11, 3), date(2026, 12, 10)
    for due_on, button, day in (
        (overdue, "Tomorrow: move Call", date(2026, 11, 29)),
        (overdue, "Monday: move Call", date(2026, 11, 30)),
        (overdue, "+1 week: move Call", date(2026, 12, 5)),
        (ahead, "+1 week: move Call", date(2026, 12, 17)),
        (None, "+1 week: move Call", date(2026, 12, 5)),
    ):
        task = make_task(session, ann, due_on)
        page = browser.get("leads.show_lead", lead_id=task.lead_id).button(button)
        assert page.location == f"/leads/{task.lead_id}"
        assert f"Call moved to {day:%b} {day.day}, 2026." in page.follow().flash
        session.refresh(task)
        assert task.due_on == day
    answer = browser.post("activities.put_off", {"due_on": "2027-02-03", "next": "/activities"}, activity_id=task.id)
    assert answer.location == "/activities"
    session.refresh(task)
    assert task.due_on == date(2027, 2, 3)
    page = browser.post("activities.put_off", {"due_on": "soon"}, activity_id=task.id).follow()
    assert page.flash.endswith("Choose a date to move this to.")


@pytest.mark.parametrize(
    ("today", "due_on", "words"),
    [
        (date(2026, 11, 25), None, "tomorrow monday week"),
        (date(2026, 11, 29), date(2026, 11, 3), "tomorrow week"),
        (date(2026, 11, 25), date(2026, 11, 26), "monday week"),
        (date(2026, 11, 30), date(2026, 11, 30), "tomorrow week"),
    ],
    ids=["any day", "Sunday, before Monday", "due tomorrow", "Monday, a week ahead of the next"],
)
def test_each_word_moves_it_to_another_day(today: date, due_on: date | None, words: str) -> None:
    assert list_day_words(today, due_on) == words.split()
    assert list_day_words(today, moves=False)[:2] == ["today", "tomorrow"]


@pytest.mark.usefixtures("friday")
def test_a_meeting_keeps_its_time_of_day(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead, at = make_lead(session), clock.now() + timedelta(hours=2)
    meeting = make_activity(session, by=ann, kind=ActivityKind.MEETING, happened_at=at, lead_id=lead.id)
    browser_as(ann).post("activities.put_off", {"to": "monday"}, activity_id=meeting.id)
    session.refresh(meeting)
    assert meeting.happened_at == at + timedelta(days=2)


def test_what_does_not_lie_ahead_is_not_put_off(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    note, done = make_activity(session, by=ann, lead_id=make_lead(session).id), make_task(session, ann, None)
    browser = browser_as(ann)
    browser.post("activities.finish_task", activity_id=done.id)
    for activity in (note, done):
        page = browser.post("activities.put_off", {"to": "week"}, activity_id=activity.id).follow()
        assert page.flash.endswith("Only open tasks, calls and meetings can be moved to another day.")
