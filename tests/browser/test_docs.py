"""The documentation in a real browser: read, tried out and executed."""

import json
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.site import NARROW, measure_overflow
from tests.factories import make_token


def _try(page: Page, operation: str) -> Locator:
    block = page.locator(f"#operations-{operation}")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    return block


def _execute(block: Locator) -> tuple[str, str]:
    block.get_by_role("button", name="Execute").click()
    answer = block.locator(".live-responses-table .response").first
    return answer.locator(".response-col_status").inner_text(), answer.locator(".highlight-code pre").first.inner_text()


def test_a_visitor_is_sent_to_sign_in_and_back(open_as: Open) -> None:
    visitor = open_as(None)
    page = visitor.go("/docs")
    expect(page).to_have_url(f"{visitor.site.url}/sign-in?next=/docs")


def test_an_employee_tries_out_reading_and_entering(open_as: Open) -> None:
    page = open_as("ann").go("/docs")
    status, body = _execute(_try(page, "leads-list_leads"))
    expect(page.locator("main")).to_have_count(1)
    assert status.startswith("200")
    assert json.loads(body)["items"]
    block = _try(page, "leads-create_lead")
    block.locator("textarea.body-param__text").fill('{"last_name": "Docs", "company": "From the documentation"}')
    status, body = _execute(block)
    assert status.startswith("201")
    assert json.loads(body)["company"] == "From the documentation"


def test_a_token_counts_instead_of_the_session(open_as: Open) -> None:
    visitor = open_as("ann")
    with visitor.site.database.session() as session:
        secret = make_token(session, visitor.site.database.find(session, "vera"))
    page = visitor.go("/docs")
    page.get_by_role("button", name="Authorize").click()
    dialogue = page.locator(".modal-ux")
    dialogue.get_by_label("auth-bearer-value").fill(secret)
    dialogue.get_by_role("button", name="Apply credentials").first.click()
    dialogue.get_by_role("button", name="Close").first.click()
    assert _execute(_try(page, "leads-list_leads"))[0].startswith("200")
    status, body = _execute(_try(page, "leads-create_lead"))
    assert status.startswith("403")
    assert "Sales role" in json.loads(body)["detail"]


def test_it_fits_a_phone(open_as: Open) -> None:
    page = open_as("ann", viewport=NARROW).go("/docs")
    page.locator("#operations-leads-list_leads .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").wait_for()
    assert measure_overflow(page) == 0


def test_an_employee_tries_out_changing(open_as: Open) -> None:
    page = open_as("ann").go("/docs")
    block = _try(page, "leads-create_lead")
    block.locator("textarea.body-param__text").fill('{"last_name": "Docs"}')
    lead = json.loads(_execute(block)[1])
    block = _try(page, "leads-change_lead")
    block.locator("[data-param-name=lead_id] input").fill(str(lead["id"]))
    block.locator("[data-param-name='If-Match'] input").fill('"1"')
    block.locator("textarea.body-param__text").fill('{"city": "Graz"}')
    status, body = _execute(block)
    assert status.startswith("200")
    assert (json.loads(body)["city"], json.loads(body)["version"]) == ("Graz", 2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_as_dark_as_the_rest(open_as: Open, scheme: Literal["light", "dark"]) -> None:
    page = open_as("ann", color_scheme=scheme).go("/docs")
    page.locator("#operations-leads-list_leads").wait_for()
    ground, letters = page.evaluate(
        "[[document.body, 'backgroundColor'], [document.querySelector('.info .title'), 'color']]"
        ".map(([element, name]) => getComputedStyle(element)[name])"
    )
    bright, dim = (ground, letters) if scheme == "light" else (letters, ground)
    assert sum(map(int, bright[4:-1].split(","))) > 600
    assert sum(map(int, dim[4:-1].split(","))) < 300


def test_it_wears_the_colors_and_the_type_of_the_product(open_as: Open) -> None:
    page = open_as("ann").go("/docs")
    page.locator("#operations-leads-list_leads .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").wait_for()
    own = page.evaluate("getComputedStyle(document.body).fontFamily")
    fonts = page.locator("#docs :is(h2, p, td, .btn, .parameter__name)").evaluate_all(
        "elements => [...new Set(elements.map((element) => getComputedStyle(element).fontFamily))]"
    )
    assert fonts == [own]
    sheet = page.locator("#operations-leads-list_leads").evaluate("block => getComputedStyle(block).backgroundColor")
    assert sheet == "rgb(255, 255, 255)"
