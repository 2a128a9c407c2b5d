"""A customer's page: GET /customers/<id>."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_web.models import ActivityKind, CustomerKind, Employee, LeadStatus
from tests.factories import make_activity, make_contact, make_customer, make_employee, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def test_shows_all_that_is_known_and_nothing_that_is_not(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    customer = make_customer(
        session,
        by=ann,
        name="Nordlys A/S",
        email="post+crm@nordlys.example",
        phone="33 12 34 56",
        phone_e164="+4533123456",
        website="nordlys.example",
        billing_street="Havnen 1",
        billing_postal_code="8000",
        billing_city="Aarhus",
        billing_country="DK",
        shipping_street="1 Main St",
        shipping_postal_code="62701",
        shipping_city="Springfield",
        shipping_state="IL",
        shipping_country="US",
        owner_id=ann.id,
    )
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id)
    assert page.h1 == "Nordlys A/S"
    assert f"Customer {customer.number}" in page.text
    assert page.record_facts["Billing address"] == "Havnen 1 8000 Aarhus Denmark"
    assert page.record_facts["Shipping address"] == "1 Main St Springfield, IL 62701 United States"
    assert (page.record_facts["Status"], page.record_facts["Owner"]) == ("Active", "Ann Keller")
    assert page.record_facts["Created"].endswith(" by Ann Keller")
    assert page.link("post+crm@nordlys.example") == "mailto:post%2Bcrm@nordlys.example"
    assert page.link("33 12 34 56") == "tel:+45-33-12-34-56"
    assert page.link("nordlys.example") == "https://nordlys.example"
    assert "VAT number" not in page.one("#facts").get_text()


def test_a_website_that_is_none_is_no_link(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, website="javascript:alert(1)")
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id)
    assert page.record_facts["Website"] == "javascript:alert(1)"


def test_shows_what_it_came_from_and_bought_again_with(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Okoro", amount=Decimal("48000"), currency="EUR", owner_id=ann.id)
    browser = browser_as(ann)
    browser.post("leads.change_status", {"status": "won"}, lead_id=lead.id)
    session.expire_all()
    customer_id = session.get_one(type(lead), lead.id).customer_id
    for amount, currency in ((1000, "EUR"), (Decimal("0.5"), "USD"), (None, None)):
        won: dict[str, Any] = {"status": LeadStatus.WON, "customer_id": customer_id, "last_name": "Again"}
        make_lead(session, amount=amount, currency=currency, **won)
    make_lead(session, last_name="Open one", amount=7, currency="EUR", customer_id=customer_id)
    gone: dict[str, Any] = {"deleted_at": datetime.now(UTC), "deleted_by_id": ann.id, "status": LeadStatus.WON}
    make_lead(session, last_name="Gone", amount=9, customer_id=customer_id, **gone)
    page = browser.get("customers.show_customer", customer_id=customer_id)
    assert page.record_facts["Won (EUR)"] == "€49,000"
    assert page.record_facts["Won (USD)"] == "$0.50"
    assert page.record_facts["Created from lead"] == "Okoro"
    assert [row["Lead"] for row in page.table] == ["Open one", "Again", "Again", "Again", "Okoro"]
    assert page.link("All leads") == f"/leads?customer={customer_id}"


def test_a_new_lead_begins_with_what_is_known(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys", email="post@nordlys.example")
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id).click("New lead")
    assert page.form("new")["email"] == "post@nordlys.example"
    page = page.form("new").fill(amount="5").submit()
    session.expire_all()
    assert [lead.customer_id for lead in session.get_one(type(customer), customer.id).leads] == [customer.id]


def test_the_first_one_to_call_stands_on_top(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session)
    make_contact(session, customer, last_name="Aaa", email="a@nordlys.example")
    make_contact(session, customer, last_name="Zzz", job_title="Buyer", mobile="12 34", is_primary=True)
    gone: dict[str, Any] = {"deleted_at": datetime.now(UTC), "deleted_by_id": ann.id}
    make_contact(session, customer, last_name="Gone", **gone)
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id)
    people = [line.get_text(" ", strip=True) for line in page.soup.select(".people strong")]
    assert people == ["Zzz", "Aaa"]
    assert "Primary contact" in page.one(".people li").get_text()


def test_what_happened_with_its_leads_is_shown_as_well(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session)
    lead = make_lead(session, last_name="Okoro", customer_id=customer.id)
    first, second = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)
    make_activity(
        session, kind=ActivityKind.CALL, subject="On the customer", customer_id=customer.id, happened_at=first
    )
    make_activity(session, subject="On the lead", lead_id=lead.id, happened_at=second)
    make_activity(session, subject="Elsewhere", lead_id=make_lead(session).id)
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id)
    assert [subject.get_text() for subject in page.soup.select(".subject")] == ["On the lead", "On the customer"]
    assert page.link("Okoro") == f"/leads/{lead.id}"


def test_history_says_who_changed_what(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    customer = make_customer(session, by=ann, name="Nordlys", owner_id=ann.id)
    customer.owner_id, customer.kind = bob.id, CustomerKind.PERSON
    session.commit()
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id)
    history = page.one("#history").get_text(" ", strip=True)
    assert "Updated by Ann Keller" in " ".join(history.split())
    assert page.soup.select("#history .changes del")[1].get_text() == "from Organization"
    assert "to Bob Tanaka" in history


def test_long_and_foreign_text_is_shown_as_it_is(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for name in ("x" * 300, "شركة الأفق", "株式会社あ", "<script>alert(1)</script> {{ 1 }} ’\u202e"):
        customer = make_customer(session, name=name, description=name)
        page = browser_as(ann).get("customers.show_customer", customer_id=customer.id)
        assert page.one("h1").get_text() == name


def test_only_who_may_change_it_sees_the_buttons(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, vera: Employee
) -> None:
    customer = make_customer(session, name="Nordlys", owner_id=ann.id)
    make_contact(session, customer)

    def buttons(employee: Employee) -> set[str]:
        page = browser_as(employee).get("customers.show_customer", customer_id=customer.id)
        return {word for word in ("Edit", "Move to trash", "New lead", "Add contact", "Print") if word in page.text}

    assert buttons(ann) == {"Edit", "Move to trash", "New lead", "Add contact", "Print"}
    assert buttons(bob) == {"New lead", "Print"}
    assert buttons(vera) == {"Print"}
    page = browser_as(bob).get("customers.show_customer", customer_id=customer.id)
    assert "Owned by Ann Keller. Only the owner, a manager or an admin can edit it." in page.text


def test_in_the_trash_it_says_so(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    gone: dict[str, Any] = {"deleted_at": datetime.now(UTC), "deleted_by_id": ann.id}
    customer = make_customer(session, name="Nordlys", owner_id=ann.id, **gone)
    page = browser_as(ann).get("customers.show_customer", customer_id=customer.id)
    assert "This customer is in the trash" in page.text
    assert page.button("Restore customer").status == 303
    customer = make_customer(session, owner_id=ann.id, **gone)
    page = browser_as(bob).get("customers.show_customer", customer_id=customer.id)
    assert "This customer is in the trash" in page.text
    assert "Restore customer" not in page.text


@pytest.mark.parametrize("rows", [2, 20])
def test_asks_the_database_as_often_for_many_rows(
    browser_as: BrowserAs, session: Session, ann: Employee, rows: int
) -> None:
    customer = make_customer(session, parent_id=make_customer(session).id, owner_id=ann.id)
    for _ in range(rows):
        owner = make_employee(session)
        lead = make_lead(session, customer_id=customer.id, owner_id=owner.id)
        make_contact(session, customer)
        make_activity(session, by=owner, lead_id=lead.id)
        make_activity(session, by=owner, customer_id=customer.id, kind=ActivityKind.TASK, assignee_id=owner.id)
        customer.owner_id = owner.id
        session.commit()
    browser = browser_as(ann)
    # With few rows, its latest changes still name its parent, which takes one more.
    assert browser.count_queries("customers.show_customer", customer_id=customer.id) == {2: 8, 20: 7}[rows]


def test_what_is_not_there_is_not_found(browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    assert browser.get("customers.show_customer", customer_id=9999).status == 404
    assert browser.open("/customers/99999999999999999999").status == 404


def test_signed_out_people_sign_in_first(visitor: Browser, session: Session) -> None:
    customer = make_customer(session)
    page = visitor.get("customers.show_customer", customer_id=customer.id)
    assert page.location == f"/sign-in?next=/customers/{customer.id}"
