"""Taking an activity away: POST /activities/<id>/remove."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Activity, ActivityKind, Change, Employee
from tests.factories import make_activity, make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def note(session: Session, ann: Employee) -> Activity:
    return make_activity(session, by=ann, subject="Talked", body="About it", lead_id=make_lead(session).id)


def test_its_author_removes_it_and_history_keeps_what_it_said(
    browser_as: BrowserAs, session: Session, ann: Employee, note: Activity
) -> None:
    page = browser_as(ann).get("leads.show_lead", lead_id=note.lead_id).button("Remove Talked")
    assert page.location == f"/leads/{note.lead_id}"
    assert "Talked removed." in page.follow().flash
    assert session.scalars(select(Activity.id)).all() == []
    change = session.scalars(select(Change).where(Change.action == "deleted")).one()
    assert (change.actor_id, change.fields["body"]) == (ann.id, ["About it", None])


def test_a_manager_removes_anything(browser_as: BrowserAs, session: Session, max: Employee, ann: Employee) -> None:
    customer = make_customer(session)
    note = make_activity(session, by=ann, customer_id=customer.id)
    assert (
        browser_as(max).post("activities.remove_activity", activity_id=note.id).location == f"/customers/{customer.id}"
    )


def test_nobody_else_does(browser_as: BrowserAs, session: Session, bob: Employee, note: Activity) -> None:
    browser = browser_as(bob)
    assert "Remove" not in browser.get("leads.show_lead", lead_id=note.lead_id).text
    page = browser.post("activities.remove_activity", activity_id=note.id)
    assert page.status == 403
    assert "Only its author, a manager or an admin can remove it." in page.text
    assert session.scalars(select(Activity.id)).all() == [note.id]


def test_an_author_who_may_only_look_by_now_is_refused(browser_as: BrowserAs, vera: Employee, session: Session) -> None:
    note = make_activity(session, by=vera, lead_id=make_lead(session).id)
    browser = browser_as(vera)
    assert not browser.get("leads.show_lead", lead_id=note.lead_id).has(".timeline button")
    assert browser.post("activities.remove_activity", activity_id=note.id).status == 403


def test_twice_is_not_found(browser_as: BrowserAs, ann: Employee, note: Activity) -> None:
    browser = browser_as(ann)
    assert browser.post("activities.remove_activity", activity_id=note.id).status == 303
    assert browser.post("activities.remove_activity", activity_id=note.id).status == 404
    assert browser.open(f"/activities/{note.id}/remove").status == 405


def test_signed_out_people_sign_in_first(visitor: Browser, note: Activity) -> None:
    assert visitor.post("activities.remove_activity", activity_id=note.id).location == "/sign-in"


def test_undo_puts_it_back_as_it_was(
    browser_as: BrowserAs, session: Session, max: Employee, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    task_id = make_activity(
        session, by=ann, kind=ActivityKind.TASK, subject="Call", body="About it", lead_id=lead.id,
        due_on=date(2027, 1, 2), assignee_id=bob.id,
    ).id  # fmt: skip
    columns = [
        column for column in Activity.__table__.columns if column.name not in ("id", "updated_at", "updated_by_id")
    ]
    before = session.execute(select(*columns)).one()
    browser = browser_as(max)
    page = browser.get("leads.show_lead", lead_id=lead.id).button("Remove Call").follow()
    assert session.scalars(select(Activity.id)).all() == []
    page = page.button("Undo")
    assert page.location == f"/leads/{lead.id}"
    assert "Call restored." in page.follow().flash
    assert session.execute(select(*columns)).one() == before
    assert browser.post("activities.restore_activity", activity_id=task_id).location == f"/leads/{lead.id}"
    assert len(session.scalars(select(Activity.id)).all()) == 1


def test_nobody_else_puts_it_back(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, note: Activity
) -> None:
    assert browser_as(ann).post("activities.remove_activity", activity_id=note.id).status == 303
    assert browser_as(bob).post("activities.restore_activity", activity_id=note.id).status == 403
    assert browser_as(ann).post("activities.restore_activity", activity_id=note.id + 1).status == 404


def test_a_record_in_the_trash_takes_nothing_back(
    browser_as: BrowserAs, session: Session, ada: Employee, note: Activity
) -> None:
    browser = browser_as(ada)
    assert browser.post("activities.remove_activity", activity_id=note.id).status == 303
    assert browser.post("leads.trash_lead", lead_id=note.lead_id).status == 303
    page = browser.post("activities.restore_activity", activity_id=note.id)
    assert "This record is in the trash. Restore it first." in page.follow().flash
    assert session.scalars(select(Activity.id)).all() == []
