"""What employees do on an ordinary day, in a real browser, with JavaScript and without."""

import io
from itertools import count

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from pypdf import PdfReader

from tests.browser.axe import find_violations
from tests.browser.conftest import Open

numbers = count(1)
either_way = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])


def enter_lead(page: Page, last_name: str) -> None:
    """Enter a lead by the form, from the list."""
    page.get_by_role("link", name="Leads", exact=True).first.click()
    page.get_by_role("link", name="New lead").click()
    page.get_by_label("First name").fill("Zoë")
    page.get_by_label("Last name").fill(last_name)
    page.get_by_label("Company").fill(f"{last_name} & Söhne GmbH")
    page.get_by_label("Email").fill(f"zoe@{last_name.lower()}.example")
    page.get_by_label("Phone", exact=False).first.fill(f"+49 30 1234{next(numbers):04}")
    page.get_by_label("Amount").first.fill("12,500.00")
    page.get_by_role("button", name="Save").or_(page.get_by_role("button", name="Enter")).first.click()


def press_status(page: Page, status: str) -> None:
    """Press a status in the row of steps."""
    page.get_by_role("button", name=status, exact=True).click()


@either_way
def test_ann_enters_a_lead_wins_it_finds_the_customer_and_prints_it(open_as: Open, javascript: bool) -> None:
    window = open_as(None, javascript=javascript)
    # Names that are alike would be asked about before Won.
    name = "Walkerton" if javascript else "Birchfield"
    page = window.sign_in("ann")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    enter_lead(page, name)
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    press_status(page, "Qualified")
    expect(page.locator(".message").first).to_contain_text("Qualified")
    press_status(page, "Won")
    expect(page.locator(".message").first).to_contain_text("Won.")
    page.get_by_role("link", name="View customer").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    customer = page.url
    page.get_by_role("link", name="Customers", exact=True).first.click()
    search = page.locator("main").get_by_role("searchbox").first
    search.fill(name)
    search.press("Enter")
    page.locator("main").get_by_role("link", name=f"{name} & Söhne GmbH").first.click()
    assert page.url.partition("?")[0] == customer
    page.get_by_role("link", name="Print").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    paper = page.locator("body").inner_text()
    assert "zoe@" in paper
    assert "12,500" in paper


@either_way
def test_a_possible_duplicate_is_shown_before_it_is_saved(open_as: Open, javascript: bool) -> None:
    page = open_as("ann", javascript=javascript).go("/leads")
    name = f"Twin{next(numbers)}"
    enter_lead(page, name)
    first = page.url
    enter_lead(page, name)
    expect(page.get_by_role("alert")).to_contain_text("Possible duplicate")
    expect(page.get_by_role("alert").get_by_role("link", name=name)).to_have_attribute(
        "href", first.removeprefix(page.url.rsplit("/leads", 1)[0])
    )
    page.get_by_role("button", name="Save anyway").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    assert page.url != first


@either_way
def test_two_rows_are_put_on_hold_at_once_and_taken_back(open_as: Open, javascript: bool) -> None:
    page = open_as("max", javascript=javascript).go("/leads?status=qualified")
    boxes = page.locator("input[name=ids]")
    expect(page.get_by_role("button", name="Review change…")).to_be_hidden()
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])
    chosen = 3 if javascript else 2
    if javascript:
        expect(page.get_by_role("status").filter(has_text="selected")).to_have_text("3 selected")
    page.get_by_label("Bulk action", exact=True).select_option(label="On hold")
    page.get_by_role("button", name="Review change…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Move {chosen} leads to On hold")
    page.get_by_role("button", name=f"Move {chosen} leads to On hold").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Moved to On hold")
    page.get_by_role("button", name="Undo edit").click()
    expect(page.locator(".notice")).to_contain_text(f"{chosen} leads restored")


@either_way
def test_a_lost_lead_needs_a_reason(open_as: Open, javascript: bool) -> None:
    window = open_as("ann", javascript=javascript)
    name = f"Loser{next(numbers)}"
    page = window.go("/leads")
    enter_lead(page, name)
    page.get_by_text("Mark as lost…").click()
    page.get_by_role("button", name="Mark as lost").click()
    expect(page.locator(".error-summary, .error").first).to_contain_text("Choose a lost reason.")
    page.get_by_label("Reason").select_option(label="Price too high")
    page.get_by_role("button", name="Mark as lost").click()
    expect(page.locator(".message")).to_contain_text("Moved to Lost.")
    expect(page.locator("main")).to_contain_text("Price too high")


