"""Entering a customer by hand: GET and POST /customers/new."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Change, Customer, CustomerKind, CustomerStatus, Employee
from tests.factories import make_contact, make_customer, make_employee, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]

EVERYTHING = {
    "name": " Nørdlys A/S ",
    "kind": "person",
    "status": "inactive",
    "email": "post@nordlys.example",
    "phone": "+45 33 12 34 56",
    "website": "www.nordlys.example",
    "billing_street": "Åboulevarden 1\n2. sal",
    "billing_city": "Aarhus",
    "billing_state": "Midtjylland",
    "billing_postal_code": "8000",
    "billing_country": "DK",
    "shipping_street": "Havnen 2",
    "shipping_city": "Odense",
    "shipping_state": "Fyn",
    "shipping_postal_code": "5000",
    "shipping_country": "DK",
    "industry": "Energy",
    "vat_number": "DK12345678",
    "registration_number": "CVR 1",
    "description": "Line one\nLine two",
}


def find(session: Session) -> Any:
    session.expire_all()
    return session.scalars(select(Customer).order_by(Customer.id.desc())).first()


def test_everything_that_is_typed_is_kept(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    page = browser_as(ann).get("customers.new_customer")
    assert page.h1 == "New customer"
    form = page.form("new")
    assert form["owner_id"] == str(ann.id)
    page = form.fill(**EVERYTHING).submit()
    customer = find(session)
    assert page.location == f"/customers/{customer.id}"
    assert f"{customer.number} Nørdlys A/S created." in page.follow().flash
    assert {name: getattr(customer, name) for name in EVERYTHING} == EVERYTHING | {
        "kind": CustomerKind.PERSON,
        "status": CustomerStatus.INACTIVE,
    }
    assert (customer.phone_e164, customer.owner_id, customer.created_by_id) == ("+4533123456", ann.id, ann.id)


def test_a_name_is_enough(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    assert browser_as(ann).post("customers.create_customer", {"name": "Nordlys"}).status == 303
    customer = find(session)
    assert (customer.kind, customer.status) == (CustomerKind.ORGANISATION, CustomerStatus.ACTIVE)
    assert (customer.email, customer.owner_id) == (None, ann.id)


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({"name": "   "}, "name", "Enter the customer’s name."),
        ({"name": "x" * 301}, "name", "Shorten this to 300"),
        ({"name": "a\x00b"}, "name", "NUL"),
        ({"email": "nobody"}, "email", "Enter an email address"),
        ({"phone": "12"}, "phone", "phone number"),
        ({"website": "no site"}, "website", "Enter a website"),
        ({"billing_country": "Atlantis"}, "billing_country", "Choose a country"),
        ({"kind": "robot"}, "kind", "Choose one from the list."),
        ({"kind": ""}, "kind", "Choose Person or Organization."),
        ({"status": ""}, "status", "Choose a status."),
        ({"owner_id": "9999"}, "owner_id", "Choose an active employee. Viewers can’t own records."),
        ({"vat_number": "x" * 51}, "vat_number", "Shorten this to 50"),
        ({"parent": "Nobody we know"}, "parent", "No customer found."),
        ({"parent": "C-99999"}, "parent", "No customer found."),
        ({"parent": "a\x00b"}, "parent", "No customer found."),
    ],
)
def test_an_invalid_form_comes_back_with_everything_typed(
    browser_as: BrowserAs, session: Session, ann: Employee, data: dict[str, Any], field: str, message: str
) -> None:
    typed = {"name": "Nordlys", "description": "A\nB"} | data
    page = browser_as(ann).post("customers.create_customer", typed)
    assert page.status == 422
    assert message in page.errors[field]
    assert page.form("new")["description"] == "A\nB"
    if data[field].isprintable() and page.soup.select_one(f"input[name={field}]"):
        assert page.form("new")[field] == data[field]
    assert find(session) is None


def test_an_owner_must_be_entitled(browser_as: BrowserAs, session: Session, ann: Employee, vera: Employee) -> None:
    gone = make_employee(session, is_active=False)
    for owner in (gone, vera):
        page = browser_as(ann).post("customers.create_customer", {"name": "Nordlys", "owner_id": str(owner.id)})
        assert "Choose an active employee. Viewers can’t own records." in page.errors["owner_id"]


# The parent company


@pytest.mark.parametrize("typed", ["{number}", "{number} Nørdlys", " {number} whatever", "Nørdlys", "NORDLYS"])
def test_the_parent_is_named_by_number_or_name(
    browser_as: BrowserAs, session: Session, ann: Employee, typed: str
) -> None:
    parent = make_customer(session, name="Nørdlys")
    form = browser_as(ann).get("customers.new_customer").form("new")
    page = form.fill(name="Daughter", parent=typed.format(number=parent.number)).submit().follow()
    assert find(session).parent_id == parent.id
    assert page.link(f"{parent.number} Nørdlys") == f"/customers/{parent.id}"


def test_a_name_that_two_have_needs_the_number(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_customer(session, name="Nordlys")
    make_customer(session, name="nordlys")
    page = browser_as(ann).post("customers.create_customer", {"name": "Daughter", "parent": "Nordlys"})
    assert "Several customers have this name." in page.errors["parent"]


def test_a_parent_in_the_trash_is_none(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    parent = make_customer(session, deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    page = browser_as(ann).post("customers.create_customer", {"name": "Daughter", "parent": parent.number})
    assert "No customer found." in page.errors["parent"]


def test_likely_parents_are_suggested(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    parent = make_customer(session, name="Nørdlys")
    make_customer(session, name="Other")
    browser = browser_as(ann)
    assert browser.get("customers.suggest_customers", q="nord").response.json == [f"{parent.number} Nørdlys"]
    assert browser.get("customers.suggest_customers", q=" ").response.json == []
    assert browser.get("customers.suggest_customers", q="\x00").response.json == []
    field = browser.get("customers.new_customer").one("input[name=parent]")
    assert field["data-suggest"] == "/customers/suggest"


# Possible duplicates


def test_who_may_be_the_same_is_shown_before_saving(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro", email="post@nordlys.example")
    customer = make_customer(session, name="Nordlys", phone="+45 33 12 34 56", phone_e164="+4533123456")
    make_contact(session, customer, last_name="Berg", email="POST@nordlys.example")
    form = browser_as(ann).get("customers.new_customer").form("new")
    page = form.fill(name="Nordlys 2", email="post@nordlys.example", phone="+45 (33) 12-34-56").submit()
    assert page.status == 422
    assert "Possible duplicate" in page.text
    assert page.link("Okoro") == f"/leads/{lead.id}"
    assert page.link("Berg") == f"/customers/{customer.id}"
    assert find(session).name == "Nordlys"
    assert page.form("new")["name"] == "Nordlys 2"
    assert page.button("Save anyway").status == 303
    assert find(session).name == "Nordlys 2"


def test_another_duplicate_is_asked_about_again(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_customer(session, name="One", email="one@nordlys.example")
    make_customer(session, name="Two", email="two@nordlys.example")
    form = browser_as(ann).get("customers.new_customer").form("new").fill(name="New", email="one@nordlys.example")
    page = form.submit().form("new").fill(email="two@nordlys.example").submit()
    assert page.status == 422
    assert page.link("Two")


def test_history_says_who_entered_it(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser_as(ann).post("customers.create_customer", {"name": "Nordlys"})
    change = session.scalars(select(Change).where(Change.entity == "customer")).one()
    assert (change.action, change.actor_id, change.source) == ("created", ann.id, "web")


def test_a_viewer_is_refused_with_the_reason(browser_as: BrowserAs, vera: Employee) -> None:
    browser = browser_as(vera)
    page = browser.post("customers.create_customer", {"name": "Nordlys"})
    assert page.status == 403
    assert "Ask an admin for the Sales role." in page.text
    assert browser.get("customers.new_customer").status == 403


def test_signed_out_people_sign_in_first(visitor: Browser) -> None:
    assert visitor.get("customers.new_customer").location == "/sign-in?next=/customers/new"
    assert visitor.post("customers.create_customer", {"name": "x"}).location == "/sign-in"
