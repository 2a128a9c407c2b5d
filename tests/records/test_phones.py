"""Of which country a phone number is that is typed without a country code, wherever it is typed."""

import csv
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Contact, Customer, Employee, Lead
from crm_web.records.matching import list_possible_numbers
from crm_web.records.phones import read_number
from tests.factories import make_contact, make_customer
from tests.page import Browser
from tests.shared import find_real, needs_real_data

BrowserAs = Callable[[Employee], Browser]


@pytest.mark.parametrize(
    ("typed", "regions", "e164", "doubt"),
    [
        ("0761 123456", ("DE", "US"), "+49761123456", ""),
        ("030 901820", ("DE", "US"), "+4930901820", ""),
        ("01 09 75 83 51", ("FR", "US"), "+33109758351", ""),
        ("06 1234 5678", ("IT", "US"), "+390612345678", ""),
        ("020 7946 0999", ("GB", "US"), "+442079460999", ""),
        ("8 (912) 345-67-89", ("RU", "US"), "+79123456789", ""),
        ("01 55 1234 5678", ("MX", "US"), "+525512345678", ""),
        ("011 49 761 123456", ("DE", "US"), "+49761123456", ""),
        ("0044 20 7946 0958", ("US",), "+442079460958", ""),
        ("+1 (415) 555-2671", ("DE", "US"), "+14155552671", ""),
        ("12345", ("DE", "US"), "+4912345", "“12345” was read with the code of Germany (+49), but no such number is"),
        ("+49 12345", ("US",), "+4912345", "“+49 12345” is not a known number. Check it."),
        (
            "(415) 555-2671",
            ("DK", "US"),
            "+14155552671",
            "“(415) 555-2671” is not a known number in Denmark, so",
        ),
    ],
)
def test_the_first_country_that_has_such_a_number_is_the_one(
    typed: str, regions: tuple[str, ...], e164: str, doubt: str
) -> None:
    number = read_number(typed, regions)
    assert (number.typed, number.e164) == (typed, e164)
    assert number.warning.startswith(doubt) if doubt else not number.warning


def test_what_no_country_can_have_is_refused() -> None:
    for typed in ("12", "call me", "1" * 30):
        with pytest.raises(ValueError, match="phone number"):
            read_number(typed, ("US", "GB"))


@needs_real_data
def test_every_number_of_the_world_is_found_by_its_own_text() -> None:
    with find_real("validation/phone/phone_examples.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    spellings = ("example_national_digits", "national", "international", "e164")
    extensions = ("", " ext. 45", "x45", ";ext=45", " #45", " доб. 45")
    texts = [(row[name] + extension, row["e164"]) for row in rows for name in spellings for extension in extensions]
    assert [text for text, e164 in texts if not any(found in e164 for found in list_possible_numbers(text))] == []


def the_lead(session: Session) -> Lead:
    session.expire_all()
    return session.scalars(select(Lead)).one()


def test_a_lead_s_number_is_of_its_country_and_follows_it(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    browser = browser_as(ann)
    browser.post("leads.create_lead", {"last_name": "Weiss", "country": "DE", "phone": "0761 123456"})
    lead = the_lead(session)
    assert (lead.phone, lead.phone_e164) == ("0761 123456", "+49761123456")
    form = browser.get("leads.edit_lead", lead_id=lead.id).form("edit")
    assert "known" not in form.fill(country="AT").submit().follow().text
    assert the_lead(session).phone_e164 == "+43761123456"
    browser.get("leads.edit_lead", lead_id=lead.id).form("edit").fill(country="").submit()
    assert the_lead(session).phone_e164 == "+10761123456"
    page = browser.get("leads.edit_lead", lead_id=lead.id).form("edit").fill(city="Bonn").submit().follow()
    assert "was read" not in page.text
    assert the_lead(session).phone_e164 == "+10761123456"


def test_a_number_that_may_be_wrong_is_taken_and_told(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    typed = {"last_name": "Weiss", "country": "DE", "phone": "12345", "mobile": "0761 123456"}
    page = browser_as(ann).post("leads.create_lead", typed).follow()
    assert "“12345” was read with the code of Germany (+49), but no such number is known there." in page.text
    assert "0761 123456” was read" not in page.text
    form = browser_as(ann).get("leads.edit_lead", lead_id=the_lead(session).id).form("edit")
    assert "“54321” was read" in form.fill(phone="54321").submit().follow().text
    assert the_lead(session).phone_e164 == "+4954321"


def test_an_impossible_number_is_refused_beside_its_field(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    page = browser_as(ann).post("leads.create_lead", {"last_name": "Weiss", "country": "FR", "phone": "12"})
    assert (page.status, page.errors["phone"]) == (
        422,
        "Check the phone number. It has too few or too many digits, or no country code.",
    )


def test_the_person_s_own_country_counts_where_the_record_has_none(
    browser_as: BrowserAs, session: Session, ann: Employee, max: Employee
) -> None:
    ann.locale = "de_AT"
    session.commit()
    browser_as(ann).post("leads.create_lead", {"last_name": "Weiss", "phone": "01 5128840"})
    lead = the_lead(session)
    assert lead.phone_e164 == "+4315128840"
    # Somebody else who changes another field does not make another number of it.
    page = browser_as(max).get("leads.edit_lead", lead_id=lead.id).form("edit").fill(city="Wien").submit()
    assert (page.status, the_lead(session).phone_e164) == (303, "+4315128840")


def test_contacts_follow_the_country_of_their_customer(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Weiss GmbH", billing_country="DE", owner_id=ann.id)
    browser = browser_as(ann)
    typed = {"last_name": "Weiss", "phone": "0761 123456", "mobile": "0761 123457"}
    browser.post("customers.create_contact", typed, customer_id=customer.id)
    contact = session.scalars(select(Contact)).one()
    assert contact.phone_e164 == "+49761123456"
    far = make_contact(session, customer, phone="+81 3 1234 5678", phone_e164="+81312345678")
    browser.get("customers.edit_customer", customer_id=customer.id).form("edit").fill(billing_country="AT").submit()
    session.expire_all()
    assert (contact.phone_e164, far.phone_e164) == ("+43761123456", "+81312345678")


def test_a_customer_s_number_is_of_its_country(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    typed = {"name": "Weiss", "shipping_country": "GB", "phone": "020 7946 0999"}
    browser_as(ann).post("customers.create_customer", typed)
    assert session.scalars(select(Customer)).one().phone_e164 == "+442079460999"


def test_duplicates_are_found_by_the_number_of_the_country(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    make_customer(session, name="Weiss", phone="+49 761 123456", phone_e164="+49761123456")
    page = browser_as(ann).post("leads.create_lead", {"last_name": "W", "country": "DE", "phone": "0761/123456"})
    assert (page.status, "same phone number" in page.text) == (422, True)


def test_a_win_keeps_or_moves_the_number(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    ann.locale = "de_DE"
    session.commit()
    browser = browser_as(ann)
    browser.post("leads.create_lead", {"last_name": "Weiss", "phone": "0761 123456", "owner_id": str(ann.id)})
    form = browser.get("leads.preview_win", lead_id=the_lead(session).id).form("status")
    form.fill(billing_country="AT").submit()
    assert session.scalars(select(Customer)).one().phone_e164 == "+43761123456"
