"""From a record back to the list that it was opened in, as it was, whatever one did with the record meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_web.models import ActivityKind, Employee
from tests.factories import make_activity, make_customer, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def read_way_back(page: Page) -> tuple[str, str]:
    """What stands above the name of a record, and where it leads."""
    link = page.one("a.page-back")
    return link.get_text().strip(), str(link["href"])


@pytest.mark.parametrize(
    ("endpoint", "filters", "label"),
    [
        ("leads.list_leads", {"owner": "me", "q": "oko & co", "sort": "-amount"}, "Leads"),
        ("leads.show_board", {"owner": "me"}, "Board"),
        ("customers.list_customers", {"q": "oko & co", "status": "active", "sort": "-name"}, "Customers"),
    ],
)
def test_the_way_back_survives_whatever_is_done(
    browser_as: BrowserAs, session: Session, ann: Employee, endpoint: str, filters: dict[str, str], label: str
) -> None:
    kind = endpoint.partition(".")[0]
    on: dict[str, Any]
    if kind == "leads":
        on = {"lead_id": make_lead(session, company="Oko & Co", owner_id=ann.id).id}
    else:
        on = {"customer_id": make_customer(session, name="Oko & Co", owner_id=ann.id).id}
    task = make_activity(session, by=ann, kind=ActivityKind.TASK, subject="Call", **on)
    browser = browser_as(ann)
    here = browser.get(endpoint, **filters)
    page = here.click("Oko & Co")
    assert read_way_back(page) == (label, here.url)
    page = page.click("Edit").form().submit().follow()
    assert read_way_back(page) == (label, here.url)
    page = page.button(f"Done: {task.subject}").follow()
    assert read_way_back(page) == (label, here.url)
    if kind == "leads":
        page = page.button("Contacted").follow()
        assert read_way_back(page) == (label, here.url)
    page = page.button("Move to trash")
    assert page.location == here.url
    page = page.follow().button("Undo").follow()
    assert read_way_back(page) == (label, here.url)


def test_the_place_in_the_list_comes_back_too(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for number in range(51):
        make_lead(session, last_name=f"Lead {number:02}")
    browser = browser_as(ann)
    second = browser.get("leads.list_leads", sort="name").click("Next")
    page = second.click("Lead 50")
    assert browser.open(read_way_back(page)[1]).table == second.table


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/leads", "//evil.example", "/\t/evil.example", "/leads/7", "/account", "/customers", ""],
)
def test_nobody_is_led_anywhere_else(browser_as: BrowserAs, session: Session, ann: Employee, back: str) -> None:
    lead = make_lead(session, owner_id=ann.id)
    browser = browser_as(ann)
    page = browser.get("leads.show_lead", lead_id=lead.id, back=back)
    assert read_way_back(page) == ("Leads", "/leads")
    assert page.link("Edit") == f"/leads/{lead.id}/edit"
    assert browser.post("leads.trash_lead", lead_id=lead.id, back=back).location == "/leads"


def test_a_plain_list_needs_no_more_in_the_addresses_of_its_records(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, last_name="Okoro")
    assert browser_as(ann).get("leads.list_leads").link("Okoro") == f"/leads/{lead.id}"
