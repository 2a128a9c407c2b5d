"""Taking a win back: POST /leads/<id>/win/undo."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.models import Change, Contact, Conversion, Customer, Employee, Lead, LeadStatus, LostReason
from tests.factories import make_activity, make_contact, make_customer, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def read(session: Session, row: Any) -> Any:
    session.expire_all()
    return session.get_one(type(row), row.id)


def move(browser: Browser, lead: Lead, status: str, **more: Any) -> Page:
    return browser.post("leads.change_status", {"status": status, **more}, lead_id=lead.id)


def undo(browser: Browser, lead: Lead) -> Page:
    return browser.post("leads.undo_win", lead_id=lead.id)


@pytest.fixture
def lead(session: Session, ann: Employee) -> Lead:
    """A lead with a company and a person."""
    return make_lead(
        session,
        first_name="Zoë",
        last_name="Okoro",
        company="Nordlys A/S",
        email="zoe@nordlys.example",
        phone="+45 33 12 34 56",
        phone_e164="+4533123456",
        status=LeadStatus.PROPOSAL,
        owner_id=ann.id,
    )


@pytest.fixture
def customer(browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee) -> Customer:
    """The customer that winning it has just made."""
    move(browser_as(ann), lead, "won")
    return session.scalars(select(Customer)).one()


# Created


def test_the_message_takes_everything_back(browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee) -> None:
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id).button("Won").follow()
    page = page.button("Undo")
    assert page.location == f"/leads/{lead.id}"
    customer = session.scalars(select(Customer)).one()
    assert (
        f"The lead is back in Proposal. Customer {customer.number} Nordlys A/S moved to trash." in page.follow().flash
    )
    lead = read(session, lead)
    assert (lead.status, lead.customer_id, lead.closed_at) == (LeadStatus.PROPOSAL, None, None)
    assert customer.is_in_trash
    assert session.scalars(select(Contact)).one().is_in_trash
    line = session.scalars(select(Conversion)).one()
    assert (line.undone_by_id, line.undone_at is not None) == (ann.id, True)


def test_the_leads_page_offers_it_to_who_may(
    browser_as: BrowserAs, session: Session, lead: Lead, customer: Customer, ann: Employee, bob: Employee
) -> None:
    assert "Undo win" not in browser_as(bob).get("leads.show_lead", lead_id=lead.id).text
    browser_as(ann).get("leads.show_lead", lead_id=lead.id).button("Undo win")
    assert read(session, customer).is_in_trash
    assert "Undo win" not in browser_as(ann).get("leads.show_lead", lead_id=lead.id).text


def test_a_lost_lead_is_lost_again_as_it_was(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    long_ago = datetime(2026, 3, 4, 5, 6, 7, 891, UTC)
    lead = make_lead(
        session,
        company="Nordlys",
        status=LeadStatus.LOST,
        lost_reason=LostReason.OTHER,
        lost_note="Moved away",
        closed_at=long_ago,
    )
    move(browser_as(ann), lead, "won")
    undo(browser_as(ann), lead)
    lead = read(session, lead)
    assert (lead.status, lead.lost_reason, lead.lost_note) == (LeadStatus.LOST, LostReason.OTHER, "Moved away")
    assert lead.closed_at == long_ago


def test_twice_changes_nothing_more(
    browser_as: BrowserAs, session: Session, lead: Lead, customer: Customer, ann: Employee
) -> None:
    undo(browser_as(ann), lead)
    version = read(session, lead).version
    assert "This win was already undone" in undo(browser_as(ann), lead).follow().flash
    assert read(session, lead).version == version


def test_winning_again_brings_the_same_customer_back(
    browser_as: BrowserAs, session: Session, lead: Lead, customer: Customer, ann: Employee
) -> None:
    browser = browser_as(ann)
    undo(browser, lead)
    page = move(browser, lead, "won").follow()
    assert f"Won. Customer {customer.number} Nordlys A/S restored from trash." in page.flash
    customer = read(session, customer)
    contact = session.scalars(select(Contact)).one()
    assert (customer.is_in_trash, contact.is_in_trash, contact.is_primary) == (False, False, True)
    assert read(session, lead).customer_id == customer.id
    # And that is taken back as well.
    assert undo(browser, lead).status == 303
    assert read(session, customer).is_in_trash
    assert len(session.scalars(select(Conversion)).all()) == 2


def test_winning_again_takes_what_is_typed(
    browser_as: BrowserAs, session: Session, lead: Lead, customer: Customer, ann: Employee
) -> None:
    undo(browser_as(ann), lead)
    move(browser_as(ann), lead, "won", create="1", name="Nordlys Group")
    customer = read(session, customer)
    assert (customer.name, customer.is_in_trash) == ("Nordlys Group", False)
    assert undo(browser_as(ann), lead).status == 303


def test_a_customer_that_someone_restored_is_offered(
    browser_as: BrowserAs, session: Session, lead: Lead, customer: Customer, ann: Employee
) -> None:
    undo(browser_as(ann), lead)
    browser_as(ann).post("customers.restore_customer", customer_id=customer.id)
    page = move(browser_as(ann), lead, "won").follow()
    assert page.one(".choice-reason").get_text().startswith("Created from this lead")
    page.button(f"Link to this customer: {customer.number} Nordlys A/S")
    undo(browser_as(ann), lead)
    assert not read(session, customer).is_in_trash
    assert read(session, lead).customer_id is None


def test_a_lead_that_left_won_keeps_its_status(
    browser_as: BrowserAs, session: Session, lead: Lead, customer: Customer, ann: Employee
) -> None:
    browser = browser_as(ann)
    move(browser, lead, "negotiation", confirmed="1")
    browser.get("leads.show_lead", lead_id=lead.id).button("Undo customer creation")
    lead = read(session, lead)
    assert (lead.status, lead.customer_id) == (LeadStatus.NEGOTIATION, None)
    assert read(session, customer).is_in_trash


def test_a_lead_that_was_won_again_goes_back_to_where_it_was_last(
    browser_as: BrowserAs, session: Session, lead: Lead, customer: Customer, ann: Employee
) -> None:
    browser = browser_as(ann)
    move(browser, lead, "negotiation", confirmed="1").follow()
    move(browser, lead, "won").follow().button("Undo")
    assert read(session, lead).status == LeadStatus.NEGOTIATION


# Linked


def test_the_filled_fields_are_emptied_where_nobody_changed_them(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    known = make_customer(session, name="Nordlys", website="nordlys.example")
    move(browser_as(ann), lead, "won", customer_id=known.id)
    form = browser_as(ann).get("customers.edit_customer", customer_id=known.id).form("edit")
    form.fill(email="post@nordlys.example").submit()
    page = undo(browser_as(ann), lead).follow()
    told = "is kept. Cleared: Phone, Owner. Contact Zoë Okoro moved to trash."
    assert f"Customer {known.number} Nordlys {told}" in page.flash
    customer = read(session, known)
    assert (customer.phone, customer.phone_e164, customer.owner_id) == (None, None, None)
    assert (customer.email, customer.website) == ("post@nordlys.example", "nordlys.example")
    lead = read(session, lead)
    assert (lead.status, lead.customer_id, customer.is_in_trash) == (LeadStatus.PROPOSAL, None, False)


def test_the_contact_that_linking_added_goes_and_comes_back(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    known = make_customer(session, name="Nordlys")
    for _ in range(2):
        move(browser_as(ann), lead, "won", customer_id=known.id)
        contact = read(session, session.scalars(select(Contact)).one())
        assert (contact.is_in_trash, contact.is_primary) == (False, True)
        undo(browser_as(ann), lead)
        assert read(session, contact).is_in_trash
    browser_as(ann).post("customers.restore_contact", contact_id=contact.id)
    move(browser_as(ann), lead, "won", customer_id=known.id)
    undo(browser_as(ann), lead)
    assert not read(session, contact).is_in_trash


def test_the_contact_that_linking_added_stays_once_somebody_changed_it(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    known = make_customer(session, name="Nordlys")
    move(browser_as(ann), lead, "won", customer_id=known.id)
    contact = session.scalars(select(Contact)).one()
    change_the_contact(browser_as(ann), session, known)
    assert "Cleared: Email, Phone, Owner." in undo(browser_as(ann), lead).follow().flash
    assert not read(session, contact).is_in_trash


def test_who_bought_before_stays_the_leads_customer(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    known = make_customer(session, name="Nordlys")
    lead = make_lead(session, customer_id=known.id)
    move(browser_as(ann), lead, "won")
    undo(browser_as(ann), lead)
    lead = read(session, lead)
    assert (lead.status, lead.customer_id, read(session, known).version) == (LeadStatus.NEW, known.id, 1)


def test_an_inactive_customer_is_active_while_a_lead_is_won_for_it(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    known = make_customer(session, name="Nordlys", status="inactive", owner_id=ann.id)
    second = make_lead(session, customer_id=known.id, status=LeadStatus.PROPOSAL, owner_id=ann.id)
    move(browser_as(ann), lead, "won", customer_id=known.id)
    assert read(session, known).status == "active"
    move(browser_as(ann), second, "won")
    undo(browser_as(ann), lead)
    assert read(session, known).status == "active"
    move(browser_as(ann), second, "qualified")
    move(browser_as(ann), lead, "won", customer_id=known.id)
    undo(browser_as(ann), lead)
    assert read(session, known).status == "active"


def test_undoing_the_only_win_makes_the_customer_inactive_again(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    known = make_customer(session, name="Nordlys", status="inactive")
    former = make_customer(session, name="Quist", status="former")
    move(browser_as(ann), lead, "won", customer_id=known.id)
    assert read(session, known).status == "active"
    undo(browser_as(ann), lead)
    assert read(session, known).status == "inactive"
    move(browser_as(ann), lead, "won", customer_id=former.id)
    assert read(session, former).status == "former"


def test_a_linked_customer_in_the_trash_keeps_its_fields(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    known = make_customer(session, name="Nordlys")
    move(browser_as(ann), lead, "won", customer_id=known.id)
    browser_as(ann).post("customers.trash_customer", customer_id=known.id)
    page = undo(browser_as(ann), lead)
    assert page.status == 409
    assert "In the trash" in page.text


# Why not


def change_it(browser: Browser, session: Session, customer: Customer) -> None:
    browser.get("customers.edit_customer", customer_id=customer.id).form("edit").fill(industry="Energy").submit()


def trash_it(browser: Browser, session: Session, customer: Customer) -> None:
    browser.post("customers.trash_customer", customer_id=customer.id)


def add_a_contact(browser: Browser, session: Session, customer: Customer) -> None:
    make_contact(session, customer, last_name="Berg")


def change_the_contact(browser: Browser, session: Session, customer: Customer) -> None:
    contact = session.scalars(select(Contact)).one()
    browser.get("customers.edit_contact", contact_id=contact.id).form("edit").fill(job_title="CEO").submit()


def add_an_activity(browser: Browser, session: Session, customer: Customer) -> None:
    make_activity(session, customer_id=customer.id)


def let_it_buy_again(browser: Browser, session: Session, customer: Customer) -> None:
    make_lead(session, last_name="Second", customer_id=customer.id)


def add_a_daughter(browser: Browser, session: Session, customer: Customer) -> None:
    make_customer(session, name="Daughter", parent_id=customer.id)


@pytest.mark.parametrize(
    ("happen", "told"),
    [
        (change_it, "Changed since then, last by Ann Keller."),
        (trash_it, "In the trash."),
        (add_a_contact, "Contact Berg was added."),
        (change_the_contact, "Contact Zoë Okoro was changed."),
        (add_an_activity, "Has 1 activity of its own."),
        (let_it_buy_again, "Second: Also belongs to this customer."),
        (add_a_daughter, "Daughter: Has this customer as its parent company."),
    ],
)
def test_what_stands_in_the_way_is_listed_and_nothing_changes(
    browser_as: BrowserAs,
    session: Session,
    lead: Lead,
    customer: Customer,
    ann: Employee,
    happen: Callable[[Browser, Session, Customer], None],
    told: str,
) -> None:
    happen(browser_as(ann), session, customer)
    versions = read(session, lead).version, read(session, customer).version
    page = undo(browser_as(ann), lead)
    assert page.status == 409
    assert told in page.text
    assert len(page.soup.select("#obstacles li a")) == 1
    assert (read(session, lead).version, read(session, customer).version) == versions
    assert session.scalars(select(Conversion)).one().undone_at is None


def test_a_lead_that_was_entered_as_won_has_nothing_to_go_back_to(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, status=LeadStatus.WON)
    values = {"lead": lead.id, "customer": lead.customer_id}
    session.execute(
        text("INSERT INTO conversions (lead_id, customer_id, kind) VALUES (:lead, :customer, 'linked')"), values
    )
    session.commit()
    assert "Undo win" not in browser_as(ann).get("leads.show_lead", lead_id=lead.id).text
    page = undo(browser_as(ann), lead)
    assert page.status == 409
    assert "Created as won, so there is no earlier status." in page.text


# Refused


def test_others_may_not(
    browser_as: BrowserAs,
    session: Session,
    lead: Lead,
    customer: Customer,
    bob: Employee,
    vera: Employee,
    max: Employee,
    visitor: Browser,
) -> None:
    page = undo(browser_as(bob), lead)
    assert page.status == 403
    assert "Only the owner, a manager or an admin can edit it." in page.text
    assert undo(browser_as(vera), lead).status == 403
    assert undo(visitor, lead).location == "/sign-in"
    assert read(session, lead).is_won
    assert undo(browser_as(max), lead).status == 303


def test_a_lead_in_the_trash_is_restored_first(
    browser_as: BrowserAs, session: Session, lead: Lead, customer: Customer, ann: Employee
) -> None:
    browser_as(ann).post("leads.trash_lead", lead_id=lead.id)
    page = undo(browser_as(ann), lead)
    assert page.status == 403
    assert "Restore it first." in page.text


def test_a_link_takes_nothing_back(browser_as: BrowserAs, lead: Lead, customer: Customer, ann: Employee) -> None:
    assert browser_as(ann).open(f"/leads/{lead.id}/win/undo").status == 405


def test_an_unknown_lead_is_not_there(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).post("leads.undo_win", lead_id=9999).status == 404


def test_history_says_who_took_it_back(
    browser_as: BrowserAs, session: Session, lead: Lead, customer: Customer, ann: Employee, max: Employee
) -> None:
    undo(browser_as(max), lead)
    changes = session.scalars(select(Change).where(Change.entity == "lead").order_by(Change.id)).all()
    assert changes[-1].fields["status"] == ["won", "proposal"]
    assert changes[-1].fields["customer_id"] == [customer.id, None]
    assert changes[-1].actor_id == max.id


def test_undoing_carries_an_undo(
    browser_as: BrowserAs, session: Session, lead: Lead, customer: Customer, ann: Employee
) -> None:
    """It wins the lead for the same customer again, once, unless somebody changed the lead."""
    browser = browser_as(ann)
    page = undo(browser, lead).follow()
    assert "Won. Customer" in page.button("Undo").follow().flash
    assert (read(session, lead).status, read(session, lead).customer_id) == (LeadStatus.WON, customer.id)
    assert not read(session, customer).is_in_trash
    assert "already won" in page.button("Undo").follow().flash
    page = undo(browser, lead).follow()
    move(browser, lead, "qualified")
    assert "It stays as it is." in page.button("Undo").follow().flash
    assert read(session, lead).status is LeadStatus.QUALIFIED


def test_undoing_a_link_carries_an_undo(browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee) -> None:
    known = make_customer(session, name="Nordlys", owner_id=ann.id)
    browser = browser_as(ann)
    move(browser, lead, "won", customer_id=known.id).follow()
    filled = read(session, known).email
    page = undo(browser, lead).follow()
    assert read(session, known).email is None
    assert "Linked to customer" in page.button("Undo").follow().flash
    assert (read(session, lead).customer_id, read(session, known).email) == (known.id, filled)
