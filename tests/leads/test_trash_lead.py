"""Moving a lead to the trash: POST /leads/<id>/trash."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Change, Customer, Employee, Lead, LeadStatus
from tests.factories import make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def read(session: Session, lead: Lead) -> Lead:
    session.expire_all()
    return session.get_one(Lead, lead.id)


def test_it_goes_with_a_way_back(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro", owner_id=ann.id)
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id).button("Move to trash").follow()
    assert page.h1 == "Leads"
    assert "Okoro moved to trash." in page.flash
    assert "No leads yet" in page.text
    lead = read(session, lead)
    assert lead.is_in_trash
    assert lead.deleted_by_id == ann.id
    page = page.button("Undo").follow()
    assert page.h1 == "Okoro"
    assert not read(session, lead).is_in_trash


def test_a_won_lead_keeps_its_customer(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, status=LeadStatus.WON)
    assert browser_as(ann).post("leads.trash_lead", lead_id=lead.id).status == 303
    assert read(session, lead).customer_id is not None
    assert session.get_one(Customer, lead.customer_id).deleted_at is None


def test_twice_is_once(browser_as: BrowserAs, session: Session, ann: Employee, max: Employee) -> None:
    lead = make_lead(session)
    browser_as(ann).post("leads.trash_lead", lead_id=lead.id)
    browser_as(max).post("leads.trash_lead", lead_id=lead.id)
    assert read(session, lead).deleted_by_id == ann.id
    assert len(session.scalars(select(Change).where(Change.entity == "lead")).all()) == 2


def test_a_colleagues_lead_is_refused_with_the_reason(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    page = browser_as(bob).post("leads.trash_lead", lead_id=lead.id)
    assert page.status == 403
    assert "Owned by Ann Keller." in page.text
    assert not read(session, lead).is_in_trash


def test_a_viewer_is_refused(browser_as: BrowserAs, session: Session, vera: Employee) -> None:
    assert browser_as(vera).post("leads.trash_lead", lead_id=make_lead(session).id).status == 403


def test_a_link_trashes_nothing(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    assert browser_as(ann).get("leads.trash_lead", lead_id=make_lead(session).id).status == 405


def test_an_unknown_lead_is_not_there(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).post("leads.trash_lead", lead_id=9999).status == 404


def test_asks_a_stranger_to_sign_in(visitor: Browser, session: Session) -> None:
    lead = make_lead(session)
    assert visitor.post("leads.trash_lead", lead_id=lead.id).status == 303
    assert not read(session, lead).is_in_trash
