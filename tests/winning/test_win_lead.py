"""Winning a lead whose customer may be known: GET /leads/<id>/win, and what its page posts."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Contact, Conversion, ConversionKind, Customer, CustomerKind, Employee, Lead, LeadStatus
from tests.factories import make_contact, make_customer, make_lead
from tests.page import Browser, Page
from tests.rows import count

BrowserAs = Callable[[Employee], Browser]


def read(session: Session, row: Any) -> Any:
    session.expire_all()
    return session.get_one(type(row), row.id)


def win(browser: Browser, lead: Lead, **more: Any) -> Page:
    return browser.post("leads.change_status", {"status": "won", **more}, lead_id=lead.id)


@pytest.fixture
def lead(session: Session, ann: Employee) -> Lead:
    """A lead with everything that a customer takes over."""
    return make_lead(
        session,
        first_name="Zoë",
        last_name="Okoro",
        company="Nordlys A/S",
        email="zoe@nordlys.example",
        phone="+45 33 12 34 56",
        phone_e164="+4533123456",
        website="www.nordlys.example",
        street="Åboulevarden 1",
        city="Aarhus",
        country="DK",
        industry="Energy",
        status=LeadStatus.QUALIFIED,
        owner_id=ann.id,
    )


# Shown before anything is saved


def test_the_new_customer_is_shown_with_what_it_takes_over(browser_as: BrowserAs, lead: Lead, ann: Employee) -> None:
    page = browser_as(ann).get("leads.preview_win", lead_id=lead.id)
    assert page.h1 == "Win Zoë Okoro"
    form = page.form("status")
    assert {name: form[name] for name in ("name", "kind", "email", "phone", "website", "billing_city", "owner_id")} == {
        "name": "Nordlys A/S",
        "kind": "organisation",
        "email": "zoe@nordlys.example",
        "phone": "+45 33 12 34 56",
        "website": "www.nordlys.example",
        "billing_city": "Aarhus",
        "owner_id": str(ann.id),
    }
    assert not page.has("#likely")


def test_without_a_likely_match_one_click_is_enough(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    make_customer(session, name="Quite another", email="x@other.example", website="other.example")
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id).button("Won")
    assert page.location == f"/leads/{lead.id}"
    assert read(session, lead).is_won


@pytest.mark.parametrize(
    ("customer", "reason"),
    [
        ({"email": "ZOE@nordlys.example"}, "Same email"),
        ({"phone": "33123456", "phone_e164": "+4533123456"}, "Same phone number"),
        ({"email": "post@Nordlys.example"}, "Domain nordlys.example"),
        ({"website": "https://nordlys.example/about?x=1"}, "Domain nordlys.example"),
        ({"name": "Nørdlys A/S"}, "Same name"),
        ({"name": "Nordlys A/S Danmark"}, "Similar name (60%)"),
    ],
)
def test_who_may_be_the_same_is_offered_with_the_reason(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee, customer: dict[str, Any], reason: str
) -> None:
    known = make_customer(session, **{"name": "Quite another"} | customer)
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id).button("Won")
    assert page.location == f"/leads/{lead.id}/win"
    page = page.follow()
    assert page.one(".choice-reason").get_text() == reason
    assert page.link(f"{known.name}") == f"/customers/{known.id}"
    # Nothing links by itself.
    assert (read(session, lead).status, lead.customer_id) == (LeadStatus.QUALIFIED, None)
    assert (count(session, Customer), count(session, Conversion)) == (1, 0)


def test_a_contact_leads_to_its_customer(browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee) -> None:
    known = make_customer(session, name="Quite another")
    make_contact(session, known, email="zoe@NORDLYS.example", mobile_e164="+4533123456")
    page = win(browser_as(ann), lead).follow()
    assert page.one(".choice-reason").get_text() == "Same email, same phone number"


def test_the_likeliest_comes_first_and_five_are_enough(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    for number in range(6):
        make_customer(session, name="Quite another", email=f"{number}@nordlys.example")
    make_customer(session, name="By phone", phone_e164="+4533123456")
    make_customer(session, name="By email", email="zoe@nordlys.example")
    page = win(browser_as(ann), lead).follow()
    names = [name.get_text() for name in page.soup.select(".choices strong")]
    assert names[:2] == ["By email", "By phone"]
    assert len(names) == 5


@pytest.mark.parametrize(
    "where", ["customer in the trash", "contact in the trash", "mail that everyone uses", "a site that everyone uses"]
)
def test_what_says_nothing_is_not_offered(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee, where: str
) -> None:
    gone: dict[str, Any] = {"deleted_at": datetime.now(UTC), "deleted_by_id": ann.id}
    if where == "customer in the trash":
        make_customer(session, name="Nordlys A/S", email="zoe@nordlys.example", **gone)
    elif where == "contact in the trash":
        make_contact(session, make_customer(session), email="zoe@nordlys.example", **gone)
    elif where == "mail that everyone uses":
        make_customer(session, email="somebody@alice.it")
        lead = make_lead(session, email="zoe@alice.it", last_name="Okoro")
    else:
        make_customer(session, website="https://de.linkedin.com/company/one")
        lead = make_lead(session, website="de.linkedin.com/company/other", last_name="Okoro")
    assert win(browser_as(ann), lead).location == f"/leads/{lead.id}"


def test_a_lead_that_has_its_customer_needs_no_choice(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    browser = browser_as(ann)
    win(browser, lead)
    assert browser.get("leads.preview_win", lead_id=lead.id).location == f"/leads/{lead.id}"


# Created


def test_what_is_typed_on_the_page_becomes_the_customer(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    form = browser_as(ann).get("leads.preview_win", lead_id=lead.id).form("status")
    page = form.fill(name="Nordlys Group", vat_number="DK1", phone="+45 44 00 00 00").submit()
    assert page.location == f"/leads/{lead.id}"
    customer = session.scalars(select(Customer)).one()
    assert f"Won. Customer {customer.number} Nordlys Group created." in page.follow().flash
    assert (customer.vat_number, customer.phone_e164, customer.email) == ("DK1", "+4544000000", "zoe@nordlys.example")
    assert (customer.created_from_lead_id, read(session, lead).customer_id) == (lead.id, customer.id)
    assert session.scalars(select(Contact)).one().name == "Zoë Okoro"
    line = session.scalars(select(Conversion)).one()
    assert (line.kind, line.customer_version, line.before["status"]) == (ConversionKind.CREATED, 1, "qualified")


def test_a_likely_match_does_not_hinder_a_new_one(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    make_customer(session, email="zoe@nordlys.example")
    assert win(browser_as(ann), lead, create="1").location == f"/leads/{lead.id}"
    assert count(session, Customer) == 2


def test_a_person_gets_no_contact(browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee) -> None:
    win(browser_as(ann), lead, create="1", kind="person", name="Zoë Okoro")
    assert session.scalars(select(Customer)).one().kind is CustomerKind.PERSON
    assert count(session, Contact) == 0


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        ({"name": " "}, "name", "Enter the customer’s name."),
        ({"name": "x" * 301}, "name", "Shorten this to 300"),
        ({"email": "nobody"}, "email", "Enter an email address"),
        ({"owner_id": "9999"}, "owner_id", "Choose an active employee. Viewers can’t own records."),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    browser_as: BrowserAs,
    session: Session,
    lead: Lead,
    ann: Employee,
    data: dict[str, Any],
    field: str,
    message: str,
) -> None:
    page = win(browser_as(ann), lead, create="1", **data)
    assert page.status == 422
    assert message in page.errors[field]
    assert read(session, lead).status == LeadStatus.QUALIFIED
    assert count(session, Customer) == 0


# Linked


def test_linking_fills_only_what_is_empty_and_says_what(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee, bob: Employee
) -> None:
    known = make_customer(session, name="Nordlys", email="post@nordlys.example", billing_city="Odense", owner_id=ann.id)
    page = win(browser_as(ann), lead).follow()
    assert "Adds Zoë Okoro as a contact. Fills in from the lead: Phone, Website, Industry." in page.text
    assert "Existing details stay as they are." in page.text
    page = page.button(f"Link to this customer: {known.number} Nordlys").follow()
    customer = read(session, known)
    assert f"Won. Linked to customer {customer.number} Nordlys." in page.flash
    assert "Filled in from the lead: Phone, Website, Industry. Zoë Okoro added as a contact." in page.flash
    assert (customer.name, customer.email, customer.owner_id) == ("Nordlys", "post@nordlys.example", ann.id)
    assert (customer.phone, customer.phone_e164, customer.industry) == ("+45 33 12 34 56", "+4533123456", "Energy")
    # Half of one address and half of another would be none.
    assert (customer.billing_city, customer.billing_street) == ("Odense", None)
    lead = read(session, lead)
    assert (lead.status, lead.customer_id) == (LeadStatus.WON, known.id)
    line = session.scalars(select(Conversion)).one()
    assert (line.kind, line.filled["phone"]) == (ConversionKind.LINKED, "+45 33 12 34 56")
    assert line.filled.keys() == {"phone", "website", "industry"}


@pytest.mark.parametrize(
    ("known", "kind", "added"),
    [
        ({"last_name": "Berg", "is_primary": True}, CustomerKind.ORGANISATION, True),
        ({"last_name": "Berg", "email": "ZOE@nordlys.example"}, CustomerKind.ORGANISATION, False),
        ({"first_name": "Zoe", "last_name": "OKORO"}, CustomerKind.ORGANISATION, False),
        ({"last_name": "Berg"}, CustomerKind.PERSON, False),
    ],
)
def test_the_person_becomes_a_contact_of_who_does_not_know_them(
    browser_as: BrowserAs,
    session: Session,
    lead: Lead,
    ann: Employee,
    known: dict[str, Any],
    kind: CustomerKind,
    added: bool,
) -> None:
    customer = make_customer(session, name="Nordlys A/S", kind=kind)
    make_contact(session, customer, **known)
    page = win(browser_as(ann), lead).follow()
    assert ("as a contact" in page.text) is added
    page = page.button(f"Link to this customer: {customer.number} Nordlys A/S").follow()
    assert ("Zoë Okoro added as a contact." in page.flash) is added
    contacts = session.scalars(select(Contact).order_by(Contact.id)).all()
    assert len(contacts) == (2 if added else 1)
    if added:
        assert (contacts[1].email, contacts[1].is_primary) == ("zoe@nordlys.example", False)


def test_two_people_without_an_e_mail_are_not_the_same(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys A/S")
    make_contact(session, customer, last_name="Berg")
    page = win(browser_as(ann), make_lead(session, company="Nordlys A/S", last_name="Okoro"), customer_id=customer.id)
    assert "Okoro added as a contact." in page.follow().flash


def test_a_company_without_a_person_brings_no_contact(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys A/S")
    page = win(browser_as(ann), make_lead(session, company="Nordlys A/S")).follow()
    assert "The customer’s details stay as they are." in page.text
    page.button(f"Link to this customer: {customer.number} Nordlys A/S")
    assert count(session, Contact) == 0


def test_an_address_is_filled_as_a_whole(browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee) -> None:
    known = make_customer(session, name="Nordlys")
    win(browser_as(ann), lead, customer_id=known.id)
    customer = read(session, known)
    assert (customer.billing_street, customer.billing_city, customer.billing_country) == (
        "Åboulevarden 1",
        "Aarhus",
        "DK",
    )
    assert (customer.email, customer.owner_id) == ("zoe@nordlys.example", ann.id)


def test_a_colleagues_customer_is_linked_but_not_changed(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee, bob: Employee
) -> None:
    known = make_customer(session, name="Nordlys A/S", owner_id=bob.id)
    page = win(browser_as(ann), lead).follow()
    assert "Owned by Bob Tanaka, so nothing is filled in from the lead." in page.text
    page.button(f"Link to this customer: {known.number} Nordlys A/S")
    assert read(session, lead).customer_id == known.id
    assert (read(session, known).version, known.phone, count(session, Contact)) == (1, None, 0)


def test_a_customer_in_the_trash_is_not_linked(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    known = make_customer(session, name="Gone", deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    page = win(browser_as(ann), lead, customer_id=known.id)
    assert page.status == 422
    assert f"Customer {known.number} Gone is in the trash. Restore it first." in page.errors[""]
    assert read(session, lead).customer_id is None


def test_a_customer_that_is_not_there(browser_as: BrowserAs, lead: Lead, ann: Employee) -> None:
    assert win(browser_as(ann), lead, customer_id=9999).status == 404


def test_linking_twice_changes_nothing(browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee) -> None:
    known = make_customer(session, name="Nordlys A/S")
    browser = browser_as(ann)
    win(browser, lead, customer_id=known.id)
    version = read(session, known).version
    page = win(browser, lead, customer_id=known.id).follow()
    assert "This lead is already won." in page.flash
    assert (read(session, known).version, count(session, Conversion)) == (version, 1)


@pytest.mark.parametrize("choice", [{"create": "1"}, {"customer_id": "known"}])
def test_someone_moved_it_meanwhile(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee, choice: dict[str, Any]
) -> None:
    known = make_customer(session, name="Nordlys A/S")
    data = {name: str(known.id) if value == "known" else value for name, value in choice.items()}
    page = win(browser_as(ann), lead, from_status="contacted", **data)
    assert page.status == 409
    assert "moved this lead to Qualified after you opened this page" in page.errors[""]
    assert count(session, Conversion) == 0


# Refused


def test_strangers_and_viewers_see_no_preview(
    browser_as: BrowserAs, lead: Lead, bob: Employee, vera: Employee, visitor: Browser
) -> None:
    page = browser_as(bob).get("leads.preview_win", lead_id=lead.id)
    assert page.status == 403
    assert "Only the owner, a manager or an admin can edit it." in page.text
    assert browser_as(vera).get("leads.preview_win", lead_id=lead.id).status == 403
    assert visitor.get("leads.preview_win", lead_id=lead.id).location == f"/sign-in?next=/leads/{lead.id}/win"
    assert win(browser_as(bob), lead, create="1").status == 403


def test_a_lead_in_the_trash_has_none(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    assert browser_as(ann).get("leads.preview_win", lead_id=lead.id).status == 403
    assert win(browser_as(ann), lead, create="1").status == 422


def test_an_unknown_lead_is_not_there(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).get("leads.preview_win", lead_id=9999).status == 404


# Sent again


def test_the_same_page_sent_twice_gives_the_same_answer_with_its_undo(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    form = browser_as(ann).get("leads.preview_win", lead_id=lead.id).form("status").fill(name="Nordlys Group")
    answers = [form.submit().follow() for _ in range(2)]
    assert answers[0].flash == answers[1].flash
    answers[1].button("Undo")
    assert not read(session, lead).is_won


def test_back_to_the_page_after_a_win_nothing_more_is_saved_and_that_is_said(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    form = browser_as(ann).get("leads.preview_win", lead_id=lead.id).form("status")
    form.submit()
    page = form.submit(name="Another").follow()
    customer = session.scalars(select(Customer)).one()
    assert f"This lead is already won. Customer {customer.number} Nordlys A/S is its customer." in page.flash
    assert "What you typed was not saved." in page.flash
    # The same of a page on which a colleague typed.
    page = win(browser_as(ann), lead, create="1", name="@", email="@").follow()
    assert "What you typed was not saved." in page.flash


def test_back_to_the_page_after_an_undo_it_is_won_again(
    browser_as: BrowserAs, session: Session, lead: Lead, ann: Employee
) -> None:
    form = browser_as(ann).get("leads.preview_win", lead_id=lead.id).form("status")
    form.submit().follow().button("Undo")
    page = form.submit().follow()
    assert "Nordlys A/S restored from trash." in page.flash
    assert read(session, lead).is_won
    assert count(session, Customer) == 1
