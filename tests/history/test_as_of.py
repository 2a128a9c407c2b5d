"""A record at a past moment: ?as_of= on the pages of leads and customers, and on a customer's paper."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.models import Change, Employee, LeadStatus
from crm_web.observe import count_queries
from tests.factories import make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def spread_history(session: Session) -> list[datetime]:
    """Put an hour between the changes, all of which a test makes in one transaction, at one moment."""
    session.execute(text("ALTER TABLE changes DISABLE TRIGGER keep"))
    moments = []
    for number, change in enumerate(session.scalars(select(Change).order_by(Change.id))):
        change.at = START + timedelta(hours=number)
        moments.append(change.at)
    session.commit()
    session.execute(text("ALTER TABLE changes ENABLE TRIGGER keep"))
    session.commit()
    return moments


def change(session: Session, record: Any, **fields: Any) -> None:
    for name, value in fields.items():
        setattr(record, name, value)
    session.commit()


def test_shows_what_was_saved_then_and_no_form(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, by=ann, first_name="Zoë", last_name="Okoro", amount=1200, owner_id=ann.id)
    change(session, lead, last_name="Berg", amount=Decimal("1300.50"), owner_id=bob.id, phone="1")
    change(session, lead, status=LeadStatus.PROPOSAL, amount=None, expected_close_on=START.date())
    *_, created, second, third = spread_history(session)
    browser = browser_as(ann)

    page = browser.get("leads.show_lead", lead_id=lead.id, as_of=created.isoformat())
    assert page.h1 == "Zoë Okoro"
    assert "As of Mar" in page.text
    assert (page.facts["Amount"], page.facts["Owner"]) == ("$1,200", "Ann Keller")
    assert "Expected close" not in page.facts and "Phone" not in page.facts
    assert page.one("[aria-current=step]").get_text(strip=True) == "New"
    assert not page.soup.select("main form, main button")

    page = browser.get("leads.show_lead", lead_id=lead.id, as_of=(third - timedelta(minutes=1)).isoformat())
    assert page.h1 == "Zoë Berg"
    assert (page.facts["Amount"], page.facts["Owner"], page.facts["Phone"]) == ("$1,300.50", "Bob Tanaka", "1")
    assert "Proposal" in browser.get("leads.show_lead", lead_id=lead.id, as_of=third.isoformat()).text
    assert page.click("See how it is now").url == f"/leads/{lead.id}"
    assert second < third


def test_each_line_of_history_leads_there(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Old")
    change(session, customer, name="New")
    spread_history(session)
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id)
    links = [str(link["href"]) for link in page.soup.find_all("a") if link.get_text() == "as it was then"]
    assert [page.browser.open(link).h1 for link in links] == ["New", "Old"]
    assert "as it was then" in browser_as(ann).get("history.list_changes").text


def test_a_customer_on_paper_too(browser_as: BrowserAs, session: Session, vera: Employee) -> None:
    customer = make_customer(session, name="Old", billing_city="Aarhus")
    change(session, customer, name="New", billing_city="Oslo")
    created = spread_history(session)[-2]
    page = browser_as(vera).get("customers.show_customer", customer_id=customer.id, as_of=created.isoformat())
    assert page.h1 == "Old"
    paper = page.click("Print")
    assert (paper.h1, paper.facts["Billing address"]) == ("Old", "Aarhus")
    assert "As of Mar" in paper.text


@pytest.mark.parametrize("endpoint", ["customers.show_customer", "customers.print_customer"])
def test_before_its_history_nothing_is_made_up(
    browser_as: BrowserAs, session: Session, ann: Employee, endpoint: str
) -> None:
    customer = make_customer(session, name="Nordlys", billing_city="Aarhus")
    spread_history(session)
    page = browser_as(ann).get(endpoint, customer_id=customer.id, as_of="2020-01-01")
    page = page.follow() if page.location else page
    assert "Nothing is known as of Jan 1, 2020" in page.text
    assert "Its history begins later: Mar 1, 2026" in page.text
    assert page.facts == {}


@pytest.mark.parametrize("moment", ["", "nonsense", "2026-13-01", "2026-03-01T12:00:00+99:00", "0001-01-01"])
def test_what_is_no_moment_is_not_there(browser_as: BrowserAs, session: Session, ann: Employee, moment: str) -> None:
    lead = make_lead(session)
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id, as_of=moment)
    assert page.status == (200 if moment == "0001-01-01" else 404)


def test_a_plus_sign_typed_into_the_address_is_understood(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, company="Nordlys")
    spread_history(session)
    page = browser_as(ann).open(f"/leads/{lead.id}?as_of=2026-04-01T12:00:00+02:00")
    assert (page.status, page.h1) == (200, "Nordlys")


def test_a_long_history_takes_no_more_queries(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, company="0")
    for number in range(20):
        change(session, lead, company=str(number + 1))
    moment = spread_history(session)[-21]
    browser = browser_as(ann)
    with count_queries() as queries:
        assert browser.get("leads.show_lead", lead_id=lead.id, as_of=moment.isoformat()).h1 == "0"
    assert len(queries.statements) <= 8


def test_asks_a_stranger_to_sign_in(visitor: Browser, session: Session) -> None:
    page = visitor.get("leads.show_lead", lead_id=make_lead(session).id, as_of="2026-03-01")
    assert (page.status, page.location and page.location.startswith("/sign-in")) == (303, True)
