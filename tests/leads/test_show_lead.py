"""The page of a lead: GET /leads/<id>."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Employee, LeadStatus, LostReason, Rating
from tests.factories import make_activity, make_customer, make_employee, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def buttons(page: Page) -> set[str]:
    return {button.get_text(" ", strip=True) for button in page.soup.select("main button")}


def test_shows_what_is_known_and_nothing_that_is_not(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys A/S")
    lead = make_lead(
        session,
        by=ann,
        salutation="Dr",
        first_name="Zoë",
        last_name="Okoro",
        job_title="Buyer",
        company="Nordlys A/S",
        email="zoe+x@nordlys.example",
        phone="33 12 34 56",
        phone_e164="+4533123456",
        website="nordlys.example",
        street="Havnegade 12\n2. sal",
        postal_code="1058",
        city="København",
        country="DK",
        amount=48000,
        currency="DKK",
        probability=60,
        expected_close_on=date(2190, 1, 15),
        rating=Rating.HOT,
        owner_id=ann.id,
        customer_id=customer.id,
    )
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id)
    assert page.h1 == "Zoë Okoro"
    assert "Buyer · Nordlys A/S" in page.text
    known = page.record_facts
    assert (known["Owner"], known["Amount"], known["Probability"]) == ("Ann Keller", "DKK 48,000", "60%")
    assert (known["Expected close"], known["Rating"]) == ("Jan 15, 2190", "Hot")
    assert (known["Person"], known["Address"]) == ("Dr Zoë Okoro", "Havnegade 12 2. sal 1058 København Denmark")
    assert known["Created"].endswith("Ann Keller")
    assert page.link("zoe+x@nordlys.example") == "mailto:zoe%2Bx@nordlys.example"
    assert page.link("33 12 34 56") == "tel:+45-33-12-34-56"
    assert page.link("nordlys.example") == "https://nordlys.example"
    assert page.link(f"{customer.number} Nordlys A/S") == f"/customers/{customer.id}"
    assert not {"Mobile", "Industry", "Lost reason", "Closed"} & set(known)


def test_what_happened_stands_beside(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, by=ann, last_name="Okoro")
    make_activity(session, by=ann, lead_id=lead.id, subject="Called back", body="Wants\nan offer")
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id)
    assert "Called back" in page.one("#activities").get_text()
    assert "Created by Ann Keller" in " ".join(page.one("#history").get_text(" ", strip=True).split())


def test_activities_are_added_right_here(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro")
    form = browser_as(ann).get("leads.show_lead", lead_id=lead.id).form("activities")
    page = form.fill(subject="Called back").submit().follow()
    assert page.h1 == "Okoro"
    assert "Called back" in page.one("#activities").get_text()


def test_a_viewer_sees_all_and_the_reason_why_nothing_can_be_pressed(
    browser_as: BrowserAs, session: Session, vera: Employee, ann: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro", owner_id=ann.id)
    page = browser_as(vera).get("leads.show_lead", lead_id=lead.id)
    assert page.h1 == "Okoro"
    assert "Viewers can’t add or edit records." in page.text
    assert buttons(page) == set()


def test_a_colleagues_lead_says_who_could_change_it(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    lead = make_lead(session, owner_id=ann.id)
    page = browser_as(bob).get("leads.show_lead", lead_id=lead.id)
    assert "Owned by Ann Keller." in page.text
    assert not {"Won", "Move to trash"} & buttons(page)


def test_one_in_the_trash_shows_the_way_back_and_nothing_else(
    browser_as: BrowserAs, session: Session, ann: Employee, vera: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro", deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id)
    assert "This lead is in the trash" in page.text
    assert buttons(page) == {"Restore lead"}
    assert "Edit" not in [link.get_text(strip=True) for link in page.soup.select("main a")]
    assert buttons(browser_as(vera).get("leads.show_lead", lead_id=lead.id)) == set()


@pytest.mark.parametrize("status", list(LeadStatus))
def test_says_where_it_stands(browser_as: BrowserAs, session: Session, ann: Employee, status: LeadStatus) -> None:
    page = browser_as(ann).get("leads.show_lead", lead_id=make_lead(session, status=status).id)
    assert [step.get_text(strip=True) for step in page.soup.select("[aria-current=step]")] == [status.label]


def test_hostile_text_is_shown_as_typed(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    evil = "\"><script>alert(1)</script>'; DROP TABLE leads;--"
    lead = make_lead(session, last_name=evil, company=evil, website="javascript:alert(1)", description=evil)
    page = browser_as(ann).get("leads.show_lead", lead_id=lead.id)
    assert page.h1 == evil
    assert page.record_facts["Description"] == evil
    assert not page.has('a[href^="javascript"]')


@pytest.mark.parametrize("lead_id", [0, 9999, 2**63 - 1])
def test_an_unknown_lead_is_not_there(browser_as: BrowserAs, ann: Employee, lead_id: int) -> None:
    assert browser_as(ann).get("leads.show_lead", lead_id=lead_id).status == 404


@pytest.mark.parametrize("path", ["/leads/99999999999999999999", "/leads/-1", "/leads/x", "/leads/1.5"])
def test_what_is_no_id_is_not_there(browser_as: BrowserAs, ann: Employee, path: str) -> None:
    assert browser_as(ann).open(path).status == 404


def test_asks_a_stranger_to_sign_in(visitor: Browser, session: Session) -> None:
    page = visitor.get("leads.show_lead", lead_id=make_lead(session).id)
    assert page.status == 303
    assert "/sign-in" in str(page.location)


def test_costs_the_same_however_much_happened(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, by=ann, owner_id=ann.id, customer_id=make_customer(session).id)
    browser = browser_as(ann)
    costs = []
    for more in (2, 18):
        for number in range(more):
            someone = make_employee(session)
            make_activity(session, by=someone, lead_id=lead.id)
            lead.owner_id, lead.next_step = someone.id, f"Step {number}"
            session.commit()
        costs.append(browser.count_queries("leads.show_lead", lead_id=lead.id))
    # Names of employees cost nothing; that of the customer does, until its change is none of the latest.
    assert costs[1] <= costs[0] <= 8


def test_each_page_has_steps_of_its_own(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser, statuses = browser_as(ann), (LeadStatus.NEW, LeadStatus.NEW, LeadStatus.LOST)
    reasons = (None, None, LostReason.PRICE)
    leads = [
        make_lead(session, owner_id=ann.id, status=status, lost_reason=reason)
        for status, reason in zip(statuses, reasons, strict=True)
    ]
    pages = [browser.get("leads.show_lead", lead_id=lead.id) for lead in leads]
    forms = [page.one(".steps-form") for page in pages]
    assert [form["action"] for form in forms] == [f"/leads/{lead.id}/status" for lead in leads]
    assert len({str(page.one(".steps-form input[name=csrf_token]")["value"]) for page in pages}) == 3
    assert [str(page.one(".steps-form input[name=from_status]")["value"]) for page in pages] == list(statuses)
    assert pages[1].button("Contacted").follow().one(".step-current").get_text() == "Contacted"
