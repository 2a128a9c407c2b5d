"""Entering a lead: GET and POST /leads/new."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.request_log import count_queries
from crm_web.models import (
    Change,
    ChangeSource,
    Customer,
    CustomerKind,
    Employee,
    Lead,
    LeadSource,
    LeadStatus,
    Rating,
    Role,
)
from tests.factories import make_contact, make_customer, make_employee, make_lead
from tests.page import Browser
from tests.rows import count

BrowserAs = Callable[[Employee], Browser]


def the_lead(session: Session) -> Lead:
    session.expire_all()
    return session.scalars(select(Lead)).one()


def test_a_last_name_is_enough(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    page = browser_as(ann).get("leads.new_lead").form().fill(last_name="Okoro").submit()
    assert page.status == 303
    shown = page.follow()
    assert shown.h1 == "Okoro"
    assert "Okoro created." in shown.flash
    lead = the_lead(session)
    assert (lead.last_name, lead.status, lead.owner_id, lead.created_by_id) == (
        "Okoro",
        LeadStatus.NEW,
        ann.id,
        ann.id,
    )
    assert lead.currency is None


def test_every_field_is_kept(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    typed = {
        "salutation": "Dr",
        "first_name": " Zoë ",
        "last_name": "Okoro",
        "job_title": "Buyer",
        "company": "Nordlys A/S",
        "email": " zoe@Nordlys.example ",
        "phone": "+45 33 12 34 56",
        "mobile": "(415) 555-2671",
        "website": "nordlys.example",
        "street": "Havnegade 12\n2. sal",
        "city": "København",
        "state": "Hovedstaden",
        "postal_code": "1058",
        "country": "DK",
        "status": "qualified",
        "source": "Trade fair",
        "rating": "hot",
        "industry": "Shipping",
        "amount": "48,000.50",
        "currency": "DKK",
        "probability": "60%",
        "expected_close_on": "2027-01-15",
        "next_step": "Call",
        "owner_id": str(bob.id),
        "description": "One\nTwo",
    }
    browser_as(ann).get("leads.new_lead").form().fill(**typed).submit()
    lead = the_lead(session)
    kept = {name: getattr(lead, name) for name in typed}
    assert kept == typed | {
        "email": "zoe@nordlys.example",
        "status": LeadStatus.QUALIFIED,
        "rating": Rating.HOT,
        "amount": Decimal("48000.50"),
        "probability": 60,
        "expected_close_on": date(2027, 1, 15),
        "owner_id": bob.id,
    }
    assert (lead.phone_e164, lead.mobile_e164) == ("+4533123456", "+14155552671")


def test_history_says_who_and_through_which_source(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser_as(ann).post("leads.create_lead", {"last_name": "Okoro"})
    change = session.scalars(select(Change).where(Change.entity == "lead")).one()
    assert (change.actor_id, change.source) == (ann.id, ChangeSource.WEB)
    assert change.fields["last_name"] == [None, "Okoro"]


def test_the_form_proposes_me_and_the_companys_currency(browser_as: BrowserAs, ann: Employee) -> None:
    form = browser_as(ann).get("leads.new_lead").form()
    assert form["owner_id"] == str(ann.id)
    assert form["currency"] == "USD"
    assert form["status"] == "new"


def test_only_those_who_sell_can_be_chosen_as_owner(
    browser_as: BrowserAs, session: Session, ann: Employee, vera: Employee
) -> None:
    gone = make_employee(session, is_active=False)
    choices = browser_as(ann).get("leads.new_lead").form().choices("owner_id")
    assert {"Ann Keller", "Unassigned"} <= set(choices.values())
    for person in (gone, vera):
        assert str(person.id) not in choices
        page = browser_as(ann).post("leads.create_lead", {"last_name": "x", "owner_id": person.id})
        assert page.status == 422
        assert page.errors["owner_id"] == "Choose an active employee. Viewers can’t own records."


def test_it_can_belong_to_nobody(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser_as(ann).post("leads.create_lead", {"last_name": "x", "owner_id": ""})
    assert the_lead(session).owner_id is None


def test_a_source_is_spelt_as_it_is_known(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    session.add(LeadSource(name="Trade fair"))
    session.commit()
    browser = browser_as(ann)
    assert browser.get("leads.new_lead").has('datalist#sources option[value="Trade fair"]')
    browser.post("leads.create_lead", {"last_name": "x", "source": "TRADE FAIR "})
    assert the_lead(session).source == "Trade fair"


# What is refused


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("email", "nobody", "Enter an email address like name@company.com."),
        ("phone", "12", "Check the phone number"),
        ("mobile", "call me", "Enter a phone number like"),
        ("website", "not a site", "Enter a website like"),
        ("country", "XX", "Choose a country from the list."),
        ("currency", "XXX", "Choose a currency from the list."),
        ("amount", "-1", "Enter an amount of zero or more."),
        ("amount", "much", "Enter a number, such as"),
        ("amount", "0.234", "at most two decimals"),
        ("amount", "12.500", "can mean 12,500 or 12.50."),
        ("amount", "$ 5", "The amount says “$”, but the currency is EUR."),
        ("probability", "101", "Enter a whole number from 0 to 100."),
        ("expected_close_on", "2026-02-30", "Enter a date like"),
        ("rating", "tepid", "Choose one from the list."),
        ("status", "won", "Choose one from the list."),
        ("owner_id", "nobody", "Choose an active employee"),
        ("first_name", "x" * 301, "Shorten this to 300 characters; it has 301."),
        ("description", "a\x00b", "Remove the invisible NUL character"),
        ("source", "x" * 301, "Shorten this to 300 characters"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_lost(
    browser_as: BrowserAs, session: Session, ann: Employee, field: str, typed: str, message: str
) -> None:
    sent = {"last_name": "Okoro", "next_step": "Call back", "amount": "5", "currency": "EUR", field: typed}
    page = browser_as(ann).post("leads.create_lead", sent)
    assert page.status == 422
    assert message in page.errors[field]
    assert page.has(f'.error-summary a[href="#{field}"]')
    form = page.form("/leads/new")
    assert form["last_name"] == "Okoro"
    assert form["next_step"] == "Call back"
    if page.one(f"[name={field}]").name != "select":
        assert form[field] == typed.replace("\x00", "\ufffd")
    assert count(session, Lead) == 0


@pytest.mark.parametrize("blank", ["", "  ", "\t", "\u00a0"])
def test_a_lead_needs_a_name_of_some_kind(browser_as: BrowserAs, session: Session, ann: Employee, blank: str) -> None:
    page = browser_as(ann).post("leads.create_lead", {"first_name": "Zoë", "last_name": blank, "company": blank})
    assert page.status == 422
    assert page.errors == {"last_name": "Enter at least a last name, company or email."}
    assert count(session, Lead) == 0


def test_a_wrong_email_is_no_reason_to_ask_for_a_name_too(browser_as: BrowserAs, ann: Employee) -> None:
    page = browser_as(ann).post("leads.create_lead", {"email": "nobody"})
    assert set(page.errors) == {"email"}


def test_an_amount_needs_its_currency(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    page = browser_as(ann).post("leads.create_lead", {"last_name": "x", "amount": "5", "currency": ""})
    assert page.status == 422
    assert page.errors == {"currency": "Choose a currency for the amount."}


def test_a_currency_that_was_chosen_stays_without_an_amount(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    browser_as(ann).post("leads.create_lead", {"last_name": "x", "currency": "EUR"})
    assert the_lead(session).currency == "EUR"


@pytest.mark.parametrize(("field", "fold"), [("city", 2), ("salutation", 1)])
def test_a_rare_field_that_is_wrong_is_unfolded(browser_as: BrowserAs, ann: Employee, field: str, fold: int) -> None:
    page = browser_as(ann).post("leads.create_lead", {"last_name": "x", field: "x" * 301})
    assert [entry.has_attr("open") for entry in page.soup.select("form.form details.fold")][fold]


def test_hostile_text_comes_back_as_typed(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    evil = '"><script>alert(1)</script>{{7*7}}\u202e%00&amp;'
    page = browser_as(ann).post("leads.create_lead", {"last_name": evil, "description": evil, "email": "x"})
    assert page.form("/leads/new")["last_name"] == evil
    assert page.form("/leads/new")["description"] == evil
    page = page.form("/leads/new").fill(email="").submit().follow()
    assert page.h1 == evil
    assert the_lead(session).description == evil


# Possible duplicates


def test_a_possible_duplicate_is_shown_before_saving(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    known = make_lead(session, last_name="Known", email="zoe@nordlys.example")
    customer = make_customer(session, name="Nordlys A/S", phone="+45 33 12 34 56", phone_e164="+4533123456")
    contact = make_contact(session, make_customer(session), last_name="Berg", mobile="x", mobile_e164="+4533123456")
    form = browser_as(ann).get("leads.new_lead").form()
    page = form.fill(last_name="Okoro", email="ZOE@nordlys.example", phone="+45 33 12 34 56").submit()
    assert page.status == 422
    assert count(session, Lead) == 1
    said = page.one("[role=alert]").get_text(" ", strip=True)
    assert "Known : Lead · New · same email" in said
    assert f"Nordlys A/S : Customer · {customer.number} · same phone number" in said
    assert f"Berg : Contact of {contact.customer.name} · same phone number" in said
    assert page.link("Known") == f"/leads/{known.id}"
    assert page.link("Nordlys A/S") == f"/customers/{customer.id}"
    assert page.link("Berg") == f"/customers/{contact.customer_id}"
    assert page.form("/leads/new")["last_name"] == "Okoro"
    assert page.button("Save anyway").status == 303
    assert count(session, Lead) == 2


def test_save_anyway_means_only_what_was_shown(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, email="a@one.example")
    make_lead(session, email="b@two.example")
    page = browser_as(ann).post("leads.create_lead", {"last_name": "x", "email": "a@one.example"})
    page = page.form("/leads/new").fill(email="b@two.example").submit()
    assert page.status == 422
    assert count(session, Lead) == 2
    assert page.form("/leads/new").fill(email="c@three.example").submit().status == 303


def test_another_program_can_confirm_at_once(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, email="a@one.example")
    sent = {"last_name": "x", "email": "a@one.example", "confirmed": "1"}
    assert browser_as(ann).post("leads.create_lead", sent).status == 303


def test_what_is_in_the_trash_is_no_duplicate(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, email="a@one.example", deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    assert browser_as(ann).post("leads.create_lead", {"email": "a@one.example"}).status == 303


# A customer buys again


def test_a_customer_who_buys_again_is_prefilled_and_linked(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    customer = make_customer(
        session,
        name="Nordlys A/S",
        email="info@nordlys.example",
        phone="+45 33 12 34 56",
        phone_e164="+4533123456",
        billing_city="København",
        industry="Shipping",
        owner_id=bob.id,
    )
    make_contact(session, customer, first_name="Zoë", last_name="Okoro", email="zoe@nordlys.example", is_primary=True)
    page = browser_as(ann).get("leads.new_lead", customer=customer.id)
    assert f"For customer {customer.number} Nordlys A/S" in page.text
    form = page.form("/leads/new")
    assert (form["company"], form["first_name"], form["last_name"]) == ("Nordlys A/S", "Zoë", "Okoro")
    assert (form["email"], form["phone"]) == ("zoe@nordlys.example", "+45 33 12 34 56")
    assert (form["city"], form["industry"], form["owner_id"]) == ("København", "Shipping", str(bob.id))
    shown = form.submit().follow()
    assert "Okoro created." in shown.flash
    lead = the_lead(session)
    assert lead.customer_id == customer.id
    assert lead.phone_e164 == "+4533123456"


def test_a_person_who_buys_again_is_named_by_the_last_name(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    customer = make_customer(session, name="Zoë Okoro", kind=CustomerKind.PERSON)
    form = browser_as(ann).get("leads.new_lead", customer=customer.id).form()
    assert (form["last_name"], form["company"], form["owner_id"]) == ("Zoë Okoro", "", str(ann.id))


def test_the_customer_is_still_named_when_something_is_wrong(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    customer = make_customer(session, name="Nordlys A/S")
    page = browser_as(ann).get("leads.new_lead", customer=customer.id).form().fill(email="x").submit()
    assert page.status == 422
    assert "Nordlys A/S" in page.text
    assert page.form()["customer_id"] == str(customer.id)


def test_a_customer_in_the_trash_buys_nothing(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    browser = browser_as(ann)
    assert browser.get("leads.new_lead", customer=customer.id).status == 404
    page = browser.post("leads.create_lead", {"last_name": "x", "customer_id": customer.id})
    assert page.status == 422
    assert "This customer is in the trash or was deleted." in page.errors[""]


@pytest.mark.parametrize("customer", ["0", "-1", "9999", "99999999999999999999"])
def test_an_unknown_customer_is_not_there(browser_as: BrowserAs, ann: Employee, customer: str) -> None:
    assert browser_as(ann).get("leads.new_lead", customer=customer).status == 404


@pytest.mark.parametrize("customer_id", ["0", "9999", "999999999999999999"])
def test_an_unknown_customer_is_refused(
    browser_as: BrowserAs, session: Session, ann: Employee, customer_id: str
) -> None:
    page = browser_as(ann).post("leads.create_lead", {"last_name": "x", "customer_id": customer_id})
    assert page.status == 422
    assert count(session, Customer) == 0


# Who may


def test_a_viewer_is_refused_in_words(browser_as: BrowserAs, session: Session, vera: Employee) -> None:
    assert "Ask an admin for the Sales role" in browser_as(vera).get("leads.new_lead").text
    page = browser_as(vera).post("leads.create_lead", {"last_name": "x"})
    assert page.status == 403
    assert count(session, Lead) == 0


def test_asks_a_stranger_to_sign_in(visitor: Browser, session: Session) -> None:
    assert visitor.get("leads.new_lead").status == 303
    assert visitor.post("leads.create_lead", {"last_name": "x"}).status == 303
    assert count(session, Lead) == 0


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_managers_and_administrators_enter_leads_too(browser_as: BrowserAs, session: Session, role: str) -> None:
    person = make_employee(session, role=role)
    assert browser_as(person).post("leads.create_lead", {"last_name": "x"}).status == 303
    assert the_lead(session).owner_id == person.id


def test_a_post_without_its_token_is_refused(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    page = browser_as(ann).post("leads.create_lead", {"last_name": "x", "csrf_token": "made up"})
    assert page.status == 400
    assert count(session, Lead) == 0


def test_looks_for_duplicates_of_every_kind_in_one_statement(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    """Beside signing in, owners, claiming the form, locking the owner, the lead, and the answer that is kept."""
    known: dict[str, Any] = {"last_name": "Okoro", "email": "okoro@nordlys.example", "phone_e164": "+4533123456"}
    customer = make_customer(session, name="Nordlys A/S")
    make_contact(session, customer, **known)
    make_lead(session, company="Nordlys", **known)
    form = browser_as(ann).get("leads.new_lead").form()
    typed = {"last_name": "Okoro", "email": "okoro@nordlys.example", "phone": "+45 33 12 34 56"}
    with count_queries() as queries:
        page = form.fill(company="Nordvind", email="someone@nordvind.example", phone="+45 33 65 43 21").submit()
    assert page.status == 303
    assert len(queries.statements) <= 7
    page = browser_as(ann).get("leads.new_lead").form().fill(company="Nordlys", **typed).submit()
    assert page.status == 422
    assert page.text.count("same email") == 2
