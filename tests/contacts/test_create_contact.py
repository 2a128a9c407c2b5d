"""Adding a person to a customer: GET and POST /customers/<id>/contacts/new."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Change, Contact, Employee
from tests.factories import make_contact, make_customer
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]

EVERYTHING = {
    "salutation": "Dr",
    "first_name": " Zoë",
    "last_name": "Okoro",
    "job_title": "Buyer",
    "email": "zoe@nordlys.example",
    "phone": "+45 33 12 34 56",
    "mobile": "+45 20 12 34 56",
    "description": "Line one\nLine two",
}


def find(session: Session) -> Any:
    session.expire_all()
    return session.scalars(select(Contact).order_by(Contact.id.desc())).first()


def test_everything_that_is_typed_is_kept(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys", owner_id=ann.id)
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id).click("Add contact")
    assert page.h1 == "New contact"
    page = page.form("contacts").fill(**EVERYTHING).submit()
    assert page.location == f"/customers/{customer.id}"
    assert "Zoë Okoro added." in page.follow().flash
    contact = find(session)
    assert {name: getattr(contact, name) for name in EVERYTHING} == EVERYTHING
    assert (contact.customer_id, contact.is_primary, contact.phone_e164) == (customer.id, False, "+4533123456")


def test_the_new_first_one_to_call_takes_over(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session)
    before = make_contact(session, customer, is_primary=True)
    data = {"last_name": "Okoro", "is_primary": "y"}
    assert browser_as(ann).post("customers.create_contact", data, customer_id=customer.id).status == 303
    assert find(session).is_primary
    assert not session.get_one(Contact, before.id).is_primary


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({}, "last_name", "Enter a name or email."),
        ({"first_name": " ", "email": " "}, "last_name", "Enter a name or email."),
        ({"email": "nobody"}, "email", "Enter an email address"),
        ({"last_name": "x", "mobile": "1"}, "mobile", "phone number"),
        ({"last_name": "x" * 301}, "last_name", "Shorten this"),
    ],
)
def test_an_invalid_form_comes_back_with_everything_typed(
    browser_as: BrowserAs, session: Session, ann: Employee, data: dict[str, Any], field: str, message: str
) -> None:
    customer = make_customer(session)
    page = browser_as(ann).post("customers.create_contact", {"job_title": "Buyer"} | data, customer_id=customer.id)
    assert page.status == 422
    assert message in page.errors[field]
    assert page.form("contacts")["job_title"] == "Buyer"
    assert find(session) is None


@pytest.mark.parametrize("name", ["first_name", "last_name", "email"])
def test_one_way_to_call_them_is_enough(browser_as: BrowserAs, session: Session, ann: Employee, name: Any) -> None:
    customer = make_customer(session)
    data = {name: "zoe@nordlys.example"}
    assert browser_as(ann).post("customers.create_contact", data, customer_id=customer.id).status == 303
    assert find(session).name == "zoe@nordlys.example"


def test_history_says_who_added_it(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session)
    browser_as(ann).post("customers.create_contact", {"last_name": "Okoro"}, customer_id=customer.id)
    change = session.scalars(select(Change).where(Change.entity == "contact")).one()
    assert (change.action, change.actor_id) == ("created", ann.id)


def test_who_may_not_change_the_customer_is_refused(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, vera: Employee
) -> None:
    customer = make_customer(session, owner_id=ann.id)
    for employee in (bob, vera):
        browser = browser_as(employee)
        assert browser.get("customers.new_contact", customer_id=customer.id).status == 403
        page = browser.post("customers.create_contact", {"last_name": "x"}, customer_id=customer.id)
        assert page.status == 403
    assert find(session) is None


def test_in_the_trash_the_customer_gets_nobody(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    browser = browser_as(ann)
    assert browser.get("customers.new_contact", customer_id=customer.id).status == 403
    page = browser.post("customers.create_contact", {"last_name": "x"}, customer_id=customer.id)
    assert page.status == 422
    assert "This customer is in the trash. Restore it first." in page.errors[""]
    assert page.form("contacts")["last_name"] == "x"


def test_for_a_customer_that_is_there(browser_as: BrowserAs, visitor: Browser, ann: Employee, session: Session) -> None:
    assert browser_as(ann).get("customers.new_contact", customer_id=9999).status == 404
    assert browser_as(ann).post("customers.create_contact", {}, customer_id=9999).status == 404
    customer = make_customer(session)
    assert visitor.post("customers.create_contact", {}, customer_id=customer.id).location == "/sign-in"
