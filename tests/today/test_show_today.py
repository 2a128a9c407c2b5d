"""My day: GET /today."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core import clock
from crm_web.models import Activity, ActivityKind, Employee, Lead, StartPage
from tests.factories import make_activity, make_customer, make_lead
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]


def plan(session: Session, who: Employee, days: int | None, **fields: Any) -> Activity:
    """A task for somebody, due in so many days."""
    due_on = None if days is None else clock.now().date() + timedelta(days=days)
    known = {"kind": ActivityKind.TASK, "assignee_id": who.id, "due_on": due_on}
    if "lead_id" not in fields:
        fields["lead_id"] = make_lead(session, by=who, owner_id=who.id).id
    return make_activity(session, by=who, **(known | fields))


def groups(page: Page) -> dict[str, list[str]]:
    """The names under each heading of the page."""
    sections = page.soup.select("main section")
    return {
        words(it.select_one("h2") or it).rstrip(" 0123456789"): [words(name) for name in it.select("a.subject")]
        for it in sections
    }


@pytest.fixture
def sunday(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Sunday, when a calendar week would have no days left."""
    at = clock.now() + timedelta(days=6 - clock.now().weekday())
    at = at.replace(hour=9, minute=0)
    for module in ("crm_web.core.clock", "crm_web.today.views", "crm_web.activities.editing.operations"):
        monkeypatch.setattr(f"{module}.now", lambda: at)


