"""The dashboard: what concerns somebody, and what to do next."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from crm_web.core.clock import now
from crm_web.core.request_log import count_queries
from crm_web.models import ActivityKind, Employee, LeadStatus
from tests.factories import make_activity, make_customer, make_employee, make_lead
from tests.page import Browser, words

BrowserAs = Callable[[Employee], Browser]
ZONES = ("UTC", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata")


def test_an_unknown_scope_means_the_usual_one(browser_as: BrowserAs, ann: Employee) -> None:
    page = browser_as(ann).get("dashboard.show_dashboard", scope="' OR 1=1 --\x00")
    assert page.status == 200
    assert words(page.one(".view-tabs [aria-current]")) == "Mine"


def test_shows_who_changed_what_last(session: Session, browser_as: BrowserAs, ann: Employee, bob: Employee) -> None:
    make_lead(session, by=bob, last_name="Older", owner_id=ann.id, updated_at=now() - timedelta(days=2))
    make_lead(session, by=ann, last_name="Newer", owner_id=ann.id, updated_at=now() - timedelta(hours=3))
    make_lead(session, by=bob, last_name="Bobs", owner_id=bob.id)
    rows = [words(row) for row in browser_as(ann).get("dashboard.show_dashboard").soup.select("#changed tbody tr")]
    assert len(rows) == 2
    assert rows[0].startswith("Newer") and ann.name in rows[0] and "3 hours ago" in rows[0]
    assert rows[1].startswith("Older") and bob.name in rows[1] and "2 days ago" in rows[1]


def test_shows_my_open_tasks_the_longest_due_first(
    session: Session, browser_as: BrowserAs, ann: Employee, bob: Employee
) -> None:
    today = now().date()
    lead, customer = make_lead(session, last_name="Orchard"), make_customer(session, name="Mill")
    trashed = make_lead(session, last_name="Gone", deleted_at=now(), deleted_by_id=ann.id)
    task: dict[str, Any] = {"kind": ActivityKind.TASK, "assignee_id": ann.id}
    make_activity(session, subject="Without a date", lead_id=lead.id, **task)
    make_activity(session, subject="Next week", lead_id=lead.id, due_on=today + timedelta(days=7), **task)
    make_activity(session, subject="Long ago", customer_id=customer.id, due_on=today - timedelta(days=9), **task)
    make_activity(session, subject="Now", lead_id=lead.id, due_on=today, **task)
    make_activity(session, subject="Done", lead_id=lead.id, due_on=today, done_at=now(), **task)
    make_activity(session, subject="In the trash", lead_id=trashed.id, due_on=today, **task)
    make_activity(session, subject="Bob’s", lead_id=lead.id, due_on=today, **{**task, "assignee_id": bob.id})
    page = browser_as(ann).get("dashboard.show_dashboard")
    rows = [words(row) for row in page.soup.select("#tasks li")]
    assert [row.split(" ", 1)[0] for row in rows] == ["Long", "Now", "Next", "Without"]
    assert "Mill" in rows[0] and "Overdue" in rows[0]
    assert "Orchard" in rows[1] and "Today" in rows[1]


def test_a_task_is_done_on_the_dashboard(session: Session, browser_as: BrowserAs, ann: Employee) -> None:
    kind, lead = ActivityKind.TASK, make_lead(session)
    make_activity(session, kind=kind, subject="Call", lead_id=lead.id, assignee_id=ann.id)
    page = browser_as(ann).get("dashboard.show_dashboard", scope="all").button("Done: Call").follow()
    assert (page.h1, page.soup.select("#tasks li")) == ("Dashboard", [])
    assert page.url == "/?scope=all"
    assert words(page.button("Undo").follow().one("#tasks .subject")) == "Call"


def test_more_tasks_than_fit_are_a_link_away(session: Session, browser_as: BrowserAs, ann: Employee) -> None:
    lead = make_lead(session)
    for _ in range(9):
        make_activity(session, kind=ActivityKind.TASK, lead_id=lead.id, assignee_id=ann.id)
    page = browser_as(ann).get("dashboard.show_dashboard")
    assert len(page.soup.select("#tasks li")) == 8
    page = page.click("View all")
    assert len(page.soup.select("#tasks li")) == 9
    assert "View all" not in page.text


def test_an_empty_database_says_what_to_do_next(browser_as: BrowserAs, ada: Employee) -> None:
    page = browser_as(ada).get("dashboard.show_dashboard")
    assert "No leads yet" in page.text
    assert page.click("New lead").h1 == "New lead"


def test_who_may_enter_nothing_is_not_told_to(browser_as: BrowserAs, vera: Employee) -> None:
    page = browser_as(vera).get("dashboard.show_dashboard")
    assert "No leads yet" in page.text
    assert "New lead" not in page.text
    assert "New lead" not in page.text


def test_who_owns_nothing_is_sent_to_everyones(
    session: Session, browser_as: BrowserAs, ann: Employee, bob: Employee
) -> None:
    make_lead(session, owner_id=bob.id)
    page = browser_as(ann).get("dashboard.show_dashboard")
    assert "You don’t own any leads yet" in page.text
    assert page.click("Show all leads").has("table.chart")


def test_whoever_is_signed_out_signs_in_first(visitor: Browser) -> None:
    assert visitor.get("dashboard.show_dashboard").location == "/sign-in"


def test_nothing_can_be_posted_to_it(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).post("dashboard.show_dashboard").status == 405


def test_it_takes_few_queries_however_much_there_is(session: Session, browser_as: BrowserAs, max: Employee) -> None:
    counts = []
    for number in (2, 20):
        for _ in range(number):
            owner = make_employee(session, manager_id=max.id)
            lead = make_lead(session, by=owner, owner_id=owner.id, status=LeadStatus.WON)
            make_activity(session, kind=ActivityKind.TASK, lead_id=lead.id, assignee_id=max.id)
            customer = make_customer(session)
            make_activity(session, kind=ActivityKind.TASK, customer_id=customer.id, assignee_id=max.id)
        browser = browser_as(max)
        browser.get("dashboard.show_dashboard")
        with count_queries() as sent:
            browser.get("dashboard.show_dashboard")
        counts.append(sent.count)
    assert counts[0] == counts[1] <= 8


def test_it_takes_no_more_than_eight_when_nothing_is_known_yet(
    app: Flask, session: Session, browser_as: BrowserAs, ann: Employee, max: Employee
) -> None:
    ann.manager_id = max.id
    make_lead(session, owner_id=ann.id, amount=Decimal(5), currency="EUR")
    browser = browser_as(max)
    browser.get("dashboard.show_dashboard", scope="team")
    app.extensions["versioned_caches"].clear()
    with count_queries() as sent:
        browser.get("dashboard.show_dashboard", scope="team")
    assert sent.count == 8


def test_a_hostile_name_stays_a_name(session: Session, browser_as: BrowserAs, ann: Employee) -> None:
    hostile = "<script>alert(1)</script>{{ 7*7 }}' \"\u202e"
    make_lead(session, last_name=hostile, company=hostile, owner_id=ann.id)
    page = browser_as(ann).get("dashboard.show_dashboard")
    link = page.one("#changed .name a")
    assert link.get_text() == hostile
    assert isinstance(datetime.fromisoformat(str(page.one("#changed time")["datetime"])), datetime)


def test_the_first_steps_are_ticked_by_what_is_done(session: Session, browser_as: BrowserAs, ann: Employee) -> None:
    def steps() -> list[tuple[str, bool]]:
        page = browser_as(ann).get("dashboard.show_dashboard")
        items = page.soup.select(".first-steps li:has(a)")
        return [(str(item.select("a")[0]["href"]), item.has_attr("class")) for item in items]

    assert steps() == [("/leads/new", False), ("/help/activities", False), ("/help/winning", False)]
    lead = make_lead(session, by=ann, owner_id=ann.id)
    session.commit()
    place = f"/leads/{lead.id}"
    assert steps() == [("/leads/new", True), (f"{place}#activities", False), (place, False)]
    make_activity(session, lead_id=lead.id)
    session.commit()
    assert [is_done for _, is_done in steps()] == [True, True, False]
    make_lead(session, by=ann, owner_id=ann.id, status=LeadStatus.WON)
    session.commit()
    assert steps() == []


def test_who_has_many_leads_is_shown_no_first_steps(
    session: Session, browser_as: BrowserAs, ann: Employee, vera: Employee
) -> None:
    assert not browser_as(vera).get("dashboard.show_dashboard").has(".first-steps")
    for _ in range(4):
        make_lead(session, by=ann, owner_id=ann.id)
    assert not browser_as(ann).get("dashboard.show_dashboard").has(".first-steps")
