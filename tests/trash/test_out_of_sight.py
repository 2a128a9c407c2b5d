"""What is in the trash stands nowhere else, and never in the way of something new."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Customer, Employee, Lead
from tests.factories import make_activity, make_contact, make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


@pytest.fixture
def gone(ann: Employee) -> dict[str, Any]:
    """The fields of a record in the trash."""
    return {"deleted_at": datetime.now(UTC), "deleted_by_id": ann.id}


@pytest.fixture
def browser(browser_as: BrowserAs, ann: Employee) -> Browser:
    """Ann's browser."""
    return browser_as(ann)


@pytest.fixture
def lead(session: Session, ann: Employee, gone: dict[str, Any]) -> Lead:
    """A won lead in the trash."""
    customer = make_customer(session, name="Staying", email="staying@other.example")
    who: dict[str, Any] = {"email": "zoe@nordlys.example", "phone": "+4533123456", "phone_e164": "+4533123456"}
    lead = make_lead(
        session,
        last_name="Okoro",
        owner_id=ann.id,
        status="won",
        amount=918_273_645,
        customer_id=customer.id,
        **who,
        **gone,
    )
    make_activity(session, lead_id=lead.id, subject="Talked to Okoro")
    return lead


@pytest.fixture
def customer(session: Session, ann: Employee, gone: dict[str, Any]) -> Customer:
    """A customer in the trash, with a contact that is not."""
    customer = make_customer(session, name="Nordlys A/S", email="zoe@nordlys.example", owner_id=ann.id, **gone)
    make_contact(session, customer, last_name="Berg", email="berg@nordlys.example")
    return customer


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [
        ("leads.list_leads", {}),
        ("leads.list_leads", {"q": "Okoro"}),
        ("leads.list_leads", {"status": "won"}),
        ("leads.export_leads", {}),
        ("dashboard.show_dashboard", {}),
    ],
)
@pytest.mark.usefixtures("lead")
def test_a_lead_is_in_no_list_and_no_figure(browser: Browser, endpoint: str, values: dict[str, Any]) -> None:
    page = browser.get(endpoint, **values)
    assert page.status == 200
    assert "Okoro" not in page.body.replace("q=Okoro", "").replace('value="Okoro"', "").replace("“Okoro”", "")
    assert "918,273,645" not in page.body
    assert "918273645" not in page.body


def test_a_lead_is_not_on_its_customers_page_and_paper(browser: Browser, lead: Lead) -> None:
    for endpoint in ("customers.show_customer", "customers.print_customer"):
        page = browser.get(endpoint, customer_id=lead.customer_id)
        assert page.h1 == "Staying"
        assert "Okoro" not in page.text
        assert "918,273,645" not in page.text


@pytest.mark.parametrize(
    ("endpoint", "values"),
    [
        ("customers.list_customers", {}),
        ("customers.list_customers", {"q": "Nordlys"}),
        ("customers.list_customers", {"q": "berg@nordlys.example"}),
        ("customers.export_customers", {}),
        ("customers.suggest_customers", {"q": "Nordlys"}),
    ],
)
@pytest.mark.usefixtures("customer")
def test_a_customer_is_in_no_list(browser: Browser, endpoint: str, values: dict[str, Any]) -> None:
    page = browser.get(endpoint, **values)
    assert page.status == 200
    assert "Nordlys A/S" not in page.body


def test_a_customer_is_on_no_paper_of_many(browser: Browser, session: Session, customer: Customer) -> None:
    other = make_customer(session, name="Staying")
    page = browser.get("customers.print_customers", id=[customer.id, other.id])
    assert "Staying" in page.text
    assert "Nordlys" not in page.text


@pytest.mark.usefixtures("lead", "customer")
def test_nothing_new_is_asked_about_because_of_them(browser: Browser) -> None:
    who = {"email": "zoe@nordlys.example", "phone": "+45 33 12 34 56"}
    assert browser.post("leads.create_lead", {"last_name": "Okoro", **who}).status == 303
    trashed = browser.post("customers.create_customer", {"name": "Nordlys A/S", "kind": "organisation", **who})
    # The lead that was just entered is asked about, and nobody else.
    assert trashed.status == 422
    assert len(trashed.soup.select(".notice-warning li")) == 1
    assert trashed.form().submit(confirmed="1").status == 303


@pytest.mark.usefixtures("customer")
def test_a_customer_is_not_offered_to_a_lead_that_is_won(browser: Browser, session: Session) -> None:
    lead = make_lead(session, company="Nordlys A/S", last_name="Berg", email="berg@nordlys.example")
    assert not browser.get("leads.preview_win", lead_id=lead.id).has("#likely")
    assert browser.post("leads.change_status", {"status": "won"}, lead_id=lead.id).location == f"/leads/{lead.id}"


def test_a_customer_is_nobodys_parent_and_takes_no_lead(browser: Browser, customer: Customer) -> None:
    sent = {"name": "New", "kind": "organisation", "status": "active", "parent": customer.number}
    assert browser.post("customers.create_customer", sent).status == 422
    assert browser.get("leads.new_lead", customer=customer.id).status == 404
