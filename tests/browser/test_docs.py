"""The documentation in a real browser: read, tried out and executed."""

import json

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.site import NARROW, Visitor, measure_overflow
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


def test_an_employee_tries_out_reading_entering_and_changing_and_then_a_token(open_as: Open) -> None:
    """One page for all of it: Swagger UI takes seconds to draw itself."""
    visitor = open_as("ann")
    page = visitor.go("/docs")
    status, body = _execute(_try(page, "leads-list_leads"))
    expect(page.locator("main")).to_have_count(1)
    assert status.startswith("200")
    assert json.loads(body)["items"]

    create = _try(page, "leads-create_lead")
    create.locator("textarea.body-param__text").fill('{"last_name": "Docs", "company": "From the documentation"}')
    status, body = _execute(create)
    assert status.startswith("201")
    lead = json.loads(body)
    assert lead["company"] == "From the documentation"

    block = _try(page, "leads-change_lead")
    block.locator("[data-param-name=lead_id] input").fill(str(lead["id"]))
    block.locator("[data-param-name='If-Match'] input").fill('"1"')
    block.locator("textarea.body-param__text").fill('{"city": "Graz"}')
    status, body = _execute(block)
    assert status.startswith("200")
    assert (json.loads(body)["city"], json.loads(body)["version"]) == ("Graz", 2)

    # A token of somebody else counts instead of the session.
    _give_token(page, visitor)
    create.get_by_role("button", name="Clear").click()
    status, body = _execute(create)
    assert status.startswith("403")
    assert "Sales role" in json.loads(body)["detail"]


def _give_token(page: Page, visitor: Visitor) -> None:
    with visitor.site.database.session() as session:
        secret = make_token(session, visitor.site.database.find(session, "vera"))
    page.get_by_role("button", name="Authorize").click()
    dialogue = page.locator(".modal-ux")
    dialogue.get_by_label("auth-bearer-value").fill(secret)
    dialogue.get_by_role("button", name="Apply credentials").first.click()
    dialogue.get_by_role("button", name="Close").first.click()


def _measure_colors(page: Page) -> list[str]:
    """The colors of the ground and of the title on it."""
    colors: list[str] = page.evaluate(
        "[[document.body, 'backgroundColor'], [document.querySelector('.info .title'), 'color']]"
        ".map(([element, name]) => getComputedStyle(element)[name])"
    )
    return colors


def _brightness(color: str) -> int:
    return sum(map(int, color[4:-1].split(",")))


def test_it_looks_like_the_product_in_light_and_dark_and_fits_a_phone(open_as: Open) -> None:
    """One page for all of it: Swagger UI takes seconds to draw itself."""
    page = open_as("ann", color_scheme="light").go("/docs")
    page.locator("#operations-leads-list_leads .opblock-summary-control").click()
    page.get_by_role("button", name="Try it out").wait_for()
    own = page.evaluate("getComputedStyle(document.body).fontFamily")
    fonts = page.locator("#docs :is(h2, p, td, .btn, .parameter__name)").evaluate_all(
        "elements => [...new Set(elements.map((element) => getComputedStyle(element).fontFamily))]"
    )
    assert fonts == [own]
    sheet = page.locator("#operations-leads-list_leads").evaluate("block => getComputedStyle(block).backgroundColor")
    assert sheet == "rgb(255, 255, 255)"
    ground, letters = _measure_colors(page)
    assert _brightness(ground) > 600 > 300 > _brightness(letters)

    page.emulate_media(color_scheme="dark")
    ground, letters = _measure_colors(page)
    assert _brightness(letters) > 600 > 300 > _brightness(ground)

    page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})
    assert measure_overflow(page) == 0
