"""The dashboard: figures that equal the rows, each leading to the leads that it counts."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.clock import now
from crm_web.core.request_log import count_queries
from crm_web.models import ActivityKind, Customer, Employee, Lead, LeadStatus, StatusKind
from crm_web.web.template_filters import money
from tests.factories import make_activity, make_customer, make_employee, make_lead
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]
ZONES = ("UTC", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata")


@pytest.fixture
def leads(session: Session, ann: Employee, bob: Employee, max: Employee) -> list[Lead]:
    """Leads of all sorts: owners, statuses, currencies, times around the borders of months, some in the trash."""
    ann.manager_id = bob.manager_id = max.id
    session.commit()
    chance = Random("dashboard")  # noqa: S311
    customer = make_customer(session)
    leads = [
        make_lead(session, **_some_fields(chance, customer), owner_id=owner and owner.id)
        for owner in (ann, bob, max, None)
        for _ in range(12)
    ]
    for lead in leads[::10]:
        lead.deleted_at, lead.deleted_by_id = now(), ann.id
    session.commit()
    return leads


def _some_fields(chance: Random, customer: Customer) -> dict[str, Any]:
    status = chance.choice(list(LeadStatus))
    month = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    amount = chance.choice([None, Decimal("1000.10"), Decimal(250)])
    return {
        "status": status,
        "created_at": now() - timedelta(days=chance.choice([0, 1, 3, 6, 8, 40]), hours=chance.randrange(24)),
        "closed_at": None
        if status.kind is StatusKind.OPEN
        else month + timedelta(hours=chance.choice([-900, -20, -8, -1, 0, 7, 13])),
        "amount": amount,
        "currency": chance.choice(["EUR", "USD", "GBP", "JPY", "SEK"]) if amount else None,
        "customer_id": customer.id if status is LeadStatus.WON else None,
    }


def _seen(session: Session, *owners: Employee | None) -> list[Lead]:
    """The rows outside the trash of some owners, read without any of the product's queries."""
    ids = {owner and owner.id for owner in owners}
    return [lead for lead in session.scalars(select(Lead)) if lead.deleted_at is None and lead.owner_id in ids]


def _figures(page: Page) -> dict[str, tuple[int, str]]:
    """The number and the address behind each figure, by what its link says."""
    return {
        str(link["aria-label"]).partition(":")[0]: (int(words(link)), str(link["href"]))
        for link in page.soup.select(".figure a")
    }


def _bars(page: Page) -> dict[str, tuple[int, str, str]]:
    """The number, the worth and the address of each status in the chart."""
    bars = {}
    for row in page.soup.select("table.chart tbody tr"):
        label, _, count, worth = (words(cell) for cell in row.select("th, td"))
        link = row.select_one("a")
        assert link is not None
        bars[label] = (int(count), worth, str(link["href"]))
    return bars


def _count_listed(browser: Browser, href: str) -> int:
    page = browser.open(href)
    return len(page.table) if page.has("tbody tr") else 0


@pytest.mark.parametrize("scope", ["me", "team", "all"])
def test_counts_each_status_as_the_rows_do(
    session: Session, browser_as: BrowserAs, leads: list[Lead], max: Employee, ann: Employee, bob: Employee, scope: str
) -> None:
    owners: dict[str, list[Employee | None]] = {
        "me": [max],
        "team": [max, ann, bob],
        "all": [max, ann, bob, None],
    }
    rows = _seen(session, *owners[scope])
    bars = _bars(browser_as(max).get("dashboard.show_dashboard", scope=scope))
    assert {label: count for label, (count, _, _) in bars.items()} == {
        status.label: sum(row.status is status for row in rows) for status in LeadStatus
    }


def test_adds_up_each_currency_for_itself(
    session: Session,
    browser_as: BrowserAs,
    leads: list[Lead],
    ada: Employee,
    ann: Employee,
    bob: Employee,
    max: Employee,
) -> None:
    rows = _seen(session, ann, bob, max, None)
    bars = _bars(browser_as(ada).get("dashboard.show_dashboard"))
    for status in LeadStatus:
        worth: dict[str, list[Decimal]] = defaultdict(list)
        for row in rows:
            if row.status is status and row.amount is not None:
                worth[str(row.currency)].append(row.amount)
        # The installation's own currency first, so that one sum compares with the next.
        biggest = sorted(worth, key=lambda currency: (currency != "USD", -len(worth[currency]), currency))
        told = " · ".join(money(sum(worth[currency], Decimal(0)), currency) for currency in biggest[:3])
        more = f" and {len(biggest) - 3} more" if len(biggest) > 3 else ""
        assert bars[status.label][1].replace("\xa0", " ") == (told + more).replace("\xa0", " ")


@pytest.mark.parametrize("zone", ZONES)
def test_months_and_weeks_are_those_of_the_reader(
    session: Session, browser_as: BrowserAs, leads: list[Lead], ann: Employee, bob: Employee, max: Employee, zone: str
) -> None:
    max.time_zone = zone
    session.commit()
    rows = _seen(session, ann, bob, max, None)
    figures = _figures(browser_as(max).get("dashboard.show_dashboard", scope="all"))
    counted = Counter[str]()
    today = now().astimezone(ZoneInfo(zone)).date()
    last_month = today.replace(day=1) - timedelta(days=1)
    for row in rows:
        if row.status.kind is StatusKind.OPEN:
            counted["Open leads"] += 1
        created_on = row.created_at.astimezone(ZoneInfo(zone)).date()
        if today - timedelta(days=today.weekday()) <= created_on:
            counted["New this week"] += 1
        if row.closed_at:
            closed_on = row.closed_at.astimezone(ZoneInfo(zone)).date()
            month = {(today.year, today.month): "this", (last_month.year, last_month.month): "last"}.get(
                (closed_on.year, closed_on.month)
            )
            counted[f"{row.status.kind.value.capitalize()} {month} month"] += 1
    assert {label: count for label, (count, _) in figures.items()} == {
        label: counted[label]
        for label in (
            "Open leads",
            "New this week",
            "Won this month",
            "Won last month",
            "Lost this month",
            "Lost last month",
        )
    }


@pytest.mark.parametrize("scope", ["me", "team", "all"])
@pytest.mark.parametrize("read", [_figures, _bars])
def test_every_number_leads_to_exactly_its_leads(
    session: Session,
    browser_as: BrowserAs,
    leads: list[Lead],
    max: Employee,
    read: Callable[[Page], dict[str, tuple[Any, ...]]],
    scope: str,
) -> None:
    max.time_zone = "Pacific/Auckland"
    session.commit()
    browser = browser_as(max)
    told = read(browser.get("dashboard.show_dashboard", scope=scope))
    listed = {label: _count_listed(browser, figure[-1]) for label, figure in told.items()}
    assert listed == {label: figure[0] for label, figure in told.items()}


def test_everyone_begins_with_what_concerns_them_most(
    browser_as: BrowserAs, leads: list[Lead], ada: Employee, max: Employee, ann: Employee, vera: Employee
) -> None:
    shown = {
        person.name: words(browser_as(person).get("dashboard.show_dashboard").one(".view-tabs [aria-current]"))
        for person in (ada, max, ann, vera)
    }
    assert list(shown.values()) == ["All", "All", "Mine", "All"]


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
    app.extensions["kept"].clear()
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