@pytest.mark.usefixtures("sunday")
def test_shows_what_is_overdue_for_today_and_for_the_days_ahead(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    plan(session, ann, -3, subject="Late")
    plan(session, ann, 0, subject="Whenever")
    plan(session, ann, 0, subject="Urgent", priority="high")
    plan(session, ann, 6, subject="On Saturday")
    plan(session, ann, 7, subject="Next week")
    plan(session, ann, None, subject="Some day")
    plan(session, bob, 0, subject="Of Bob")
    plan(session, ann, 0, subject="Of a lead in the trash", lead_id=_trashed(session, ann).id)
    for kind, hours, subject in (("meeting", 2, "Meet"), ("call", -2, "Called"), ("note", 3, "Note")):
        at = clock.now() + timedelta(hours=hours)
        make_activity(
            session, by=ann, kind=kind, subject=subject, happened_at=at, customer_id=make_customer(session).id
        )
    shown = groups(browser_as(ann).get("today.show_today"))
    assert {
        title: names for title, names in shown.items() if title in ("Overdue", "Today", "Next 7 days", "No date")
    } == {
        "Overdue": ["Late"],
        "Today": ["Meet", "Urgent", "Whenever"],
        "Next 7 days": ["On Saturday"],
        "No date": ["Some day"],
    }


def test_what_is_overdue_leaves_room_for_today(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, by=ann, owner_id=ann.id)
    late = [f"Late {number}" for number in range(22)]
    for number, subject in enumerate(late):
        plan(session, ann, number - 22, subject=subject, lead_id=lead.id)
    plan(session, ann, 0, subject="Urgent", lead_id=lead.id)
    browser = browser_as(ann)
    page = browser.get("today.show_today")
    assert (groups(page)["Overdue"], groups(page)["Today"]) == (late[:20], ["Urgent"])
    assert not page.has("#agenda-1 .count")
    page = browser.open(str(page.one("#agenda-1 p > a[href*=overdue]")["href"]))
    assert (groups(page)["Overdue"], groups(page)["Today"]) == (late, ["Urgent"])
    assert words(page.one("#agenda-1 .count")) == "22"
    assert not page.has("#agenda-1 p > a[href*=overdue]")
    assert "overdue=all" in str(page.button("Done: Late 0").location)


def _trashed(session: Session, by: Employee) -> Lead:
    return make_lead(session, owner_id=by.id, deleted_at=clock.now(), deleted_by_id=by.id)


def test_leads_that_wait_are_named_with_why(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, max: Employee
) -> None:
    today = clock.now().date()
    given = make_lead(session, last_name="Given", owner_id=bob.id)
    form = browser_as(max).open(f"/leads/{given.id}/edit").form()
    assert form.submit(owner_id=str(ann.id)).status == 303
    plan(session, ann, 1, lead_id=given.id)
    quiet = make_lead(session, by=ann, last_name="Quiet", owner_id=ann.id)
    make_activity(session, lead_id=quiet.id, happened_at=clock.now() - timedelta(days=30))
    closing = make_lead(session, by=ann, last_name="Closing", owner_id=ann.id, expected_close_on=today)
    plan(session, ann, 1, lead_id=closing.id)
    make_lead(session, last_name="Free")
    make_lead(session, last_name="Lost", status="lost")
    make_lead(session, last_name="Of Bob", owner_id=bob.id)
    shown = groups(browser_as(ann).get("today.show_today"))
    assert shown["Newly assigned"] == ["Given"]
    assert shown["No next activity"] == shown["Gone quiet"] == ["Quiet"]
    assert shown["Closing soon"] == ["Closing"]
    assert shown["Unassigned"] == ["Free"]


def test_a_task_is_done_and_the_next_step_planned(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    task = plan(session, ann, -1, subject="Call")
    page = browser_as(ann).get("today.show_today").button("Done: Call")
    assert page.location == f"/today?done={task.id}"
    page = page.follow()
    assert "Completed: Call" in page.flash and "Next step for" in page.text
    page = page.form(f"/leads/{task.lead_id}/activities").submit(subject="Send the offer", to="tomorrow")
    assert page.location == "/today"
    assert "Task added: Send the offer" in page.follow().flash
    made = session.scalars(select(Activity).where(Activity.subject == "Send the offer")).one()
    assert (made.due_on, made.assignee_id) == (clock.now().date() + timedelta(days=1), ann.id)


def test_a_task_is_put_off_and_that_undone(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    task = plan(session, ann, -1, subject="Call")
    page = browser_as(ann).get("today.show_today").button("+1 week: move Call")
    assert page.location == "/today"
    assert page.follow().button("Undo").location == "/today"
    session.refresh(task)
    assert task.due_on == clock.now().date() - timedelta(days=1)


def test_one_takes_a_lead_and_gives_it_back(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, vera: Employee
) -> None:
    lead = make_lead(session, last_name="Free")
    browser = browser_as(ann)
    page = browser.get("today.show_today").button("Take Free")
    assert page.location == "/today"
    page = page.follow()
    assert "Free is yours." in page.flash
    session.refresh(lead)
    assert lead.owner_id == ann.id
    late = browser_as(bob).post("leads.take_lead", lead_id=lead.id).follow()
    assert "Ann Keller assigned Free to someone else first." in late.flash
    assert "Free is back as it was." in page.button("Undo").follow().flash
    assert session.scalar(select(Lead.owner_id).where(Lead.id == lead.id)) is None
    assert "changed this lead after that edit." in page.button("Undo").follow().flash
    assert browser_as(vera).post("leads.take_lead", lead_id=lead.id).status == 403
    assert not browser_as(vera).get("today.show_today").has("form[action$='/take']")


def test_managers_choose_a_person_or_their_team(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, max: Employee
) -> None:
    bob.manager_id = max.id
    session.commit()
    for who in (ann, bob, max):
        plan(session, who, -1, subject=who.name)
    for word, names in (("me", [max.name]), (str(ann.id), [ann.name]), ("9999", [max.name])):
        assert groups(browser_as(max).get("today.show_today", who=word))["Overdue"] == names
    assert set(groups(browser_as(max).get("today.show_today", who="team"))["Overdue"]) == {bob.name, max.name}
    assert groups(browser_as(ann).get("today.show_today", who=str(bob.id)))["Overdue"] == [ann.name]


def test_sellers_start_here_unless_they_chose_another_page(
    browser_as: BrowserAs, visitor: Browser, session: Session, ann: Employee, max: Employee
) -> None:
    for who, place in ((ann, "/today"), (max, "/")):
        page = browser_as(who).get("auth.show_account")
        assert page.one(".brand")["href"] == place
    form = browser_as(ann).get("auth.show_account").form("preferences")
    assert form["start_page"] == "today"
    assert form.submit(start_page="board").status == 303
    assert session.scalar(select(Employee.chosen_start_page).where(Employee.id == ann.id)) is StartPage.BOARD
    assert browser_as(ann).get("auth.show_sign_in").location == "/leads/board"


def test_an_empty_day_says_so(browser_as: BrowserAs, vera: Employee) -> None:
    assert "Nothing due" in browser_as(vera).get("today.show_today").text


def test_it_takes_few_queries_however_much_there_is(session: Session, browser_as: BrowserAs, max: Employee) -> None:
    counts = []
    for _ in range(2):
        for _ in range(5):
            done = plan(session, max, -1, done_at=clock.now())
            plan(session, max, 0)
            make_lead(session)
        browser = browser_as(max)
        counts.append(browser.count_queries("today.show_today", who="team", done=done.id))
    assert counts[0] == counts[1] <= 8
