"""A field goes back to what it was: POST /history/<id>/put-back."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Change, ChangeAction, Employee, LeadStatus, LostReason, Role
from tests.factories import make_contact, make_customer, make_employee, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def change(session: Session, record: Any, **fields: Any) -> Change:
    """Change a record behind the application's back; give the line of history."""
    for name, value in fields.items():
        setattr(record, name, value)
    session.commit()
    newest = select(Change).where(Change.action == ChangeAction.CHANGED).order_by(Change.id.desc())
    return session.scalars(newest).all()[0]


def read(session: Session, record: Any) -> Any:
    session.expire_all()
    return session.get_one(type(record), record.id)


def test_a_field_goes_back_and_history_says_so(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro", amount=1200, company="Old", source="Web", owner_id=ann.id)
    change(session, lead, company="New", amount=Decimal("1300.50"))
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id)
    page = page.button("Restore this value: Amount")
    assert page.location == f"/leads/{lead.id}"
    assert page.follow().flash == "Amount restored."
    lead = read(session, lead)
    assert (lead.amount, lead.company, lead.source, lead.owner_id) == (Decimal(1200), "New", "Web", ann.id)
    last = session.scalars(select(Change).order_by(Change.id.desc())).first()
    assert last is not None
    assert (last.fields, last.actor_id) == ({"amount": [1300.5, 1200]}, ann.id)


def test_twice_is_once(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, company="Old")
    line, browser = change(session, lead, company="New"), browser_as(ann)
    browser.post("history.put_back", {"field": "company"}, change_id=line.id)
    version = read(session, lead).version
    page = browser.post("history.put_back", {"field": "company"}, change_id=line.id).follow()
    assert page.flash.endswith("Company already has this value.")
    assert read(session, lead).version == version


