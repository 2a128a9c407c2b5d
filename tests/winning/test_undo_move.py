"""Taking a move back by the Undo in its message: POST /leads/<id>/moves/<version>/undo."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Change, ChangeSource, Customer, Employee, Lead, LeadStatus, LostReason
from tests.factories import make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def lead(session: Session, ann: Employee) -> Lead:
    return make_lead(session, last_name="Okoro", company="Nordlys", owner_id=ann.id)


def read(session: Session, lead: Lead) -> Lead:
    session.expire_all()
    return session.get_one(Lead, lead.id)


def move(browser: Browser, lead: Lead, status: str, **more: Any) -> Page:
    return browser.post("leads.change_status", {"status": status, **more}, lead_id=lead.id).follow()


def test_undo_puts_it_back_and_history_says_so(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    page = move(browser_as(ann), lead, "qualified", next="/leads/board?q=okoro")
    answer = page.button("Undo")
    assert (answer.status, answer.location) == (303, "/leads/board?q=okoro")
    assert answer.follow().flash == "Okoro moved back to New."
    assert (read(session, lead).status, read(session, lead).version) == (LeadStatus.NEW, 3)
    change = session.scalars(select(Change).where(Change.entity == "lead").order_by(Change.id.desc())).all()[0]
    assert (change.fields["status"], change.actor_id, change.source) == (["qualified", "new"], ann.id, ChangeSource.WEB)
    assert page.button("Undo").follow().flash == "Okoro is already back in New."
    assert read(session, lead).version == 3


def test_it_puts_back_why_and_when_it_was_closed(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    browser = browser_as(ann)
    move(browser, lead, "lost", lost_reason="other", lost_note="Moved away")
    closed_at = read(session, lead).closed_at
    for status, reason in (("contacted", {}), ("disqualified", {"lost_reason": "other", "lost_note": "Moved away"})):
        move(browser, lead, status, **reason).button("Undo")
        lead = read(session, lead)
        assert (lead.status, lead.closed_at) == (LeadStatus.LOST, closed_at)
        assert (lead.lost_reason, lead.lost_note) == (LostReason.OTHER, "Moved away")


def test_back_in_won_it_has_its_customer(browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee) -> None:
    browser = browser_as(ann)
    move(browser, lead, "won")
    customer = session.scalars(select(Customer)).one()
    page = move(browser, lead, "contacted", confirmed="1")
    assert page.button("Undo").follow().flash == "Okoro moved back to Won."
    assert (read(session, lead).status, read(session, lead).customer_id) == (LeadStatus.WON, customer.id)
    # In the trash by then, the customer is in the way.
    page = move(browser, lead, "contacted", confirmed="1")
    browser.post("customers.trash_customer", customer_id=customer.id)
    assert "is in the trash. Restore it first." in page.button("Undo").follow().flash
    assert read(session, lead).status == LeadStatus.CONTACTED


def test_what_changed_since_stays(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee, max: Employee
) -> None:
    browser = browser_as(ann)
    page = move(browser, lead, "qualified")
    move(browser_as(max), lead, "proposal")
    refused = page.button("Undo").follow().flash
    assert refused.startswith("Max Lindqvist changed this lead after that move, so it stays in Proposal.")
    move(browser, lead, "won")
    version = read(session, lead).version
    for number in (1, version, version + 1, 2**31 - 1):
        assert "so it stays in Won." in browser.post("leads.undo_move", lead_id=lead.id, version=number).follow().flash
    assert (read(session, lead).status, read(session, lead).version) == (LeadStatus.WON, version)


def test_what_moved_nothing_offers_no_undo(browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee) -> None:
    assert "Undo" not in move(browser_as(ann), lead, "new").one(".messages").get_text()


def test_only_who_may_move_it_takes_a_move_back(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee, bob: Employee, vera: Employee
) -> None:
    page = move(browser_as(ann), lead, "qualified")
    for person in (bob, vera):
        assert browser_as(person).post("leads.undo_move", lead_id=lead.id, version=2).status == 403
    browser_as(ann).post("leads.trash_lead", lead_id=lead.id)
    assert "This lead is in the trash. Restore it first." in page.button("Undo").follow().flash
    assert read(session, lead).status == LeadStatus.QUALIFIED
