"""The controls of a filter bar are drawn once for what they offer, and never offer what has changed since."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Employee, LeadSource
from tests.factories import make_customer, make_employee, make_lead
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]


def _offered(page: Page, name: str) -> set[str]:
    """The values that a filter can be ticked for."""
    return {str(box["value"]) for box in page.soup.select(f".filters input[name={name}]")}


def _checked(page: Page) -> list[str]:
    return [str(box["value"]) for box in page.soup.select(".filters input[checked]")]


def test_a_new_word_is_offered_and_one_without_leads_no_more(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    browser = browser_as(ann)
    lead = make_lead(session, owner=ann, industry="Shipping", country="SE", source="Fair")
    first = browser.get("leads.list_leads")
    lead.industry, lead.country = "Mining", "NO"
    session.add(LeadSource(name="Letter"))
    session.commit()
    second = browser.get("leads.list_leads")
    assert {"Shipping"} == _offered(first, "industry") - _offered(second, "industry")
    assert {"Mining"} == _offered(second, "industry") - _offered(first, "industry")
    assert {"SE"} == _offered(first, "country") - _offered(second, "country")
    assert {"Letter"} == _offered(second, "source") - _offered(first, "source")


def test_a_new_colleague_and_a_new_name_are_offered(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser = browser_as(ann)
    make_lead(session, owner=ann)
    first = words(browser.get("leads.list_leads").one(".filters"))
    carl = make_employee(session, name="Carl Ny", email="carl@piper.example")
    second = words(browser.get("leads.list_leads").one(".filters"))
    carl.name = "Carl Nyberg"
    session.commit()
    third = words(browser.get("leads.list_leads").one(".filters"))
    assert "Carl Ny" not in first
    assert "Carl Ny" in second
    assert "Carl Nyberg" not in second
    assert "Carl Nyberg" in third


@pytest.mark.parametrize(
    ("asked", "checked"),
    [
        ({"status": "new"}, ["new"]),
        ({"industry": "Shipping"}, ["Shipping"]),
        ({"no": "phone", "owner": "me"}, ["me", "phone"]),
        ({"kind": "open"}, []),
    ],
)
def test_what_is_filtered_by_is_ticked_and_only_there(
    browser_as: BrowserAs, session: Session, ann: Employee, asked: dict[str, str], checked: list[str]
) -> None:
    browser = browser_as(ann)
    make_lead(session, owner=ann, industry="Shipping")
    for _ in range(2):
        assert _checked(browser.get("leads.list_leads")) == []
        assert _checked(browser.get("leads.list_leads", **asked)) == checked


def test_statuses_are_those_of_the_kind(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser = browser_as(ann)
    make_lead(session, owner=ann)
    every, lost = (_offered(browser.get("leads.list_leads", **asked), "status") for asked in ({}, {"kind": "lost"}))
    assert lost == {"lost", "disqualified"}
    assert lost < every
    assert _offered(browser.get("leads.list_leads"), "status") == every


def test_lists_have_controls_of_their_own(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser = browser_as(ann)
    make_lead(session, owner=ann)
    make_customer(session)
    names = [
        {field["name"] for field in browser.get(endpoint).soup.select(".filters [name]")}
        for endpoint in ("leads.list_leads", "leads.show_board", "customers.list_customers")
    ]
    assert "amount_from" in names[0]
    assert "amount_from" not in names[2]
    assert names[0] != names[1]
