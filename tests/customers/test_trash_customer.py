"""Moving a customer to the trash and back: POST /customers/<id>/trash and /customers/<id>/restore."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Change, Customer, Employee, LeadStatus
from tests.factories import make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def read(session: Session, customer: Customer) -> Any:
    session.expire_all()
    return session.get_one(Customer, customer.id)


def test_it_goes_with_a_way_back(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys", owner_id=ann.id)
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id).button("Move to trash").follow()
    assert page.h1 == "Customers"
    assert f"{customer.number} Nordlys moved to trash. Its leads are not affected." in page.flash
    assert (read(session, customer).is_in_trash, read(session, customer).deleted_by_id) == (True, ann.id)
    page = page.button("Undo").follow()
    assert page.h1 == "Nordlys"
    assert "restored." in page.flash
    assert (read(session, customer).deleted_at, read(session, customer).deleted_by_id) == (None, None)


def test_its_won_leads_stay_won(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, status=LeadStatus.WON)
    browser_as(ann).post("customers.trash_customer", customer_id=lead.customer_id)
    session.expire_all()
    assert session.get_one(type(lead), lead.id).status is LeadStatus.WON


@pytest.mark.parametrize("action", ["trash", "restore"])
def test_twice_is_once(browser_as: BrowserAs, session: Session, ann: Employee, max: Employee, action: str) -> None:
    customer = make_customer(session)
    if action == "restore":
        browser_as(ann).post("customers.trash_customer", customer_id=customer.id)
    changes = len(session.scalars(select(Change)).all())
    assert browser_as(ann).post(f"customers.{action}_customer", customer_id=customer.id).status == 303
    assert browser_as(max).post(f"customers.{action}_customer", customer_id=customer.id).status == 303
    latest = session.scalars(select(Change).order_by(Change.id)).all()[changes:]
    assert [change.actor_id for change in latest] == [ann.id]


@pytest.mark.parametrize("action", ["trash", "restore"])
def test_who_may_not_is_refused(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, vera: Employee, action: str
) -> None:
    customer = make_customer(session, owner_id=ann.id)
    page = browser_as(bob).post(f"customers.{action}_customer", customer_id=customer.id)
    assert page.status == 403
    assert "Owned by Ann Keller." in page.text
    assert browser_as(vera).post(f"customers.{action}_customer", customer_id=customer.id).status == 403
    assert not read(session, customer).is_in_trash


@pytest.mark.parametrize("action", ["trash", "restore"])
def test_by_post_and_for_what_is_there(
    browser_as: BrowserAs, visitor: Browser, session: Session, ann: Employee, action: str
) -> None:
    customer = make_customer(session)
    browser = browser_as(ann)
    assert browser.open(f"/customers/{customer.id}/{action}").status == 405
    assert browser.post(f"customers.{action}_customer", customer_id=9999).status == 404
    assert visitor.post(f"customers.{action}_customer", customer_id=customer.id).location == "/sign-in"
