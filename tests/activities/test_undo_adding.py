"""Undoing that an activity was added: POST /activities/<id>/undo-adding."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from threading import Barrier

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_web.models import Activity, Change, Employee, File, Lead
from tests.databases import OwnDatabase
from tests.factories import make_activity, make_lead, make_sign_in
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]
TIMES = 4


@pytest.fixture
def lead(session: Session, ann: Employee) -> Lead:
    return make_lead(session, owner_id=ann.id)


def add(browser: Browser, lead: Lead, **typed: str) -> Page:
    form = browser.get("leads.show_lead", lead_id=lead.id).form("activities")
    return form.fill(subject="Talked", **typed).submit().follow()


def ids(session: Session) -> list[int]:
    session.expire_all()
    return list(session.scalars(select(Activity.id)))


@pytest.mark.parametrize("kind", ["note", "call", "task", "meeting", "email"])
def test_the_message_undoes_it_and_that_can_be_undone(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead, kind: str
) -> None:
    page = add(browser_as(ann), lead, kind=kind)
    assert len(ids(session)) == 1
    undone = page.button("Undo")
    assert undone.location == f"/leads/{lead.id}"
    page = undone.follow()
    assert "Talked removed." in page.flash
    assert ids(session) == []
    assert session.scalars(select(Change.actor_id).where(Change.action == "deleted")).all() == [ann.id]
    assert "Talked restored." in page.button("Undo").follow().flash
    assert len(ids(session)) == 1


def test_twice_says_the_same(browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead) -> None:
    page = add(browser_as(ann), lead)
    assert "Talked removed." in page.button("Undo").follow().flash
    again = page.button("Undo")
    assert again.location == f"/leads/{lead.id}"
    assert "Talked removed." in again.follow().flash
    assert ids(session) == []


def test_what_was_changed_since_stays(browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead) -> None:
    page = add(browser_as(ann), lead)
    session.execute(update(Activity).values(body="What the colleague adds"))
    session.commit()
    refused = page.button("Undo").follow()
    assert "Talked was changed after it was added. Remove it if you don’t need it." in refused.flash
    assert len(ids(session)) == 1


@pytest.mark.parametrize(("later", "kept"), [(timedelta(), 0), (timedelta(minutes=1), 1)])
def test_a_file_that_came_later_keeps_it(
    browser_as: BrowserAs, session: Session, ann: Employee, lead: Lead, later: timedelta, kept: int
) -> None:
    browser = browser_as(ann)
    typed = {"kind": "note", "subject": "Talked", "files": (BytesIO(b"%PDF-1.7"), "Offer.pdf")}
    page = browser.post("activities.add_to_lead", typed, lead_id=lead.id).follow()
    session.execute(update(File).values(created_at=File.created_at + later))
    session.commit()
    page.button("Undo")
    assert len(ids(session)) == kept


def test_nobody_else_undoes_it(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, vera: Employee, lead: Lead
) -> None:
    note = make_activity(session, by=ann, lead_id=lead.id)
    for other in (bob, vera):
        assert browser_as(other).post("activities.undo_adding", activity_id=note.id).status == 403
    assert browser_as(ann).post("activities.undo_adding", activity_id=note.id + 1).status == 404
    assert browser_as(ann).post("activities.undo_adding", activity_id=note.id).status == 303
    assert browser_as(bob).post("activities.undo_adding", activity_id=note.id).status == 403


def test_signed_out_people_sign_in_first(visitor: Browser) -> None:
    assert visitor.post("activities.undo_adding", activity_id=1).location == "/sign-in"


def test_several_at_once_remove_it_once(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        ann = own_database.find(session, "ann")
        lead_id = make_lead(session).id
        note_id = make_activity(session, by=ann, subject="Talked", lead_id=lead_id).id
        browsers = [Browser(own_database.app, make_sign_in(session, ann)) for _ in range(TIMES)]
    start = Barrier(TIMES)

    def undo(browser: Browser) -> Page:
        start.wait(30)
        return browser.post("activities.undo_adding", activity_id=note_id)

    with ThreadPoolExecutor(TIMES) as pool:
        answers = [sent.result() for sent in [pool.submit(undo, browser) for browser in browsers]]
    assert [answer.status for answer in answers] == [303] * TIMES
    assert all("Talked removed." in answer.follow().flash for answer in answers)
    with own_database.session() as session:
        removed = select(func.count()).where(Change.entity == "activity", Change.action == "deleted")
        assert session.scalar(removed) == 1
