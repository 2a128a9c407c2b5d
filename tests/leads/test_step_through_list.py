"""From a lead to the next or the previous one of the list that one came from."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from crm_web.core.request_log import count_queries
from crm_web.leads.spec import LEADS
from crm_web.models import Employee, Lead
from tests.factories import make_activity, make_customer, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def make_leads(session: Session, ann: Employee) -> list[Lead]:
    """Some of which are equal in everything that one can sort by."""
    fields: list[dict[str, Any]] = [
        {"last_name": "Berg", "amount": 100, "source": "Web", "country": "DE", "owner_id": ann.id},
        {"last_name": "Adler", "status": "qualified", "company": "Nordlys", "probability": 20},
        {"last_name": "Berg", "amount": 100, "source": "Web", "country": "DE", "owner_id": ann.id},
        {"last_name": "Clark", "status": "lost", "email": "c@d.example"},
    ]
    leads = [make_lead(session, **values) for values in fields]
    make_activity(session, lead_id=leads[1].id)
    return leads


def list_ids(page: Page) -> list[int]:
    return [int(str(link["href"]).partition("?")[0].rpartition("/")[2]) for link in page.soup.select("td.name a")]


def test_every_order_is_walked_both_ways(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_leads(session, ann)
    browser = browser_as(ann)
    for sort in (f"{sign}{key}" for key in LEADS.sorts for sign in ("", "-")):
        back = f"/leads?sort={sort}"
        ids = list_ids(browser.open(back))
        for here, other in zip(ids, ids[1:], strict=False):
            for step, start, end in (("next", here, other), ("previous", other, here)):
                answer = browser.client.get(f"/leads/{start}/{step}?back={back}")
                assert answer.headers["Location"].partition("?")[0] == f"/leads/{end}", (sort, step)


def test_the_list_that_one_came_from_says_which_and_in_which_order(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    first, _, third, _ = make_leads(session, ann)
    page = browser_as(ann).open("/leads?owner=me&sort=name")
    assert list_ids(page) == [first.id, third.id]
    lead = page.browser.open(str(page.one("td.name a")["href"]))
    follows = lead.click("Next").follow()
    assert (follows.url.partition("?")[0], follows.link("Leads")) == (f"/leads/{third.id}", lead.link("Leads"))
    assert follows.click("Previous").follow().url.partition("?")[0] == f"/leads/{first.id}"
    end = follows.click("Next").follow()
    assert (end.url, end.flash) == (follows.url, "This is the last one in the list.")
    assert lead.click("Previous").follow().flash == "This is the first one in the list."
    # One that fits the filters no longer has its place all the same.
    first.owner_id = None
    session.flush()
    assert str(lead.click("Next").location) == follows.url


def test_it_takes_few_statements(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_leads(session, ann)[0]
    browser = browser_as(ann)
    for sort in ("updated_at", "-name", "owner", "next_step", "last_activity"):
        url = f"/leads/{lead.id}/next?back=/leads?owner=team%26sort={sort}"
        with count_queries() as queries:
            assert browser.client.get(url).status_code == 303
        assert queries.count <= 8, sort


def test_customers_have_their_steps_too(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    ids = [make_customer(session, name=name).id for name in ("Berg", "Adler", "Clark")]
    page = browser_as(ann).open(f"/customers/{ids[1]}")
    assert page.click("Next").location == f"/customers/{ids[0]}"
    assert page.click("Next").follow().click("Next").location == f"/customers/{ids[2]}"
    assert page.click("Previous").follow().flash == "This is the first one in the list."
