"""The list of customers: GET /customers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_web.models import CustomerKind, CustomerStatus, Employee
from tests.factories import make_customer, make_employee
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def names(page: Page) -> list[str]:
    return [link.get_text() for link in page.soup.select("table.list .name a")]


def test_shows_who_where_and_whose(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys A/S", billing_city="Aarhus", owner_id=ann.id)
    page = browser_as(ann).get("customers.list_customers")
    assert page.h1 == "Customers"
    assert "1 customer" in page.text
    (row,) = page.table
    assert (row["Name"], row["Number"], row["Status"]) == ("Nordlys A/S", customer.number, "Active")
    assert (row["City"], row["Owner"]) == ("Aarhus", "Ann Keller")
    assert page.link("Nordlys A/S") == f"/customers/{customer.id}"


def test_a_person_is_told_from_an_organisation(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_customer(session, name="Zoë Okoro", kind=CustomerKind.PERSON)
    assert browser_as(ann).get("customers.list_customers").table[0]["Name"] == "Zoë Okoro Person"


def test_nothing_at_all_says_what_to_do_next(browser_as: BrowserAs, ann: Employee, vera: Employee) -> None:
    page = browser_as(ann).get("customers.list_customers")
    assert "No customers yet" in page.text
    assert page.click("New customer").h1 == "New customer"
    page = browser_as(vera).get("customers.list_customers")
    assert "No customers yet" in page.text
    assert "New customer" not in page.text


def test_nothing_that_fits_leads_back_to_all(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_customer(session, name="Nordlys")
    page = browser_as(ann).get("customers.list_customers", q="somebody else")
    assert "No customers match these filters" in page.text
    assert names(page.click("Show all customers")) == ["Nordlys"]


def test_the_trash_is_left_out(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_customer(session, name="Gone", deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    assert "No customers yet" in browser_as(ann).get("customers.list_customers").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"active", "former", "inactive"}),
        ({"status": "former"}, {"former"}),
        ({"status": ["active", "inactive"]}, {"active", "inactive"}),
        ({"kind": "person"}, {"former"}),
        ({"kind": "organisation"}, {"active", "inactive"}),
        ({"owner": "nobody"}, {"inactive", "former"}),
        ({"owner": ["me", "nobody"]}, {"active", "inactive", "former"}),
        ({"owner": "me", "status": "active"}, {"active"}),
        ({"status": "x", "kind": "y", "owner": "z", "sort": "w", "at": "v"}, {"active", "former", "inactive"}),
    ],
)
def test_filters(browser_as: BrowserAs, session: Session, ann: Employee, query: dict[str, Any], found: Any) -> None:
    make_customer(session, name="active", owner_id=ann.id)
    make_customer(session, name="inactive", status=CustomerStatus.INACTIVE)
    make_customer(session, name="former", status=CustomerStatus.FORMER, kind=CustomerKind.PERSON)
    assert set(names(browser_as(ann).get("customers.list_customers", **query))) == found


@pytest.mark.parametrize("words", ["nørdlys", "NORDLYS a/s", "post@", "33123456", "+45 33 12 34 56", "DK1234"])
def test_finds_by_any_spelling(browser_as: BrowserAs, session: Session, ann: Employee, words: str) -> None:
    make_customer(
        session,
        name="Nørdlys A/S",
        email="post@nordlys.example",
        phone="33 12 34 56",
        phone_e164="+4533123456",
        vat_number="DK1234",
    )
    make_customer(session, name="Other")
    assert names(browser_as(ann).get("customers.list_customers", q=words)) == ["Nørdlys A/S"]


def test_finds_by_number(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys")
    make_customer(session, name="Other")
    assert names(browser_as(ann).get("customers.list_customers", q=customer.number.lower())) == ["Nordlys"]


def test_each_filter_is_a_chip_that_can_be_taken_away(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_customer(session, name="Nordlys", owner_id=ann.id)
    page = browser_as(ann).get(
        "customers.list_customers", q="nord", status="active", kind="organisation", owner=["me", str(ann.id), "9999"]
    )
    chips = [chip.get_text(" ", strip=True) for chip in page.soup.select(".chip")]
    assert [chip.removeprefix("Remove filter ") for chip in chips] == [
        *("“nord”", "Active", "Organization", "Owner: Me", "Owner: Ann Keller", "Owner: unknown")
    ]
    assert "q=" not in page.one(".chip")["href"]
    assert page.link("Clear all") == "/customers"


def test_mine_is_one_press_away(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    make_customer(session, name="Mine", owner_id=ann.id)
    make_customer(session, name="His", owner_id=bob.id)
    assert names(browser_as(ann).get("customers.list_customers", kind="organisation").click("Mine")) == ["Mine"]


@pytest.mark.parametrize("key", ["name", "number", "status", "city", "owner", "created_at", "updated_at"])
def test_sorts_both_ways(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, key: str) -> None:
    first: dict[str, Any] = {"status": CustomerStatus.ACTIVE, "billing_city": "Aarhus", "owner_id": ann.id}
    last: dict[str, Any] = {"status": CustomerStatus.INACTIVE, "billing_city": "Zürich", "owner_id": bob.id}
    make_customer(session, name="Ämter", created_at=datetime(2026, 1, 1, tzinfo=UTC), **first)
    make_customer(session, name="Zoo", created_at=datetime(2026, 2, 1, tzinfo=UTC), **last)
    session.connection().exec_driver_sql("UPDATE customers SET billing_state = 'x' WHERE name = 'Zoo'")
    session.commit()
    browser = browser_as(ann)
    up = names(browser.get("customers.list_customers", sort=key))
    down = names(browser.get("customers.list_customers", sort=f"-{key}"))
    assert up == down[::-1]
    if key != "updated_at":
        assert up == ["Ämter", "Zoo"]


def test_goes_on_page_by_page(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for number in range(60):
        make_customer(session, name=f"Customer {number:02}")
    first = browser_as(ann).get("customers.list_customers", kind="organisation")
    second = first.click("Next")
    assert (len(names(first)), names(second)[0], names(second)[-1]) == (50, "Customer 50", "Customer 59")
    assert names(second.click("Previous")) == names(first)
    assert "60 customers" in second.text


def test_a_page_that_has_become_empty_leads_to_the_first(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    customers = [make_customer(session, name=f"Customer {number:02}") for number in range(51)]
    second = browser_as(ann).get("customers.list_customers").link("Next")
    session.delete(customers[50])
    session.commit()
    page = browser_as(ann).open(second)
    assert "This page is now empty" in page.text
    assert len(names(page.click("Go to first page"))) == 50


def test_the_ticked_ones_are_printed_by_a_plain_form(browser_as: BrowserAs, session: Session, vera: Employee) -> None:
    customers = [make_customer(session, name=name) for name in ("Acme", "Nordlys")]
    page = browser_as(vera).get("customers.list_customers")
    assert not page.has("#bulk select")
    ids = [str(customer.id) for customer in customers]
    assert [tick["value"] for tick in page.soup.select("input[type=checkbox][form=bulk][name=ids]")] == ids
    assert page.one("#bulk button[formaction]")["formaction"] == "/customers/print"
    page = browser_as(vera).post("customers.choose_to_print", {"ids": ids})
    assert page.location == f"/customers/print?id={ids[0]}&id={ids[1]}"
    assert len(page.follow().soup.select("article")) == 2


@pytest.mark.parametrize("query", [{}, {"q": "customer", "status": "active", "owner": "nobody", "sort": "-owner"}])
def test_asks_the_database_as_often_for_many_rows(
    browser_as: BrowserAs, session: Session, ann: Employee, query: dict[str, Any]
) -> None:
    browser = browser_as(ann)
    costs = []
    for rows in (2, 20):
        for _ in range(rows):
            make_customer(session, owner_id=None if query else make_employee(session).id)
        costs.append(browser.count_queries("customers.list_customers", **query))
    assert costs[0] == costs[1] <= 8


def test_signed_out_people_sign_in_first(visitor: Browser) -> None:
    assert visitor.get("customers.list_customers").location == "/sign-in?next=/customers"
