"""Removing a contact and bringing it back: POST /contacts/<id>/trash and /contacts/<id>/restore."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.contacts import operations
from crm_web.core.extensions import db
from crm_web.models import Contact, Employee
from tests.factories import make_contact, make_customer
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def contact(session: Session, ann: Employee) -> Contact:
    return make_contact(session, make_customer(session, owner_id=ann.id), last_name="Okoro", is_primary=True)


def read(session: Session, contact: Contact) -> Any:
    session.expire_all()
    return session.get_one(Contact, contact.id)


def test_it_goes_with_a_way_back(browser_as: BrowserAs, session: Session, ann: Employee, contact: Contact) -> None:
    page = browser_as(ann).get("customers.show_customer", customer_id=contact.customer_id)
    page = page.button("Remove Okoro").follow()
    assert "Okoro moved to trash." in page.flash
    assert "No contacts yet." in page.text
    assert (read(session, contact).deleted_by_id, read(session, contact).is_primary) == (ann.id, False)
    page = page.button("Undo").follow()
    assert "Okoro restored." in page.flash
    assert (read(session, contact).deleted_at, read(session, contact).is_primary) == (None, False)


def test_twice_is_once(browser_as: BrowserAs, session: Session, ann: Employee, max: Employee, contact: Contact) -> None:
    browser_as(ann).post("customers.trash_contact", contact_id=contact.id)
    version = read(session, contact).version
    assert browser_as(max).post("customers.trash_contact", contact_id=contact.id).status == 303
    assert read(session, contact).version == version
    browser_as(ann).post("customers.restore_contact", contact_id=contact.id)
    assert browser_as(ann).post("customers.restore_contact", contact_id=contact.id).status == 303
    assert read(session, contact).version == version + 1


def test_nothing_changes_in_the_trash(
    app: Flask, browser_as: BrowserAs, session: Session, ann: Employee, contact: Contact
) -> None:
    browser_as(ann).post("customers.trash_contact", contact_id=contact.id)
    with app.app_context(), pytest.raises(operations.ContactInTrash):
        there, by = db.session.get_one(Contact, contact.id), db.session.get_one(Employee, ann.id)
        operations.make_primary(there, by=by)


@pytest.mark.parametrize("action", ["trash", "restore"])
def test_who_may_not_change_the_customer_is_refused(
    browser_as: BrowserAs, session: Session, bob: Employee, vera: Employee, contact: Contact, action: str
) -> None:
    assert browser_as(bob).post(f"customers.{action}_contact", contact_id=contact.id).status == 403
    assert browser_as(vera).post(f"customers.{action}_contact", contact_id=contact.id).status == 403
    assert not read(session, contact).is_in_trash


@pytest.mark.parametrize("action", ["trash", "restore"])
def test_by_post_and_for_what_is_there(
    browser_as: BrowserAs, visitor: Browser, ann: Employee, contact: Contact, action: str
) -> None:
    browser = browser_as(ann)
    assert browser.open(f"/contacts/{contact.id}/{action}").status == 405
    assert browser.post(f"customers.{action}_contact", contact_id=9999).status == 404
    assert visitor.post(f"customers.{action}_contact", contact_id=contact.id).location == "/sign-in"