@either_way
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(open_as: Open, javascript: bool) -> None:
    page = open_as("ann", javascript=javascript).go("/leads/new")
    page.get_by_label("Last name").fill("O'Neill <b>")
    page.get_by_label("Email").fill("nobody")
    page.get_by_label("Amount").first.fill("a lot")
    page.get_by_role("button", name="Save").or_(page.get_by_role("button", name="Enter")).first.click()
    expect(page.locator(".error-summary li")).to_have_count(2)
    expect(page.get_by_label("Last name")).to_have_value("O'Neill <b>")
    expect(page.get_by_label("Email")).to_have_value("nobody")
    expect(page.get_by_label("Email")).to_have_attribute("aria-invalid", "true")
    page.locator(".error-summary a").first.click()
    expect(page.get_by_label("Email")).to_be_in_viewport()
    if javascript:
        mend_field(page.get_by_label("Email"), page)
        expect(page.locator(".error-summary li")).to_have_count(1)
        mend_field(page.get_by_label("Amount").first, page)
        expect(page.locator(".error-summary")).to_have_count(0)


def mend_field(control: Locator, page: Page) -> None:
    """What was wrong with a field is gone with the first letter, wherever it was said; its help stays."""
    described = control.get_attribute("aria-describedby") or ""
    error = next(name for name in described.split() if name.endswith("-error"))
    control.press("End")
    control.press("5")
    expect(control).to_be_focused()
    expect(page.locator(f"#{error}")).to_have_count(0)
    assert control.get_attribute("aria-invalid") is None
    assert (control.get_attribute("aria-describedby") or "") == described.replace(error, "").strip()
    expect(page.locator(".error")).to_have_count(page.locator(".error-summary li").count())


@either_way
def test_vera_is_refused_in_words(open_as: Open, javascript: bool) -> None:
    window = open_as("vera", javascript=javascript)
    page = window.go("/leads")
    expect(page.get_by_role("link", name="New lead")).to_have_count(0)
    page.locator("main table tbody a").first.click()
    lead = page.url.removeprefix(window.site.url)
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    page = window.go(f"{lead}/edit")
    expect(page.locator("main")).to_contain_text("Ask an admin for the Sales role.")


def test_ann_is_told_whose_lead_it_is(open_as: Open) -> None:
    window = open_as("ann")
    with window.site.database.session() as session:
        bob = window.site.database.find(session, "bob").id
    page = window.go(f"/leads?owner={bob}")
    page.locator("main table tbody a").first.click()
    lead = page.url.removeprefix(window.site.url).partition("?")[0]
    page = window.go(f"{lead}/edit")
    expect(page.locator("main")).to_contain_text("Bob Lindqvist")


@either_way
def test_the_list_goes_on_and_back_in_its_address(open_as: Open, javascript: bool) -> None:
    page = open_as("max", javascript=javascript).go("/leads?sort=name")
    # The name alone: how long ago something was may be another minute by the time one comes back.
    row = page.locator("main table tbody tr .name").first
    first = row.inner_text()
    page.get_by_role("link", name="Next", exact=True).click()
    expect(row).not_to_have_text(first)
    second = page.url
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("link", name="Previous")).to_have_count(0)
    assert row.inner_text() == first
    page.go_back()
    assert page.url == second


def test_everything_can_be_reached_and_pressed_by_keyboard(open_as: Open) -> None:
    """Sign in, enter a lead and win it without touching the mouse; whatever has the focus shows it."""
    page = open_as(None).go("/sign-in")
    name = f"Keys{next(numbers)}"
    _tab_to(page, "Email")
    page.keyboard.type("ann@piper.example")
    page.keyboard.press("Tab")
    page.keyboard.type("piper-demo")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to content"
    _tab_to(page, "Leads")
    page.keyboard.press("Enter")
    page.wait_for_url("**/leads")
    _tab_to(page, "New lead")
    page.keyboard.press("Enter")
    page.wait_for_url("**/leads/new")
    _tab_to(page, "Last name")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.rsplit("/", 1)[-1].isdigit())
    _tab_to(page, "Won")
    page.keyboard.press("Enter")
    expect(page.locator(".message").first).to_contain_text("Won.")
    _tab_to(page, "View customer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/*")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def _tab_to(page: Page, words: str) -> None:
    """Press Tab until the control with these words has the focus; each stop on the way must be visible and outlined."""
    look = """() => {
        const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
        const label = it.labels?.[0]?.textContent ?? it.getAttribute('aria-label') ?? it.textContent;
        const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
        const ring = outlined || style.boxShadow !== 'none', visible = box.width > 0 && box.height > 0;
        return {label: label.replace(/\\s+/g, ' ').trim(), ring, visible, tag: it.tagName};
    }"""
    for _ in range(80):
        now = page.evaluate(look)
        if now["label"].removesuffix(" optional") == words:
            return
        page.keyboard.press("Tab")
        now = page.evaluate(look)
        assert now["visible"], f"{now} has the focus and is not seen"
        assert now["ring"] or now["tag"] == "BODY", f"{now} has the focus and does not show it"
    raise AssertionError(f"{words!r} is not reached by Tab on {page.url}")


