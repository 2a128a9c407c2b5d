"""The list of all contacts: GET /contacts."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.core.clock import now
from crm_web.models import Customer, Employee
from tests.api.client import Program
from tests.factories import make_contact, make_customer, make_token
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def acme(session: Session, ann: Employee) -> Customer:
    """A customer of Ann's with two contacts; another one's customer has a third."""
    acme, zoo = make_customer(session, name="Acme", owner_id=ann.id), make_customer(session, name="Zoo")
    make_contact(session, acme, last_name="Ito", email="ito@acme.example", is_primary=True, job_title="Buyer")
    make_contact(session, zoo, last_name="Abel", phone="+49301")
    make_contact(session, acme, last_name="Nord")
    make_contact(session, acme, last_name="Gone", deleted_at=now(), deleted_by_id=ann.id)
    return acme


def names(page: Page) -> list[str]:
    return [words(name) for name in page.soup.select("td.name > a")]


def test_people_stand_by_name_with_their_customer(browser_as: BrowserAs, vera: Employee, acme: Customer) -> None:
    page = browser_as(vera).get("contacts.list_contacts")
    assert names(page) == ["Abel", "Ito", "Nord"]
    assert page.table[1] == {
        "Name": "Ito Primary contact",
        "Customer": "Acme",
        "Job title": "Buyer",
        "Email": "ito@acme.example",
        "Phone": "",
    }
    assert [link["href"] for link in page.soup.select("td.name > a")][1] == f"/customers/{acme.id}#contacts"
    assert "3 contacts" in page.text
    assert page.has("nav a[href='/contacts'][aria-current=page]")


def test_filters_and_sorts(browser_as: BrowserAs, session: Session, ann: Employee, acme: Customer) -> None:
    browser = browser_as(ann)
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"q": "ito acme"}, ["Ito"]),
        ({"owner": "me"}, ["Ito", "Nord"]),
        ({"owner": "nobody"}, ["Abel"]),
        ({"customer": acme.id}, ["Ito", "Nord"]),
        ({"no": "phone"}, ["Ito", "Nord"]),
        ({"created": "today"}, ["Abel", "Ito", "Nord"]),
        ({"sort": "-customer"}, ["Abel", "Nord", "Ito"]),
        ({"sort": "-created_at"}, ["Nord", "Abel", "Ito"]),
    ]
    for query, found in cases:
        assert names(browser.get("contacts.list_contacts", **query)) == found, query
    assert "Customer: Acme" in browser.get("contacts.list_contacts", customer=acme.id).text
    acme.deleted_at, acme.deleted_by_id = now(), ann.id
    session.commit()
    assert browser.get("contacts.list_contacts", q="ito").table[0]["Customer"] == "Acme in trash"


def test_files_and_paper_hold_the_same(browser_as: BrowserAs, ann: Employee, acme: Customer) -> None:
    browser = browser_as(ann)
    body = browser.get("contacts.list_contacts", owner="me").click("CSV").body.removeprefix("\ufeff")
    rows = list(csv.DictReader(io.StringIO(body, newline="")))
    assert [(row["Last name"], row["Customer"], row["Primary contact"]) for row in rows] == [
        ("Ito", "Acme", "Yes"),
        ("Nord", "Acme", "No"),
    ]
    assert browser.get("contacts.export_contacts_xlsx").status == 200
    assert "3 contacts" in browser.get("contacts.print_contacts").text


def test_programs_ask_in_the_same_words(app: Flask, session: Session, ann: Employee, acme: Customer) -> None:
    program = Program(app, make_token(session, ann))
    for query, found in (
        ("", ["Ito", "Abel", "Nord"]),
        ("?sort=-name", ["Nord", "Ito", "Abel"]),
        (f"?customer={acme.id}&q=nord", ["Nord"]),
    ):
        assert [item["name"] for item in program.get(f"/contacts{query}").get_json()["items"]] == found


def test_an_empty_list_says_where_contacts_come_from(browser_as: BrowserAs, visitor: Browser, ann: Employee) -> None:
    browser = browser_as(ann)
    assert "No contacts yet" in browser.get("contacts.list_contacts").text
    assert "No contacts match" in browser.get("contacts.list_contacts", q="nobody").text
    assert visitor.get("contacts.list_contacts").status == 303


def test_the_list_asks_as_much_for_twenty_as_for_two(
    browser_as: BrowserAs, session: Session, ann: Employee, acme: Customer
) -> None:
    browser, counts = browser_as(ann), []
    for more in (0, 18):
        for number in range(more):
            make_contact(session, make_customer(session, name=f"C {number}"))
        counts.append(browser.count_queries("contacts.list_contacts"))
    assert counts[0] == counts[1] <= 6
