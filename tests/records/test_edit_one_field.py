"""Editing single facts of a record: /leads/<id>/edit?fields=amount,currency, and likewise of customers and contacts."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Change, Customer, Employee, Lead
from tests.factories import make_contact, make_customer, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def lead(session: Session, ann: Employee) -> Lead:
    return make_lead(
        session,
        last_name="Okoro",
        company="Nordlys",
        email="okoro@nordlys.example",
        amount=Decimal(500),
        currency="EUR",
        probability=10,
        city="Aarhus",
        description="Met at the fair",
        owner_id=ann.id,
    )


def last_change(session: Session) -> dict[str, Any]:
    session.expire_all()
    return session.scalars(select(Change).order_by(Change.id.desc()).limit(1)).one().fields


def shown_fields(page: Page) -> list[str]:
    return [str(it["name"]) for it in page.soup.select("main form.form .field [name]")]


def test_each_pencil_leads_to_the_fields_that_it_names(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee, bob: Employee, vera: Employee
) -> None:
    customer = make_customer(
        session, owner_id=ann.id, billing_city="Oslo", description="Pays late", industry="Shipping"
    )
    for url, least in ((f"/leads/{lead.id}", 11), (f"/customers/{customer.id}", 8)):
        browser = browser_as(ann)
        links = [str(link["href"]) for link in browser.open(url).soup.select("a[data-edit]")]
        assert len(links) >= least
        for link in links:
            opened = browser.open(link)
            assert sorted(shown_fields(opened)) == sorted(link.partition("fields=")[2].split(",")), link
            assert str(opened.one("[autofocus]")["name"]) in link
            saved = opened.form("edit").submit()
            assert (saved.status, saved.location) == (303, url), link
            assert "Undo" not in saved.follow().flash, "Nothing was saved, so nothing can be undone"
        for stranger in (bob, vera):
            assert not browser_as(stranger).open(url).has("a[data-edit]")
    assert session.scalars(select(Change).where(Change.version > 1)).all() == []


def test_only_what_was_asked_for_is_saved_and_can_be_undone(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    browser = browser_as(ann)
    opened = browser.open(f"/leads/{lead.id}/edit?fields=amount,currency&next=/leads?owner=me")
    saved = opened.form("edit").submit(amount="7,500", city="Nowhere")
    assert saved.location == "/leads?owner=me"
    # What is sent beyond what was asked for is saved too: a field that turned out wrong is on the form as well.
    assert last_change(session) == {"amount": [500, 7500], "city": ["Aarhus", "Nowhere"]}
    assert saved.follow().button("Undo").follow().flash == "Okoro is back as it was."
    assert last_change(session) == {"amount": [7500, 500], "city": ["Nowhere", "Aarhus"]}


def test_a_customers_fact_is_saved_and_undone(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys", phone="+45 33 12 34 56", owner_id=ann.id)
    page = (
        browser_as(ann).open(f"/customers/{customer.id}").click("Edit Phone").form("edit").submit(phone="+45 33123499")
    )
    page = page.follow()
    assert page.flash == "Nordlys saved. Undo"
    assert page.button("Undo").follow().flash == "Nordlys is back as it was."
    session.expire_all()
    assert session.get_one(Customer, customer.id).phone == "+45 33 12 34 56"


def test_an_undo_of_what_changed_since_changes_nothing(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys", email="old@nordlys.example", owner_id=ann.id)
    url = f"/customers/{customer.id}/edit?fields=email"
    page = browser_as(ann).open(url).form("edit").submit(email="new@nordlys.example").follow()
    browser_as(ann).open(url).form("edit").submit(email="newer@nordlys.example")
    assert "changed this customer after that edit." in page.button("Undo").follow().flash
    assert last_change(session) == {"email": ["new@nordlys.example", "newer@nordlys.example"]} | {
        name: change for name, change in last_change(session).items() if name != "email"
    }


def test_what_is_wrong_stands_beside_its_field(browser_as: BrowserAs, lead: Lead, ann: Employee) -> None:
    browser = browser_as(ann)
    page = browser.open(f"/leads/{lead.id}/edit?fields=amount,currency").form("edit").submit(amount="a lot")
    assert page.status == 422
    assert list(page.errors) == ["amount"]
    assert not page.has(".error-summary")
    assert page.one("[autofocus]")["name"] == "amount"
    # A rule may find a field wrong that was not asked for: it is shown, and saved as well.
    bare = browser.open(f"/leads/{lead.id}/edit?fields=last_name,company,email").form("edit")
    assert "last_name" in bare.submit(last_name="", company="", email="").errors
    page = browser.open(f"/leads/{lead.id}/edit?fields=company,email")
    assert shown_fields(page) == ["company", "email"]


def test_nobodys_change_is_lost(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee, max: Employee
) -> None:
    url = f"/leads/{lead.id}/edit?fields=amount,currency"
    mine = browser_as(ann).open(url).form("edit")
    browser_as(max).open(f"/leads/{lead.id}/edit?fields=city").form("edit").submit(city="Oslo")
    assert mine.submit(amount="600").follow().flash == "Okoro saved. Undo"
    assert last_change(session) == {"amount": [500, 600]}
    mine = browser_as(ann).open(url).form("edit")
    browser_as(max).open(url).form("edit").submit(amount="700")
    conflict = mine.submit(amount="800")
    assert conflict.status == 409
    assert "Max Lindqvist saved changes here" in conflict.text
    assert last_change(session) == {"amount": [600, 700]}


def test_one_who_may_not_edit_is_refused(browser_as: BrowserAs, lead: Lead, bob: Employee) -> None:
    assert browser_as(bob).open(f"/leads/{lead.id}/edit?fields=amount").status == 403
    assert (
        browser_as(bob).open(f"/leads/{lead.id}/edit?fields=amount", method="POST", data={"amount": "1"}).status == 403
    )


def test_what_nobody_knows_is_the_whole_form(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    whole = shown_fields(browser_as(ann).get("leads.edit_lead", lead_id=lead.id))
    for only in ("", "status", "version", "csrf_token", "nothing,confirmed"):
        assert shown_fields(browser_as(ann).open(f"/leads/{lead.id}/edit?fields={only}")) == whole
    contact = make_contact(session, make_customer(session, owner_id=ann.id))
    page = browser_as(ann).open(f"/contacts/{contact.id}/edit?fields=phone")
    assert shown_fields(page) == ["phone"]
    assert page.form("edit").submit(phone="+45 33 12 34 56").status == 303