def test_a_status_goes_by_its_own_rules(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead, browser = make_lead(session, company="Nordlys"), browser_as(ann)
    lost = {"status": "lost", "lost_reason": "price"}
    browser.post("leads.change_status", lost, lead_id=lead.id)
    browser.post("leads.change_status", {"status": "proposal"}, lead_id=lead.id)
    browser.get("leads.show_lead", lead_id=lead.id).button("Restore this value: Status")
    lead = read(session, lead)
    assert (lead.status, lead.lost_reason) == (LeadStatus.LOST, LostReason.PRICE)
    assert lead.closed_at is not None


def test_a_phone_takes_its_twin_along(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, phone="+45 33 12 34 56", phone_e164="+4533123456")
    line = change(session, customer, phone=None, phone_e164=None)
    assert browser_as(ann).post("history.put_back", {"field": "phone"}, change_id=line.id).status == 303
    assert read(session, customer).phone_e164 == "+4533123456"


def test_contacts_and_employees_too(browser_as: BrowserAs, session: Session, ann: Employee, ada: Employee) -> None:
    contact = make_contact(session, make_customer(session), last_name="Berg")
    change(session, contact, job_title="Boss")
    browser_as(ann).get("customers.edit_contact", contact_id=contact.id).button("Restore this value: Job title")
    assert read(session, contact).job_title is None
    change(session, ann, role=Role.MANAGER)
    page = browser_as(ada).get("employees.edit_employee", employee_id=ann.id).button("Restore this value: Role")
    assert page.location == f"/employees/{ann.id}/edit"
    assert read(session, ann).role is Role.SALES


@pytest.mark.parametrize(
    ("before", "after", "field", "reason"),
    [
        ({"company": "A"}, {"company": None, "last_name": "B"}, "last_name", "Enter at least a last name"),
        ({"company": "A"}, {"amount": 5, "currency": "USD"}, "currency", "Choose a currency for the amount."),
        ({"company": "A"}, {"status": LeadStatus.PROPOSAL}, "closed_at", "Closed can’t be restored on its own."),
        ({"company": "A"}, {"company": "B"}, "nonsense", "Nonsense can’t be restored on its own."),
    ],
)
def test_what_a_rule_forbids_is_refused_in_words(
    browser_as: BrowserAs,
    session: Session,
    ann: Employee,
    before: dict[str, Any],
    after: dict[str, Any],
    field: str,
    reason: str,
) -> None:
    line = change(session, make_lead(session, **before), **after)
    page = browser_as(ann).post("history.put_back", {"field": field}, change_id=line.id).follow()
    assert f"Nothing was restored. {reason}" in page.flash


def test_an_owner_who_left_does_not_come_back(browser_as: BrowserAs, session: Session, max: Employee) -> None:
    gone = make_employee(session)
    customer = make_customer(session, owner_id=gone.id)
    line = change(session, customer, owner_id=None)
    change(session, gone, is_active=False)
    page = browser_as(max).post("history.put_back", {"field": "owner_id"}, change_id=line.id).follow()
    assert "Choose an active employee. Viewers can’t own records." in page.flash
    assert read(session, customer).owner_id is None


def test_what_is_in_the_trash_stays_as_it_is(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, company="Old")
    line, browser = change(session, lead, company="New"), browser_as(ann)
    browser.post("leads.trash_lead", lead_id=lead.id)
    page = browser.post("history.put_back", {"field": "company"}, change_id=line.id).follow()
    assert "This lead is in the trash. Restore it first." in page.flash


def test_only_who_may_change_the_record(
    browser_as: BrowserAs, visitor: Browser, session: Session, ann: Employee, bob: Employee, vera: Employee
) -> None:
    lead = make_lead(session, company="Old", owner_id=ann.id)
    line = change(session, lead, company="New")
    data = {"field": "company"}
    refused = browser_as(bob).post("history.put_back", data, change_id=line.id)
    assert refused.status == 403
    assert "Owned by Ann Keller." in refused.text
    assert not browser_as(bob).get("leads.show_lead", lead_id=lead.id).has('[aria-label="Restore this value: Company"]')
    assert browser_as(vera).post("history.put_back", data, change_id=line.id).status == 403
    assert visitor.post("history.put_back", data, change_id=line.id).location == "/sign-in"
    own = change(session, bob, role=Role.ADMIN)
    assert browser_as(ann).post("history.put_back", {"field": "role"}, change_id=own.id).status == 403
    assert read(session, lead).company == "New"


def test_what_is_not_there_is_not_put_back(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    assert browser_as(ann).post("history.put_back", {"field": "x"}, change_id=999999).status == 404
    assert browser_as(ann).get("history.put_back", change_id=1).status == 405


# On the page of all history


def test_the_page_of_all_history_offers_it_and_is_come_back_to(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, company="Old", owner_id=ann.id)
    change(session, lead, company="New")
    contact = make_contact(session, make_customer(session, owner_id=ann.id), last_name="Berg")
    change(session, contact, job_title="Boss")
    browser = browser_as(ann)
    page = browser.get("history.list_changes", kind="lead", action="changed").button("Restore this value: New, Company")
    assert page.location == "/history?kind=lead&action=changed"
    page = page.follow()
    assert page.flash == "Company restored."
    assert len(page.soup.select(".timeline > li")) == 2
    page = browser.get("history.list_changes").button("Restore this value: Berg, Job title")
    assert (page.location, read(session, contact).job_title) == ("/history", None)


def test_the_page_of_all_history_offers_it_only_where_it_would_work(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, ada: Employee, vera: Employee
) -> None:
    theirs = make_customer(session, name="Theirs", owner_id=bob.id)
    change(session, make_contact(session, theirs, last_name="Berg"), job_title="Boss")
    change(session, theirs, name="Nordlys")
    trashed = make_lead(session, company="Old")
    change(session, trashed, company="New")
    browser_as(ann).post("leads.trash_lead", lead_id=trashed.id)
    gone = make_lead(session, company="Gone")
    change(session, gone, company="Away")
    session.delete(gone)
    session.commit()
    change(session, ann, job_title="Seller")

    def offered(person: Employee) -> list[str]:
        page = browser_as(person).get("history.list_changes")
        return [str(button["aria-label"]) for button in page.soup.select(".changes button")]

    assert offered(ann) == offered(vera) == []
    assert offered(bob) == ["Restore this value: Nordlys, Name", "Restore this value: Berg, Job title"]
    assert offered(ada)[0] == "Restore this value: Ann Keller, Job title"


@pytest.mark.parametrize("place", ["https://evil.example", "//evil.example", "/\t/evil.example", ""])
def test_nobody_is_sent_elsewhere(browser_as: BrowserAs, session: Session, ann: Employee, place: str) -> None:
    lead = make_lead(session, company="Old")
    line = change(session, lead, company="New")
    page = browser_as(ann).post("history.put_back", {"field": "company", "next": place}, change_id=line.id)
    assert page.location == f"/leads/{lead.id}"
