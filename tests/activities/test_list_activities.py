"""The list of all activities: GET /activities."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy.orm import Session

from crm_web.core.clock import now
from crm_web.models import Activity, ActivityKind, Customer, Employee, Lead
from tests.api.client import Program
from tests.factories import make_activity, make_customer, make_lead, make_token
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def lead(session: Session) -> Lead:
    return make_lead(session, last_name="Okoro")


@pytest.fixture
def customer(session: Session) -> Customer:
    return make_customer(session, name="Nordlys")


@pytest.fixture
def activities(session: Session, lead: Lead, customer: Customer, ann: Employee, bob: Employee) -> list[Activity]:
    """One of each sort, from the first to the fifth of March at noon in UTC."""

    def noon(day: int) -> datetime:
        return datetime(2026, 3, day, 12, tzinfo=UTC)

    task, done = ActivityKind.TASK, noon(6)
    return [
        make_activity(session, ann, lead_id=lead.id, subject="Noted", happened_at=noon(1)),
        make_activity(session, bob, lead_id=lead.id, subject="Called", kind=ActivityKind.CALL, happened_at=noon(2)),
        make_activity(session, ann, customer_id=customer.id, subject="To do", kind=task, happened_at=noon(3)),
        make_activity(
            session, bob, lead_id=lead.id, subject="Did", kind=task, happened_at=noon(4), done_at=done, assignee=ann
        ),
        make_activity(session, None, customer_id=customer.id, subject="Came", happened_at=noon(5)),
    ]


def subjects(page: Page) -> list[str]:
    return [words(name) for name in page.soup.select("td.name > a")]


def test_what_happened_stands_newest_first_with_who_and_on_what(
    browser_as: BrowserAs, activities: list[Activity], vera: Employee, lead: Lead, customer: Customer
) -> None:
    page = browser_as(vera).get("activities.list_activities")
    assert subjects(page) == ["Came", "Did", "To do", "Called", "Noted"]
    assert {name: page.table[3][name] for name in ("Activity", "Type", "Lead or customer", "Added by")} == {
        "Activity": "Called",
        "Type": "Call",
        "Lead or customer": "Okoro",
        "Added by": "Bob Tanaka",
    }
    links = [str(link["href"]) for link in page.soup.select("table.list tbody td:not(.name) a")]
    assert links == [f"/{'customers' if a.customer_id else 'leads'}/{a.record.id}" for a in reversed(activities)]
    assert "5 activities" in page.text


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"author": "me"}, ["To do", "Noted"]),
        ({"author": "team"}, ["Did", "To do", "Called", "Noted"]),
        ({"author": "nobody"}, ["Came"]),
        ({"author": ["me", "nobody"]}, ["Came", "To do", "Noted"]),
        ({"kind": ["call", "task"]}, ["Did", "To do", "Called"]),
        ({"tasks": "open"}, ["To do"]),
        ({"tasks": "done"}, ["Did"]),
        ({"assignee": "me"}, ["Did"]),
        ({"happened_from": "2026-03-02", "happened_to": "2026-03-04"}, ["To do", "Called"]),
        ({"author": "me", "kind": "note", "happened_to": "2026-03-03"}, ["Noted"]),
    ],
)
def test_filters_leave_what_they_say(
    browser_as: BrowserAs,
    session: Session,
    activities: list[Activity],
    ann: Employee,
    bob: Employee,
    filters: dict[str, Any],
    expected: list[str],
) -> None:
    bob.manager_id = ann.id
    session.commit()
    page = browser_as(ann).get("activities.list_activities", **filters)
    assert subjects(page) == expected
    count = sum(len(value) if isinstance(value, list) else 1 for value in filters.values())
    assert len(page.soup.select(".chip")) == count


def test_one_person_is_chosen_by_number(browser_as: BrowserAs, activities: list[Activity], bob: Employee) -> None:
    page = browser_as(bob).get("activities.list_activities", author=bob.id)
    assert subjects(page) == ["Did", "Called"]
    assert not page.has("select[name=sort]")
    assert "Added by: Bob Tanaka" in page.text


def test_a_day_begins_in_the_readers_zone(
    browser_as: BrowserAs, session: Session, activities: list[Activity], ann: Employee
) -> None:
    ann.time_zone = "Pacific/Kiritimati"
    session.commit()
    page = browser_as(ann).get("activities.list_activities", happened_from="2026-03-02", happened_to="2026-03-03")
    assert subjects(page) == ["Noted"]


def test_what_is_in_the_trash_says_so_and_is_nothing_to_do(
    browser_as: BrowserAs, session: Session, activities: list[Activity], ann: Employee, customer: Customer
) -> None:
    customer.deleted_at, customer.deleted_by_id = now(), ann.id
    session.commit()
    browser = browser_as(ann)
    assert browser.get("activities.list_activities", author="nobody").table[0]["Lead or customer"] == "Nordlys in trash"
    assert browser.get("activities.list_activities", tasks="open").h1 == "Activities"
    assert subjects(browser.get("activities.list_activities", tasks="open")) == []


def test_pages_follow_each_other_without_a_gap_in_the_same_moment(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    moment = now() - timedelta(days=1)
    fields = {"lead_id": lead.id, "kind": ActivityKind.NOTE, "happened_at": moment, "created_by_id": ann.id}
    session.add_all([Activity(subject=f"Same {number}", **fields) for number in range(60)])
    session.commit()
    first = browser_as(ann).get("activities.list_activities", author="me")
    second = first.click("Next")
    assert subjects(first) + subjects(second) == [f"Same {number}" for number in reversed(range(60))]
    assert subjects(second.click("Previous")) == subjects(first)


@pytest.mark.parametrize(
    "address",
    [
        {"author": ["9" * 40, "' OR 1=1 --"], "kind": "nothing", "tasks": "late"},
        {"author": str(2**63 - 1), "assignee": "-1"},
        {"happened_from": "soon", "happened_to": "2026-13-40"},
        {"at": "WyJhZnRlciIsICJub3doZXJlIiwgMV0"},
    ],
)
def test_whatever_stands_in_the_address_is_taken_or_left_out(
    browser_as: BrowserAs, activities: list[Activity], ann: Employee, address: dict[str, Any]
) -> None:
    assert browser_as(ann).get("activities.list_activities", **address).status == 200


def test_a_day_that_is_none_is_named(browser_as: BrowserAs, activities: list[Activity], ann: Employee) -> None:
    page = browser_as(ann).get("activities.list_activities", happened_from="soon")
    assert "Not applied: “soon” is not a date (date from)." in page.text


def test_an_empty_company_is_told_so(browser_as: BrowserAs, ann: Employee) -> None:
    assert "No activities yet" in browser_as(ann).get("activities.list_activities").text


def test_nothing_that_fits_is_told_so(browser_as: BrowserAs, activities: list[Activity], ann: Employee) -> None:
    page = browser_as(ann).get("activities.list_activities", kind="meeting")
    assert len(page.click("Show all activities").table) == 5


def test_who_is_signed_out_sees_nothing(visitor: Browser) -> None:
    assert visitor.get("activities.list_activities").status == 303


def test_the_list_asks_as_much_for_twenty_as_for_two(
    browser_as: BrowserAs, session: Session, activities: list[Activity], ann: Employee, lead: Lead
) -> None:
    browser, counts = browser_as(ann), []
    for more in (0, 20):
        for number in range(more):
            other = make_lead(session, last_name=f"Lead {number}")
            make_activity(session, ann, lead_id=other.id, kind=ActivityKind.TASK, assignee_id=ann.id)
        counts.append(browser.count_queries("activities.list_activities", author="me"))
    assert counts[0] == counts[1] <= 6


def test_shows_and_sorts_by_the_columns_that_somebody_chose(
    browser_as: BrowserAs, activities: list[Activity], ann: Employee
) -> None:
    page = browser_as(ann).get("activities.list_activities", columns=["assignee", "record"], sort="record")
    assert subjects(page) == ["To do", "Came", "Noted", "Called", "Did"]
    assert page.table[4] | {"Activity": ""} == {
        "Activity": "",
        "Lead or customer": "Okoro",
        "Assigned to": "Ann Keller",
    }
    assert [words(box) for box in page.soup.select("input[name=columns][checked] + label")] == [
        "Lead or customer",
        "Assigned to",
    ]
    for sort, first in (("subject", "Called"), ("-done_at", "Did"), ("kind", "Noted"), ("created_by", "Came")):
        assert subjects(browser_as(ann).get("activities.list_activities", sort=sort))[0] == first


def test_files_and_paper_hold_what_the_list_shows(
    browser_as: BrowserAs, activities: list[Activity], ann: Employee
) -> None:
    browser = browser_as(ann)
    page = browser.get("activities.list_activities", kind=["call", "task"])
    rows = list(csv.DictReader(io.StringIO(page.click("CSV").body.removeprefix("\ufeff"), newline="")))
    assert [row["Activity"] for row in rows] == ["Did", "To do", "Called"]
    assert {name: rows[0][name] for name in ("Type", "Lead", "Customer", "Assigned to", "Added by")} == {
        "Type": "Task",
        "Lead": "Okoro",
        "Customer": "",
        "Assigned to": "Ann Keller",
        "Added by": "Bob Tanaka",
    }
    chosen = browser.get("activities.export_activities", columns="record", kind="call").body
    assert chosen.removeprefix("\ufeff").splitlines() == ["Activity,Lead or customer", "Called,Okoro"]
    file = browser.get("activities.export_activities_xlsx", kind="call").response.data
    book = CalamineWorkbook.from_filelike(io.BytesIO(file))
    assert [row[1] for row in book.get_sheet_by_name("Activities").to_python()] == ["Activity", "Called"]
    assert ["Filters", "Call"] in book.get_sheet_by_name("About this file").to_python()
    paper = browser.get("activities.print_activities", kind="call")
    assert "1 activity" in paper.text and "Called" in paper.text and "Did" not in paper.text


def test_programs_ask_in_the_same_words(
    app: Flask, session: Session, activities: list[Activity], ann: Employee
) -> None:
    program = Program(app, make_token(session, ann))
    items = program.get("/activities?kind=call&kind=task&sort=subject").get_json()["items"]
    assert [(item["subject"], item["kind"]) for item in items] == [
        ("Called", "call"),
        ("Did", "task"),
        ("To do", "task"),
    ]
    assert [item["subject"] for item in program.get("/activities?tasks=open").get_json()["items"]] == ["To do"]
    assert program.get("/activities?kind=letter").status_code == 422