def read_pdf(page: Page) -> list[str]:
    """The text of each sheet that a page prints on."""
    return [sheet.extract_text() for sheet in PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages]


def test_a_customer_is_printed_as_a_document(open_as: Open) -> None:
    window = open_as("ann")
    page = window.go("/customers?sort=name")
    page.locator("main table tbody a").first.click()
    name = page.get_by_role("heading", level=1).inner_text()
    page = window.go(page.url.removeprefix(window.site.url).partition("?")[0] + "/print")
    sheets = read_pdf(page)
    whole = "\n".join(sheets)
    assert name in whole
    assert "Ann Keller" in whole
    assert "Dashboard" not in whole
    for number, sheet in enumerate(sheets, start=1):
        assert f"{number} / {len(sheets)}" in sheet


def test_a_list_is_printed_without_its_controls(open_as: Open) -> None:
    sheets = read_pdf(open_as("max").go("/leads"))
    assert len(sheets) > 1
    for number, sheet in enumerate(sheets, start=1):
        assert f"{number} / {len(sheets)}" in sheet
        assert "Sign out" not in sheet
        assert "New lead" not in sheet


@either_way
def test_signing_out_ends_it(open_as: Open, javascript: bool) -> None:
    window = open_as("bob", javascript=javascript)
    page = window.go("/")
    page.locator(".person summary").click()
    page.get_by_role("button", name="Sign out").click()
    page = window.go("/leads")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


@either_way
def test_the_menu_of_a_phone_opens(open_as: Open, javascript: bool) -> None:
    page = open_as("ann", javascript=javascript, viewport={"width": 390, "height": 844}).go("/")
    expect(page.get_by_role("link", name="Customers", exact=True).first).not_to_be_visible()
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("link", name="Customers", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Customers")


def test_dark_follows_the_system_and_the_account(open_as: Open) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    dark = open_as("ann", color_scheme="dark").go("/").evaluate(background)
    light = open_as("ann", color_scheme="light").go("/").evaluate(background)
    assert dark != light


@either_way
def test_ann_finds_anyone_from_any_page(open_as: Open, javascript: bool) -> None:
    window = open_as("ann", javascript=javascript)
    page = window.go("/leads")
    name = f"Finder{next(numbers)}"
    enter_lead(page, name)
    lead = page.url
    page = window.go("/customers")
    box = page.get_by_label("Search leads, customers and people")
    box.fill(name.lower())
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(name.lower())
    expect(page.locator("main mark").first).to_have_text(name)
    page.locator("main tbody a").first.click()
    assert page.url == lead


def test_the_box_is_used_by_keyboard_while_one_types(open_as: Open) -> None:
    window = open_as("ann")
    page = window.go("/leads")
    name = f"Typist{next(numbers)}"
    enter_lead(page, name)
    lead = page.url
    page = window.go("/")
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search leads, customers and people")
    expect(box).to_be_focused()
    page.keyboard.type(name.lower())
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(options.first.locator("mark").first).to_have_text(name)
    expect(page.locator(".side-search [role=status]")).to_have_text("1 found")
    assert find_violations(page) == []
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", "search-option-0")
    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value(name.lower())
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(lead)
    box.fill("nobodyiscalledthis")
    expect(page.locator(".side-search [role=status]")).to_have_text("No results")
    box.press("Enter")
    expect(page.get_by_role("heading", name="No results")).to_be_visible()


def test_an_answer_that_was_overtaken_is_not_shown(open_as: Open) -> None:
    page = open_as("ann").go("/")

    def hold(route: Route) -> None:
        page.wait_for_timeout(800)
        route.continue_()

    page.route("**/search/suggest?q=an", hold)
    box = page.get_by_role("combobox", name="Search leads, customers and people")
    box.fill("an")
    page.wait_for_timeout(300)
    box.fill("nobodyiscalledthis")
    expect(page.locator(".side-search [role=status]")).to_have_text("No results")
    page.wait_for_timeout(900)
    expect(page.locator(".side-search [role=status]")).to_have_text("No results")
