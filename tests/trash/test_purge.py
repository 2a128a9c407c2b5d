"""Deleting for good: GET and POST /trash/<kind>/<id>/purge."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Activity, Change, ChangeAction, Contact, Customer, Employee, Lead
from tests.factories import make_activity, make_contact, make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def trashed(ann: Employee) -> dict[str, Any]:
    """The fields of a record in the trash."""
    return {"deleted_at": datetime.now(UTC), "deleted_by_id": ann.id}


def count(session: Session, model: Any) -> int:
    session.expire_all()
    return len(session.scalars(select(model)).all())


def test_names_what_goes_and_deletes_it(
    browser_as: BrowserAs, session: Session, ada: Employee, trashed: dict[str, Any]
) -> None:
    customer = make_customer(session, name="Nordlys", **trashed)
    make_contact(session, customer, last_name="Berg")
    make_activity(session, subject="Called", customer_id=customer.id)
    lead = make_lead(session, last_name="Okoro", customer_id=customer.id)
    child = make_customer(session, name="Child", parent_id=customer.id)
    customer_id, lead_id, child_id = customer.id, lead.id, child.id
    page = browser_as(ada).get("trash.show_trash").click("Delete Nordlys permanently")
    assert page.h1 == "Delete Nordlys permanently"
    for title, name in [
        ("Contacts to be deleted", "Berg"),
        ("Activities to be deleted", "Called"),
        ("Leads that lose their customer", "Okoro"),
    ]:
        assert title in page.text and name in page.text
    page = page.button("Delete Nordlys permanently").follow()
    assert page.flash == "Nordlys permanently deleted."
    assert (count(session, Contact), count(session, Activity)) == (0, 0)
    assert session.get(Customer, customer_id) is None
    assert session.get_one(Lead, lead_id).customer_id is None
    assert session.get_one(Customer, child_id).parent_id is None


def test_history_outlives_it_and_says_who(
    browser_as: BrowserAs, session: Session, ada: Employee, trashed: dict[str, Any]
) -> None:
    lead = make_lead(session, last_name="Okoro", **trashed)
    make_activity(session, subject="Called", lead_id=lead.id)
    browser_as(ada).post("trash.purge", kind="lead", record_id=lead.id)
    gone = session.scalars(select(Change).where(Change.action == ChangeAction.DELETED).order_by(Change.id)).all()
    assert [(change.entity, change.actor_id) for change in gone] == [("activity", ada.id), ("lead", ada.id)]
    page = browser_as(ada).get("history.list_changes", kind="lead", action="deleted")
    assert "Lead Okoro: deleted by Ada Okafor" in page.text


def test_twice_is_once(browser_as: BrowserAs, session: Session, ada: Employee, trashed: dict[str, Any]) -> None:
    contact = make_contact(session, make_customer(session), last_name="Berg", **trashed)
    assert browser_as(ada).get("trash.confirm_purge", kind="contact", record_id=contact.id).status == 200
    assert browser_as(ada).post("trash.purge", kind="contact", record_id=contact.id).status == 303
    assert browser_as(ada).post("trash.purge", kind="contact", record_id=contact.id).status == 404
    assert count(session, Customer) == 1


def test_what_the_ledger_knows_stays(browser_as: BrowserAs, session: Session, ada: Employee) -> None:
    lead, browser = make_lead(session, company="Nordlys"), browser_as(ada)
    browser.post("leads.change_status", {"status": "won"}, lead_id=lead.id)
    session.expire_all()
    customer_id = session.get_one(Lead, lead.id).customer_id
    browser.post("leads.trash_lead", lead_id=lead.id)
    browser.post("customers.trash_customer", customer_id=customer_id)
    for kind, record_id, reason in [
        ("lead", lead.id, "This lead was won and became"),
        ("customer", customer_id, "The lead Nordlys was won for this customer"),
    ]:
        page = browser.get("trash.confirm_purge", kind=kind, record_id=record_id)
        assert reason in page.text
        assert not page.has('form[action$="/purge"]')
        assert reason in browser.post("trash.purge", kind=kind, record_id=record_id).follow().flash
    assert (count(session, Lead), count(session, Customer)) == (1, 1)


def test_a_won_lead_without_a_ledger_keeps_its_customer(
    browser_as: BrowserAs, session: Session, ada: Employee, trashed: dict[str, Any]
) -> None:
    customer = make_customer(session, **trashed)
    make_lead(session, company="Nordlys", status="won", customer_id=customer.id)
    page = browser_as(ada).post("trash.purge", kind="customer", record_id=customer.id).follow()
    assert "was not deleted. The lead Nordlys was won for this customer" in page.flash


def test_only_what_is_in_the_trash(browser_as: BrowserAs, session: Session, ada: Employee) -> None:
    lead, browser = make_lead(session), browser_as(ada)
    for kind, record_id in [("lead", lead.id), ("lead", 99999), ("employee", ada.id), ("x", 1)]:
        assert browser.get("trash.confirm_purge", kind=kind, record_id=record_id).status == 404
        assert browser.post("trash.purge", kind=kind, record_id=record_id).status == 404
    assert count(session, Lead) == 1


@pytest.mark.parametrize("name", ["vera", "ann", "max"])
def test_only_administrators(
    request: pytest.FixtureRequest, browser_as: BrowserAs, session: Session, trashed: dict[str, Any], name: str
) -> None:
    lead, browser = make_lead(session, **trashed), browser_as(request.getfixturevalue(name))
    assert "permanently" not in browser.get("trash.show_trash").text
    assert browser.get("trash.confirm_purge", kind="lead", record_id=lead.id).status == 403
    page = browser.post("trash.purge", kind="lead", record_id=lead.id)
    assert "Only admins can delete records permanently." in page.text
    assert count(session, Lead) == 1


def test_a_stranger_signs_in(visitor: Browser, session: Session, trashed: dict[str, Any]) -> None:
    lead = make_lead(session, **trashed)
    assert visitor.post("trash.purge", kind="lead", record_id=lead.id).location == "/sign-in"
    assert count(session, Lead) == 1
