"""The words field of a list forgives a typing error, and says so."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.factories import make_customer, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


@pytest.mark.parametrize("endpoint", ["leads.list_leads", "customers.list_customers"])
@pytest.mark.parametrize(
    ("sent", "shown"),
    [("abernaty", "abernathy"), ("ABERNATY wholesale", "abernathy wholesale"), ("abrenathy", "abernathy")],
)
def test_a_typing_error_finds_what_was_meant(
    browser_as: BrowserAs, session: Session, vera: Employee, endpoint: str, sent: str, shown: str
) -> None:
    make_lead(session, last_name="Abernathy", company="Wholesale Ltd")
    make_customer(session, name="Abernathy Wholesale")
    page = browser_as(vera).get(endpoint, q=sent)
    assert f"No exact matches for “{sent}”. Showing results for “{shown}”." in page.text
    assert len(page.table) == 1
    # What is linked from here is what is shown here.
    assert f"q={shown.replace(' ', '+')}" in page.link("CSV")


def test_other_filters_still_hold(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    make_lead(session, last_name="Abernathy", owner_id=ann.id)
    page = browser_as(ann).get("leads.list_leads", q="abernaty", owner=bob.id)
    assert "No exact matches" not in page.text
    assert "No leads match these filters" in page.text
    assert len(browser_as(ann).get("leads.list_leads", q="abernaty", owner="me").table) == 1


@pytest.mark.parametrize("sent", ["abernathy", "zzzzzz", "", "a", "\ud800bernaty".encode("utf-8", "replace").decode()])
def test_nothing_is_corrected_without_need(browser_as: BrowserAs, session: Session, vera: Employee, sent: str) -> None:
    make_lead(session, last_name="Abernathy")
    assert "No exact matches" not in browser_as(vera).get("leads.list_leads", q=sent).text


def test_correcting_stays_within_the_statements_of_a_page(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    customer = make_customer(session, name="Abernathy Wholesale")
    browser = browser_as(ann)
    lists = [("leads.list_leads", {"customer": customer.id, "owner": "me"}), ("customers.list_customers", {})]
    costs: list[list[int]] = []
    for more in (2, 18):
        for _ in range(more):
            make_lead(session, last_name="Abernathy", customer_id=customer.id, owner_id=ann.id)
        costs.append([])
        for endpoint, filters in lists:
            costs[-1].append(browser.count_queries(endpoint, q="abernaty", **filters))
            page = browser.get(endpoint, q="abernaty", **filters)
            assert "Showing results for “abernathy”" in page.text
    assert costs[0] == costs[1]
    assert max(costs[0]) <= 8
