"""Impatience in a real browser: clicked twice, sent again, gone back; one record is made."""

from itertools import count

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import func, select

from crm_web.models import Lead
from tests.browser.conftest import Open
from tests.browser.site import Site

numbers = count(1)
either_way = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])


def fill_in(page: Page) -> str:
    """Fill in the form of a new lead; gives its name."""
    name = f"Hasty{next(numbers)}"
    page.get_by_label("Last name").fill(name)
    return name


def count_leads(site: Site, name: str) -> int:
    """How many leads have a name."""
    with site.database.session() as session:
        return session.scalar(select(func.count()).select_from(Lead).where(Lead.last_name == name)) or 0


def lose_the_answer(route: Route) -> None:
    """Let the server do what it is asked for, and the connection break before the browser hears of it."""
    route.fetch(max_redirects=0)
    route.abort()


@either_way
def test_a_double_click_makes_one_lead(open_as: Open, site: Site, javascript: bool) -> None:
    page = open_as("ann", javascript=javascript).go("/leads/new")
    name = fill_in(page)

    page.get_by_role("button", name="Save lead").dblclick()

    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.locator(".message").first).to_contain_text(f"{name} created.")
    assert count_leads(site, name) == 1


@either_way
def test_sent_again_after_an_answer_that_never_came(open_as: Open, site: Site, javascript: bool) -> None:
    window = open_as("ann", javascript=javascript)
    page = window.go("/leads/new")
    name = fill_in(page)
    window.context.route("**/leads/new", lose_the_answer, times=1)
    page.get_by_role("button", name="Save lead").click()
    page.wait_for_url("chrome-error://**")
    assert count_leads(site, name) == 1

    page.reload()

    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    assert count_leads(site, name) == 1


@either_way
def test_after_going_back_the_form_is_a_new_one(open_as: Open, site: Site, javascript: bool) -> None:
    page = open_as("ann", javascript=javascript).go("/leads/new")
    first = fill_in(page)
    page.get_by_role("button", name="Save lead").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(first)

    page.go_back()
    second = fill_in(page)
    page.get_by_role("button", name="Save lead").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text(second)
    assert (count_leads(site, first), count_leads(site, second)) == (1, 1)
