"""A record at a past moment: ?as_of= on the pages of leads and customers, and on a customer's paper."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.models import Activity, ActivityKind, Change, Employee, LeadStatus
from tests.factories import make_activity, make_contact, make_customer, make_employee, make_lead
from tests.page import Browser, words

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
    assert "Version of Mar" in page.text
    assert (page.facts["Amount"], page.facts["Owner"]) == ("$1,200", "Ann Keller")
    assert "Expected close" not in page.facts and "Phone" not in page.facts
    assert page.one("[aria-current=step]").get_text(strip=True) == "New"
    assert not page.soup.select("main form, main button")
    assert "No activity yet." in page.text

    page = browser.get("leads.show_lead", lead_id=lead.id, as_of=(third - timedelta(minutes=1)).isoformat())
    assert page.h1 == "Zoë Berg"
    assert (page.facts["Amount"], page.facts["Owner"], page.facts["Phone"]) == ("$1,300.50", "Bob Tanaka", "1")
    assert "Proposal" in browser.get("leads.show_lead", lead_id=lead.id, as_of=third.isoformat()).text
    assert page.click("View current version").url == f"/leads/{lead.id}"
    assert second < third


def test_each_line_of_history_leads_there(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Old")
    change(session, customer, name="New")
    spread_history(session)
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id)
    links = [str(link["href"]) for link in page.soup.select("a") if link.get_text() == "View this version"]
    assert [page.browser.open(link).h1 for link in links] == ["New", "Old"]
    assert "View this version" in browser_as(ann).get("history.list_changes").text


def test_a_customer_on_paper_too(browser_as: BrowserAs, session: Session, vera: Employee) -> None:
    customer = make_customer(session, name="Old", billing_city="Aarhus")
    change(session, customer, name="New", billing_city="Oslo")
    created = spread_history(session)[-2]
    page = browser_as(vera).get("customers.show_customer", customer_id=customer.id, as_of=created.isoformat())
    assert page.h1 == "Old"
    paper = page.click("Print")
    assert (paper.h1, paper.facts["Billing address"]) == ("Old", "Aarhus")
    assert "Version of Mar" in paper.text


@pytest.mark.parametrize("endpoint", ["customers.show_customer", "customers.print_customer"])
def test_before_its_history_nothing_is_made_up(
    browser_as: BrowserAs, session: Session, ann: Employee, endpoint: str
) -> None:
    customer = make_customer(session, name="Nordlys", billing_city="Aarhus")
    spread_history(session)
    page = browser_as(ann).get(endpoint, customer_id=customer.id, as_of="2020-01-01")
    page = page.follow() if page.location else page
    assert "No history for Jan 1, 2020" in page.text
    assert "History starts Mar 1, 2026" in page.text
    assert page.facts == {}


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "nonsense",
        "2026-13-01",
        "2026-03-01T12:00:00+99:00",
        "0001-01-01",
        "9999-12-31T23:59:59-14:00",
        "1899-12-31",
    ],
)
def test_what_is_no_moment_is_not_there(browser_as: BrowserAs, session: Session, ann: Employee, moment: str) -> None:
    lead, customer = make_lead(session), make_customer(session)
    browser = browser_as(ann)
    assert browser.get("leads.show_lead", lead_id=lead.id, as_of=moment).status == 404
    for endpoint in ("customers.show_customer", "customers.print_customer"):
        assert browser.get(endpoint, customer_id=customer.id, as_of=moment).status == 404


def test_a_plus_sign_typed_into_the_address_is_understood(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, company="Nordlys")
    spread_history(session)
    page = browser_as(ann).open(f"/leads/{lead.id}?as_of=2026-04-01T12:00:00+02:00")
    assert (page.status, page.h1) == (200, "Nordlys")


# What stood around it


def test_a_lead_shows_the_activities_of_then(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro")
    changed = make_activity(session, lead_id=lead.id, subject="First words", by=ann)
    removed = make_activity(session, lead_id=lead.id, subject="Taken away")
    task = make_activity(session, lead_id=lead.id, subject="To do", kind=ActivityKind.TASK, assignee_id=ann.id)
    make_activity(session, lead_id=make_lead(session).id, subject="Elsewhere")
    change(session, changed, subject="Second words")
    session.delete(removed)
    session.commit()
    change(session, task, done_at=START)
    make_activity(session, lead_id=lead.id, subject="Later")
    moment = spread_history(session)[-5]
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id, as_of=moment.isoformat())
    told = [line.get_text() for line in page.soup.select(".timeline .subject")]
    assert sorted(told) == ["First words", "Taken away", "To do"]
    assert "No due date · Ann Keller" in page.text and "Done" not in page.text
    assert not page.soup.select("main form, main button")


def around_customer(session: Session, ann: Employee) -> tuple[Any, datetime]:
    """A customer whose surroundings were all others at a moment."""
    customer = make_customer(
        session, name="Nordlys", owner_id=ann.id, parent_id=make_customer(session, name="Group").id
    )
    berg = make_contact(session, customer, first_name="Ida", last_name="Berg", is_primary=True)
    gone, trashed = make_contact(session, customer, last_name="Gone"), make_contact(session, customer, last_name="Left")
    lead = make_lead(session, last_name="Okoro", customer_id=customer.id, amount=5, owner_id=ann.id, status="won")
    loose = make_lead(session, last_name="Loose")
    make_activity(session, subject="On lead", lead_id=lead.id)
    note = make_activity(session, subject="On customer", customer_id=customer.id)
    moment_at = len(session.scalars(select(Change)).all())
    change(session, berg, last_name="Dahl", is_primary=False)
    session.delete(gone)
    session.delete(note)
    session.commit()
    change(session, trashed, deleted_at=START, deleted_by_id=ann.id)
    change(session, lead, status=LeadStatus.NEW, closed_at=None, amount=7)
    change(session, loose, customer_id=customer.id)
    make_contact(session, customer, last_name="Later")
    return customer, spread_history(session)[moment_at - 1]


def test_a_customer_shows_its_people_leads_and_activities_of_then(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    customer, moment = around_customer(session, ann)
    browser = browser_as(ann)
    then = {"customer_id": customer.id, "as_of": moment.isoformat()}
    assert browser.count_queries("customers.show_customer", **then) <= 8
    page = browser.get("customers.show_customer", **then)
    assert [name.get_text() for name in page.soup.select(".people strong")] == ["Ida Berg", "Gone", "Left"]
    assert "Primary contact" in page.one(".people li").get_text()
    assert [(row["Lead"], row["Status"], row["Amount"]) for row in page.table] == [("Okoro", "Won", "$5")]
    assert {line.get_text() for line in page.soup.select(".timeline .subject")} == {"On lead", "On customer"}
    assert not page.soup.select("main form, main button")


def test_its_paper_does_too(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer, moment = around_customer(session, ann)
    page = browser_as(ann).get("customers.print_customer", customer_id=customer.id, as_of=moment.isoformat())
    assert [row["Name"] for row in page.table] == ["Ida Berg (primary contact)", "Gone", "Left"]
    for told in ("Won leads", "Okoro", "On lead", "On customer"):
        assert told in page.text
    assert "Loose" not in page.text and "Later" not in page.text


@pytest.mark.parametrize("rows", [2, 20])
def test_much_around_it_takes_no_more_queries(
    browser_as: BrowserAs, session: Session, ann: Employee, rows: int
) -> None:
    customer = make_customer(session, parent_id=make_customer(session).id, created_from_lead_id=make_lead(session).id)
    for _ in range(rows):
        owner = make_employee(session)
        lead = make_lead(session, customer_id=customer.id, owner_id=owner.id)
        make_contact(session, customer, by=owner)
        make_activity(session, lead_id=lead.id, by=owner)
        session.delete(make_activity(session, lead_id=lead.id, by=owner))
        session.commit()
    moment = spread_history(session)[-1] - timedelta(minutes=1)
    browser = browser_as(ann)
    then = {"customer_id": customer.id, "as_of": moment.isoformat()}
    assert browser.count_queries("customers.show_customer", **then) <= 8
    assert len(browser.get("customers.show_customer", **then).table) == rows


# Deleted for good


def test_a_customer_that_is_gone_still_has_its_story_and_its_past(
    browser_as: BrowserAs, session: Session, ann: Employee, ada: Employee
) -> None:
    customer, moment = around_customer(session, ann)
    change(session, customer, deleted_at=START, deleted_by_id=ann.id)
    lead_id = session.scalars(select(Activity.lead_id).where(Activity.subject == "On lead")).one()
    # A lead that was never won; else the ledger keeps the customer.
    browser = browser_as(ada)
    assert (
        browser.post("trash.purge", kind="customer", record_id=customer.id)
        .follow()
        .flash.startswith("Nordlys permanently deleted")
    )

    page = browser.get("history.list_changes", kind="customer", action="deleted").click("Nordlys")
    assert (page.h1, page.url) == ("Nordlys", f"/history/customer/{customer.id}")
    assert "Permanently deleted by Ada Okafor" in page.text
    held = {words(label): words(label.find_next("dd") or label) for label in page.soup.select("#facts dt")}
    assert (held["Name"], held["Parent company"], held["Owner"]) == ("Nordlys", "Group", "Ann Keller")
    assert held["Moved to trash by"] == "Ann Keller"
    assert "Customer · permanently deleted" in page.text
    assert browser.get("customers.show_customer", customer_id=customer.id).location == page.url
    assert len(page.click("Full history").soup.select(".timeline > li")) == 3

    before = page.click("View last version")
    assert before.h1 == "Nordlys"
    assert "Permanently deleted by Ada Okafor" in before.text
    assert {row["Lead"] for row in before.table} == {"Okoro", "Loose"}
    assert "Later" in before.text
    assert before.click("View full history").follow().h1 == "Nordlys"
    then = browser.get("customers.show_customer", customer_id=customer.id, as_of=moment.isoformat())
    assert [name.get_text() for name in then.soup.select(".people strong")] == ["Ida Berg", "Gone", "Left"]
    assert then.click("Print").h1 == "Nordlys"
    after = browser.get("customers.show_customer", customer_id=customer.id, as_of="2199-01-01")
    assert "Deleted before " in after.text
    # The lead stays, and its own history names who its customer was.
    assert "from Nordlys" in browser.get("leads.show_lead", lead_id=lead_id).text


def test_a_lead_a_contact_and_an_activity_that_are_gone_have_a_story(
    browser_as: BrowserAs, session: Session, ada: Employee
) -> None:
    trashed: dict[str, Any] = {"deleted_at": START, "deleted_by_id": ada.id}
    lead = make_lead(session, first_name="Zoë", last_name="Okoro", status="lost", **trashed)
    activity = make_activity(session, lead_id=lead.id, subject="Called")
    contact = make_contact(session, make_customer(session), last_name="Berg", **trashed)
    ids = {"lead": lead.id, "activity": activity.id, "contact": contact.id}
    spread_history(session)
    browser = browser_as(ada)
    browser.post("trash.purge", kind="lead", record_id=lead.id)
    browser.post("trash.purge", kind="contact", record_id=contact.id)
    for kind, name in [("lead", "Zoë Okoro"), ("contact", "Berg"), ("activity", "Called")]:
        assert browser.get("history.show_story", kind=kind, record_id=ids[kind]).h1 == name
    page = browser.get("leads.show_lead", lead_id=lead.id).follow()
    assert page.one("#facts .status-lost").get_text(strip=True) == "Lost"
    before = page.click("View last version")
    assert [line.get_text() for line in before.soup.select(".timeline .subject")] == ["Called"]


@pytest.mark.parametrize("kind", ["lead", "customer"])
def test_what_never_was_has_no_story(browser_as: BrowserAs, session: Session, ann: Employee, kind: str) -> None:
    browser = browser_as(ann)
    lead = make_lead(session)
    assert browser.get(f"{kind}s.show_{kind}", **{f"{kind}_id": 99999}).status == 404
    assert browser.get(f"{kind}s.show_{kind}", **{f"{kind}_id": 99999}, as_of="2026-03-01").status == 404
    assert browser.get("history.show_story", kind=kind, record_id=99999).status == 404
    assert browser.get("history.show_story", kind="lead", record_id=lead.id).status == 404
    assert browser.get("history.show_story", kind="nonsense", record_id=1).status == 404


def test_a_story_is_for_who_is_signed_in(visitor: Browser) -> None:
    page = visitor.get("history.show_story", kind="lead", record_id=1)
    assert page.location == "/sign-in?next=/history/lead/1"


def test_a_long_history_takes_no_more_queries(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, company="0")
    for number in range(20):
        change(session, lead, company=str(number + 1))
    moment = spread_history(session)[-21]
    browser = browser_as(ann)
    then = {"lead_id": lead.id, "as_of": moment.isoformat()}
    assert browser.count_queries("leads.show_lead", **then) <= 8
    assert browser.get("leads.show_lead", **then).h1 == "0"


def test_asks_a_stranger_to_sign_in(visitor: Browser, session: Session) -> None:
    page = visitor.get("leads.show_lead", lead_id=make_lead(session).id, as_of="2026-03-01")
    assert (page.status, page.location and page.location.startswith("/sign-in")) == (303, True)
