"""The paper about customers: GET /customers/<id>/print and GET /customers/print?id=…"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_web.models import ActivityKind, Employee, LeadStatus
from tests.factories import make_activity, make_contact, make_customer, make_employee, make_lead
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]


def tables(page: Page) -> dict[str, list[list[str]]]:
    return {
        words(table.find_previous("h2", "h3") or table): [
            [words(cell) for cell in row.select("th, td")] for row in table.select("tbody tr")
        ]
        for table in page.soup.select("article table")
    }


def test_is_all_that_one_takes_to_a_meeting(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    parent = make_customer(session, name="Group")
    customer = make_customer(
        session,
        name="Nordlys A/S",
        billing_city="Aarhus",
        billing_country="DK",
        shipping_street="Havnen 2",
        shipping_city="Guildford",
        shipping_postal_code="GU1 3AA",
        shipping_country="GB",
        owner_id=bob.id,
        parent_id=parent.id,
        description="A\nB",
    )
    make_contact(session, customer, last_name="Berg", job_title="Buyer", phone="1", mobile="2", is_primary=True)
    won: dict[str, Any] = {
        "status": LeadStatus.WON,
        "customer_id": customer.id,
        "closed_at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    make_lead(session, last_name="First", amount=1000, currency="EUR", owner_id=ann.id, **won)
    make_lead(session, last_name="Second", amount=500, currency="USD", **won)
    make_lead(session, last_name="Going", customer_id=customer.id, expected_close_on=date(2026, 12, 1))
    make_lead(session, last_name="Lost", customer_id=customer.id, status=LeadStatus.LOST)
    times: dict[str, Any] = {"happened_at": datetime(2026, 3, 5, tzinfo=UTC)}
    make_activity(session, by=bob, kind=ActivityKind.CALL, subject="Talked", body="x", customer_id=customer.id, **times)
    page = browser_as(ann).get("customers.print_customer", customer_id=customer.id)
    assert (page.h1, page.title) == ("Nordlys A/S", "Nordlys A/S · Print · Piper")
    assert words(page.one(".letterhead")) == f"Piper Trading LtdCustomer {customer.number}"
    assert page.facts["Billing address"] == "Aarhus Denmark"
    assert page.facts["Shipping address"] == "Havnen 2 Guildford GU1 3AA United Kingdom"
    assert (page.facts["Owner"], page.facts["Parent company"]) == ("Bob Tanaka", "Group")
    assert tables(page) == {
        "Contacts": [["Berg (primary contact)", "Buyer", "1, 2", ""]],
        "Won leads": [
            ["Second", "Mar 1, 2026", "", "$500"],
            ["First", "Mar 1, 2026", "Ann Keller", "€1,000"],
            ["Total (EUR)", "€1,000"],
            ["Total (USD)", "$500"],
        ],
        "Open leads": [["Going", "New, Dec 1, 2026", "", ""]],
        "Recent activity": [["Mar 5, 2026", "Call: Talkedx", "Bob Tanaka"]],
    }
    assert words(page.one(".printed")).startswith("Printed by Ann Keller, ")
    assert not page.has("nav")
    assert page.link("Back") == f"/customers/{customer.id}"


def test_several_stand_on_a_paper_each(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customers = [make_customer(session, name=name) for name in ("Zoo", "Ämter", "Nordlys")]
    page = browser_as(ann).get("customers.print_customers", id=[customer.id for customer in customers[:2]])
    assert [words(title) for title in page.soup.select(".paper-title")] == ["Ämter", "Zoo"]
    assert page.title == "Ämter and 1 other customer · Print · Piper"
    assert page.link("Back") == "/customers"
    assert len(page.soup.select(".printed")) == 2


def test_only_what_matters_next_is_on_it(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session)
    other = make_lead(session, customer_id=customer.id)
    for number in range(10):
        times: dict[str, Any] = {"happened_at": datetime(2026, 3, number + 1, tzinfo=UTC)}
        make_activity(session, subject=f"Note {number}", lead_id=other.id, **times)
    done: dict[str, Any] = {"kind": ActivityKind.TASK, "done_at": datetime(2026, 4, 1, tzinfo=UTC)}
    make_activity(session, subject="Done", customer_id=customer.id, **done)
    make_activity(session, subject="To do", customer_id=customer.id, kind=ActivityKind.TASK, due_on=date(2026, 5, 1))
    page = browser_as(ann).get("customers.print_customer", customer_id=customer.id)
    notes = [row[1] for row in tables(page)["Recent activity"]]
    assert notes[:2] == ["Task: To do due May 1, 2026", "Note: Note 9"]
    assert len(notes) == 8


def test_long_and_foreign_text_is_printed_as_it_is(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for name in ("x" * 300, "شركة الأفق", "株式会社あ", "<script>alert(1)</script>"):
        customer = make_customer(session, name=name)
        page = browser_as(ann).get("customers.print_customer", customer_id=customer.id)
        assert page.one("h1").get_text() == name


def test_choosing_nobody_says_what_to_do(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_customer(session)
    page = browser_as(ann).get("customers.print_customers")
    assert page.location == "/customers"
    assert "Select the customers to print first." in page.follow().flash
    assert browser_as(ann).get("customers.print_customers", id=["x", "-1", "9" * 30]).location == "/customers"


def test_what_is_not_there_is_left_out(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session)
    gone = make_customer(session, deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    browser = browser_as(ann)
    assert browser.get("customers.print_customer", customer_id=9999).status == 404
    assert browser.get("customers.print_customer", customer_id=gone.id).status == 404
    page = browser.get("customers.print_customers", id=[9999, gone.id, customer.id])
    assert len(page.soup.select("article")) == 1
    assert browser.get("customers.print_customers", id=[9999, gone.id]).status == 404


@pytest.mark.parametrize("rows", [2, 20])
def test_asks_the_database_as_often_for_many(browser_as: BrowserAs, session: Session, ann: Employee, rows: int) -> None:
    customers = []
    for _ in range(rows):
        owner = make_employee(session)
        customer = make_customer(session, owner_id=owner.id, parent_id=make_customer(session).id)
        make_contact(session, customer)
        lead = make_lead(session, customer_id=customer.id, owner_id=owner.id, status=LeadStatus.WON, amount=1)
        make_activity(session, by=owner, lead_id=lead.id)
        customers.append(customer)
    browser = browser_as(ann)
    ids = [customer.id for customer in customers]
    assert browser.count_queries("customers.print_customers", id=ids) == 5
    assert len(browser.get("customers.print_customers", id=ids).soup.select("article")) == rows


def test_a_viewer_may_and_a_stranger_may_not(
    browser_as: BrowserAs, visitor: Browser, session: Session, vera: Employee
) -> None:
    customer = make_customer(session)
    assert browser_as(vera).get("customers.print_customer", customer_id=customer.id).status == 200
    assert visitor.get("customers.print_customer", customer_id=customer.id).status == 303
    assert visitor.get("customers.print_customers", id=customer.id).status == 303
