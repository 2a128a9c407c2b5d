"""Taking a lead out of the trash: POST /leads/<id>/restore."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from crm_web.models import Employee, Lead
from tests.factories import make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def make_trashed(session: Session, by: Employee, **fields: Any) -> Lead:
    return make_lead(session, deleted_at=datetime.now(UTC), deleted_by_id=by.id, **fields)


def read(session: Session, lead: Lead) -> Lead:
    session.expire_all()
    return session.get_one(Lead, lead.id)


def test_it_comes_back_as_it_was(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_trashed(session, ann, last_name="Okoro", owner_id=ann.id)
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id).button("Restore lead").follow()
    assert page.h1 == "Okoro"
    assert "Okoro restored." in page.flash
    lead = read(session, lead)
    assert (lead.deleted_at, lead.deleted_by_id, lead.owner_id) == (None, None, ann.id)


def test_twice_is_once(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_trashed(session, ann)
    for _ in range(2):
        assert browser_as(ann).post("leads.restore_lead", lead_id=lead.id).status == 303
    assert read(session, lead).version == 2


def test_a_colleagues_lead_is_refused(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    lead = make_trashed(session, ann, owner_id=ann.id)
    assert browser_as(bob).post("leads.restore_lead", lead_id=lead.id).status == 403
    assert read(session, lead).is_in_trash


def test_a_viewer_is_refused(browser_as: BrowserAs, session: Session, ann: Employee, vera: Employee) -> None:
    assert browser_as(vera).post("leads.restore_lead", lead_id=make_trashed(session, ann).id).status == 403


def test_a_link_restores_nothing(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    assert browser_as(ann).get("leads.restore_lead", lead_id=make_trashed(session, ann).id).status == 405


def test_an_unknown_lead_is_not_there(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).post("leads.restore_lead", lead_id=9999).status == 404


def test_asks_a_stranger_to_sign_in(visitor: Browser, session: Session, ann: Employee) -> None:
    lead = make_trashed(session, ann)
    assert visitor.post("leads.restore_lead", lead_id=lead.id).status == 303
    assert read(session, lead).is_in_trash
