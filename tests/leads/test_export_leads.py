"""The list of leads as a file: GET /leads.csv."""

import csv
import io
from collections.abc import Callable
from datetime import date

from sqlalchemy.orm import Session

from crm_web.models import Employee, LeadStatus, Rating
from tests.factories import make_customer, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def rows_of(page: Page) -> list[dict[str, str]]:
    assert page.status == 200
    assert page.response.mimetype == "text/csv"
    assert page.response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert page.response.headers["Content-Disposition"] == 'attachment; filename="leads.csv"'
    assert page.body.startswith("\ufeffID,")
    return list(csv.DictReader(io.StringIO(page.body.removeprefix("\ufeff"), newline=""), strict=True))


def test_holds_every_field_that_a_person_types(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys")
    make_lead(
        session,
        first_name="Zoë",
        last_name="Okoro",
        phone="+44 20 7946 0958",
        street="Havnegade 12\n2. sal",
        country="DK",
        amount=1234,
        currency="DKK",
        probability=60,
        rating=Rating.HOT,
        status=LeadStatus.ON_HOLD,
        expected_close_on=date(2027, 1, 15),
        source="Trade fair",
        description='She said "soon", maybe',
        owner_id=ann.id,
        customer_id=customer.id,
    )
    (row,) = rows_of(browser_as(ann).get("leads.export_leads"))
    assert (row["First name"], row["Last name"], row["Phone"]) == ("Zoë", "Okoro", "+44 20 7946 0958")
    assert (row["Street"], row["Country"]) == ("Havnegade 12\n2. sal", "DK")
    assert (row["Amount"], row["Currency"], row["Probability"]) == ("1234.00", "DKK", "60")
    assert (row["Status"], row["Rating"], row["Source"]) == ("On hold", "Hot", "Trade fair")
    assert (row["Expected close on"], row["Description"]) == ("2027-01-15", 'She said "soon", maybe')
    assert (row["Owner"], row["Owner email"], row["Customer number"]) == (
        "Ann Keller",
        "ann@piper.example",
        customer.number,
    )
    assert row["Company"] == ""
    assert row["Created at"].endswith("+00:00")


def test_is_exactly_what_the_list_shows_all_pages_of_it(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for number in range(120):
        make_lead(session, last_name=f"Lead {number:03}", owner_id=ann.id if number % 2 else None)
    page = browser_as(ann).get("leads.list_leads", owner="me", sort="-name").click("Next")
    rows = rows_of(page.click("CSV"))
    assert [row["Last name"] for row in rows] == [f"Lead {number:03}" for number in range(119, 0, -2)]


def test_says_why_it_was_lost(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, status=LeadStatus.LOST, lost_note="Too far")
    (row,) = rows_of(browser_as(ann).get("leads.export_leads"))
    assert (row["Lost reason"], row["Lost note"]) == ("Price too high", "Too far")


def test_a_spreadsheet_runs_nothing_that_was_typed(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for formula in ("=1+1", "+HYPERLINK(1)", "-cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1"):
        make_lead(session, last_name=formula)
    make_lead(session, last_name="-5")
    found = {row["Last name"] for row in rows_of(browser_as(ann).get("leads.export_leads"))}
    assert found == {"'=1+1", "'+HYPERLINK(1)", "'-cmd|' /C calc'!A0", "'@SUM(1)", "'\t=1", "'\r=1", "-5"}


def test_an_empty_list_is_its_head(browser_as: BrowserAs, vera: Employee) -> None:
    assert rows_of(browser_as(vera).get("leads.export_leads")) == []


def test_asks_a_stranger_to_sign_in(visitor: Browser) -> None:
    assert visitor.get("leads.export_leads").status == 303
