"""Editing a contact, and who is called first: /contacts/<id>/edit and POST /contacts/<id>/primary."""

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


@pytest.fixture
def contact(session: Session, ann: Employee) -> Contact:
    customer = make_customer(session, name="Nordlys", owner_id=ann.id)
    return make_contact(session, customer, first_name="Zoë", last_name="Okoro", job_title="Buyer")


def read(session: Session, contact: Contact) -> Any:
    session.expire_all()
    return session.get_one(Contact, contact.id)


def edit(browser: Any, contact: Contact) -> Any:
    return browser.get("customers.edit_contact", contact_id=contact.id).form("edit")


def test_saves_what_is_typed_and_keeps_the_rest(
    browser_as: BrowserAs, session: Session, ann: Employee, contact: Contact
) -> None:
    page = browser_as(ann).get("customers.show_customer", customer_id=contact.customer_id).click("Edit")
    page = browser_as(ann).get("customers.edit_contact", contact_id=contact.id)
    assert page.h1 == "Edit Zoë Okoro"
    assert "Created by System" in page.text
    page = page.form("edit").fill(last_name="Berg", phone="+45 33 12 34 56").submit()
    assert page.location == f"/customers/{contact.customer_id}"
    assert "Zoë Berg saved." in page.follow().flash
    contact = read(session, contact)
    assert (contact.last_name, contact.job_title, contact.phone_e164) == ("Berg", "Buyer", "+4533123456")


def test_an_invalid_form_comes_back_with_everything_typed(
    browser_as: BrowserAs, session: Session, ann: Employee, contact: Contact
) -> None:
    page = edit(browser_as(ann), contact).fill(first_name="", last_name="", description="A\nB").submit()
    assert page.status == 422
    assert "Enter a name or email." in page.errors["last_name"]
    assert page.form("edit")["description"] == "A\nB"


def test_who_comes_second_sees_what_was_saved_and_can_save_after_all(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee, contact: Contact
) -> None:
    mine, theirs = edit(browser_as(ann), contact), edit(browser_as(max), contact)
    theirs.fill(job_title="Boss").submit()
    page = mine.fill(last_name="Berg").submit()
    assert page.follow().flash.endswith(
        "Max Lindqvist changed the job title while you were editing. Both changes are saved."
    )
    assert (read(session, contact).last_name, read(session, contact).job_title) == ("Berg", "Boss")


def test_the_same_field_changed_by_both_is_decided_by_the_second(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee, contact: Contact
) -> None:
    mine, theirs = edit(browser_as(ann), contact), edit(browser_as(max), contact)
    theirs.fill(job_title="Boss").submit()
    page = mine.fill(job_title="Chief", is_primary="y").submit()
    assert page.status == 409
    assert page.form().submit(job_title="Chief").status == 303
    assert (read(session, contact).job_title, read(session, contact).is_primary) == ("Chief", True)


def test_two_people_never_leave_a_contact_without_a_name(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    contact = make_contact(session, make_customer(session), first_name="Zoë", last_name="Okoro")
    mine, theirs = edit(browser_as(ann), contact), edit(browser_as(max), contact)
    theirs.fill(first_name="").submit()
    page = mine.fill(last_name="").submit()
    assert page.errors == {"last_name": "Enter a name or email."}
    assert read(session, contact).last_name == "Okoro"


def test_only_one_is_called_first(browser_as: BrowserAs, session: Session, ann: Employee, contact: Contact) -> None:
    other = make_contact(session, contact.customer, last_name="First", is_primary=True)
    page = browser_as(ann).get("customers.show_customer", customer_id=contact.customer_id)
    page = page.button("Make primary contact: Zoë Okoro").follow()
    assert "Zoë Okoro is now the primary contact." in page.flash
    assert (read(session, contact).is_primary, read(session, other).is_primary) == (True, False)
    assert "First is now the primary contact." in page.button("Undo").follow().flash
    assert (read(session, contact).is_primary, read(session, other).is_primary) == (False, True)
    browser_as(ann).post("customers.make_contact_primary", contact_id=contact.id)
    edit(browser_as(ann), other).fill(is_primary="y").submit()
    assert (read(session, contact).is_primary, read(session, other).is_primary) == (False, True)


def test_called_first_twice_is_once(browser_as: BrowserAs, session: Session, ann: Employee, contact: Contact) -> None:
    browser = browser_as(ann)
    browser.post("customers.make_contact_primary", contact_id=contact.id)
    version = read(session, contact).version
    assert browser.post("customers.make_contact_primary", contact_id=contact.id).status == 303
    assert read(session, contact).version == version


def test_history_says_who_changed_what(
    browser_as: BrowserAs, session: Session, ann: Employee, contact: Contact
) -> None:
    edit(browser_as(ann), contact).fill(job_title="Boss").submit()
    change = session.scalars(select(Change).where(Change.action == "changed")).one()
    assert (change.entity, change.actor_id, change.fields) == ("contact", ann.id, {"job_title": ["Buyer", "Boss"]})


@pytest.mark.parametrize("place", ["contact", "customer"])
def test_in_the_trash_it_waits(
    browser_as: BrowserAs, session: Session, ann: Employee, contact: Contact, place: str
) -> None:
    record = contact if place == "contact" else contact.customer
    record.deleted_at, record.deleted_by_id = datetime.now(UTC), ann.id
    session.commit()
    browser = browser_as(ann)
    assert browser.get("customers.edit_contact", contact_id=contact.id).status == 403
    data = {"last_name": "x", "version": str(contact.version)}
    page = browser.post("customers.change_contact", data, contact_id=contact.id)
    assert (page.status, "in the trash. Restore it first." in page.errors[""]) == (422, True)
    page = browser.post("customers.make_contact_primary", contact_id=contact.id).follow()
    assert f"This {place} is in the trash. Restore it first." in page.flash


def test_who_may_not_change_the_customer_is_refused(
    browser_as: BrowserAs, session: Session, bob: Employee, vera: Employee, contact: Contact
) -> None:
    for employee in (bob, vera):
        browser = browser_as(employee)
        assert browser.get("customers.edit_contact", contact_id=contact.id).status == 403
        assert browser.post("customers.change_contact", {"last_name": "x"}, contact_id=contact.id).status == 403
        assert browser.post("customers.make_contact_primary", contact_id=contact.id).status == 403
    assert read(session, contact).last_name == "Okoro"


def test_for_a_contact_that_is_there(browser_as: BrowserAs, visitor: Browser, ann: Employee, contact: Contact) -> None:
    browser = browser_as(ann)
    assert browser.get("customers.edit_contact", contact_id=9999).status == 404
    assert browser.post("customers.make_contact_primary", contact_id=9999).status == 404
    assert browser.open(f"/contacts/{contact.id}/primary").status == 405
    assert visitor.post("customers.change_contact", {}, contact_id=contact.id).location == "/sign-in"


def test_an_edit_is_undone_unless_it_changed_since(
    browser_as: BrowserAs, session: Session, ann: Employee, contact: Contact
) -> None:
    browser, was = browser_as(ann), contact.job_title
    one_field = browser.get("customers.edit_contact", contact_id=contact.id, fields="job_title")
    page = one_field.form("edit").fill(job_title="Chief").submit().follow()
    assert "is back as it was." in page.button("Undo").follow().flash
    assert read(session, contact).job_title == was
    assert "It stays as it is." in page.button("Undo").follow().flash
    page = browser.post("customers.make_contact_primary", contact_id=contact.id).follow()
    page.button("Undo")
    assert not read(session, contact).is_primary
