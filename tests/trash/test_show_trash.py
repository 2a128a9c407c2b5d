"""What was moved to the trash: GET /trash."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.factories import make_contact, make_customer, make_employee, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def names(page: Page) -> list[str]:
    return [link.get_text() for link in page.soup.select("table.list .name a")]


def gone(by: Employee, hours: int = 0) -> dict[str, Any]:
    return {"deleted_at": datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hours), "deleted_by_id": by.id}


def test_what_went_last_stands_on_top_with_who_and_when(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    customer = make_customer(session, name="Nordlys", **gone(max, hours=2))
    make_contact(session, customer, last_name="Berg", **gone(ann, hours=3))
    lead = make_lead(session, last_name="Okoro", company="Acme", **gone(ann, hours=1))
    make_lead(session, company="Last", **gone(ann))
    page = browser_as(ann).get("trash.show_trash")
    assert page.h1 == "Trash"
    assert [(row["Name"], row["Type"], row["Deleted by"]) for row in page.table] == [
        ("Berg at Nordlys", "Contact", "Ann Keller"),
        (f"Nordlys {customer.number}", "Customer", "Max Lindqvist"),
        ("Okoro Acme", "Lead", "Ann Keller"),
        ("Last", "Lead", "Ann Keller"),
    ]
    assert page.table[0]["Date"] == "Mar 1, 2026"
    assert page.link("Berg") == page.link("Nordlys") == f"/customers/{customer.id}"
    assert page.link("Okoro") == f"/leads/{lead.id}"


@pytest.mark.parametrize("kind", ["lead", "customer", "contact"])
def test_each_kind_is_restored_from_here(browser_as: BrowserAs, session: Session, ann: Employee, kind: str) -> None:
    customer = make_customer(session, name="Nordlys", **(gone(ann) if kind == "customer" else {}))
    if kind == "lead":
        make_lead(session, last_name="Nordlys", **gone(ann))
    if kind == "contact":
        make_contact(session, customer, last_name="Nordlys", **gone(ann))
    page = browser_as(ann).get("trash.show_trash").button("Restore Nordlys").follow()
    assert "Nordlys restored." in page.flash
    assert "The trash is empty" in browser_as(ann).get("trash.show_trash").text


def test_only_who_may_change_it_can_restore_it(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, max: Employee, vera: Employee
) -> None:
    customer = make_customer(session, name="Hers", owner_id=ann.id, **gone(ann))
    make_contact(session, customer, last_name="At hers", **gone(ann))
    make_lead(session, last_name="His", owner_id=bob.id, **gone(bob))
    make_lead(session, last_name="Nobody’s", **gone(bob))

    def restorable(employee: Employee) -> set[str]:
        page = browser_as(employee).get("trash.show_trash")
        assert len(names(page)) == 4
        return {str(button["aria-label"]) for button in page.soup.select("td button")}

    assert restorable(ann) == {"Restore Hers", "Restore At hers", "Restore Nobody’s"}
    assert restorable(bob) == {"Restore His", "Restore Nobody’s"}
    assert len(restorable(max)) == 4
    assert restorable(vera) == set()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Contact", "Customer", "Lead"]),
        ({"kind": "lead"}, ["Lead"]),
        ({"kind": "customer"}, ["Customer"]),
        ({"kind": "contact"}, ["Contact"]),
        ({"kind": "nonsense", "at": "x", "sort": "y"}, ["Contact", "Customer", "Lead"]),
    ],
)
def test_one_kind_or_all(
    browser_as: BrowserAs, session: Session, ann: Employee, query: dict[str, Any], found: Any
) -> None:
    make_lead(session, last_name="Lead", **gone(ann))
    customer = make_customer(session, name="Customer", **gone(ann, hours=1))
    make_contact(session, customer, last_name="Contact", **gone(ann, hours=2))
    assert names(browser_as(ann).get("trash.show_trash", **query)) == found


def test_an_empty_trash_says_what_it_is_for(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session)
    page = browser_as(ann).get("trash.show_trash")
    assert "The trash is empty" in page.text


def test_goes_on_page_by_page(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customers = [make_customer(session, name=f"Customer {number:02}", **gone(ann)) for number in range(51)]
    first = browser_as(ann).get("trash.show_trash")
    second = first.click("Next")
    assert (len(names(first)), names(second)) == (50, ["Customer 00"])
    assert names(second.click("Previous")) == names(first)
    customers[0].deleted_at = customers[0].deleted_by_id = None
    session.commit()
    page = browser_as(ann).open(first.link("Next"))
    assert "This page is now empty" in page.text
    assert len(names(page.click("First page"))) == 50


@pytest.mark.parametrize("rows", [2, 15])
def test_asks_the_database_as_often_for_many_rows(browser_as: BrowserAs, session: Session, rows: int) -> None:
    for _ in range(rows):
        by = make_employee(session)
        customer = make_customer(session, owner_id=by.id, **gone(by))
        make_contact(session, customer, **gone(by))
        make_lead(session, owner_id=by.id, **gone(by))
    assert browser_as(by).count_queries("trash.show_trash") == 6


def test_signed_out_people_sign_in_first(visitor: Browser) -> None:
    assert visitor.get("trash.show_trash").location == "/sign-in?next=/trash"
