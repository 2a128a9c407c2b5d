"""How many clicks the day's work takes on the page of a lead, with JavaScript and without."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import find_violations
from tests.browser.conftest import Open
from tests.browser.site import measure_overflow

either_way = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])


def open_own_lead(page: Page) -> str:
    page.locator("main td.name a").first.click()
    expect(page.get_by_role("link", name="Log call")).to_be_visible()
    return page.url


@either_way
def test_a_call_and_a_task_with_a_date_take_two_clicks(open_as: Open, javascript: bool) -> None:
    page = open_as("ann", javascript=javascript).go("/leads?owner=me&kind=open")
    open_own_lead(page)
    page.get_by_role("link", name="Log call").click()
    expect(page.get_by_label("Subject")).to_be_focused()
    page.keyboard.type("Asked for a later date")
    page.get_by_role("button", name="Add activity").click()
    expect(page.locator(".message")).to_contain_text("Call added: Asked for a later date")
    if javascript:
        page.get_by_role("link", name="Log call").click()
        page.get_by_role("button", name="Add activity").click()
        expect(page.locator(".message")).to_contain_text("Call added: Call")
    page.get_by_role("link", name="Task", exact=True).click()
    expect(page.get_by_label("Subject")).to_be_focused()
    page.keyboard.type("Call again")
    page.get_by_role("button", name="Tomorrow: add this task").click()
    expect(page.locator("#open-tasks")).to_contain_text("Call again")
    expect(page.locator("#open-tasks")).to_contain_text("Due ")


@either_way
def test_an_amount_is_changed_by_two_clicks_and_back_by_one(open_as: Open, javascript: bool) -> None:
    page = open_as("ann", javascript=javascript).go("/leads?owner=me&kind=open&sort=name")
    lead = open_own_lead(page)
    amount = page.locator(".key-figure dd")
    before = amount.inner_text().strip()
    if javascript:
        amount.click()
    else:
        page.get_by_role("link", name="Edit Amount").click()
    field = page.get_by_label("Amount", exact=True)
    expect(field).to_be_focused()
    field.fill("a lot")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".field-wrong")).to_contain_text("Enter a number")
    expect(page.get_by_label("Amount", exact=True)).to_be_focused()
    # axe waits for timers, which need JavaScript.
    assert not (javascript and find_violations(page))
    page.get_by_label("Amount", exact=True).fill("4321")
    page.keyboard.press("Enter")
    expect(page.locator(".message")).to_contain_text("saved.")
    expect(amount).to_contain_text(re.compile("4,321"))
    assert page.url.partition("?")[0] == lead.partition("?")[0]
    page.get_by_role("button", name="Undo").click()
    expect(amount).to_have_text(re.compile(re.escape(before)))


def test_escape_leaves_a_value_as_it_is(open_as: Open) -> None:
    page = open_as("ann").go("/leads?owner=me&kind=open&sort=-amount")
    lead = open_own_lead(page)
    pencil = page.get_by_role("link", name="Edit Owner")
    pencil.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_label("Owner")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(pencil).to_be_focused()
    assert page.url.partition("?")[0] == lead.partition("?")[0]


def test_a_cell_of_a_list_is_edited_by_pointer_and_by_keys(open_as: Open) -> None:
    page = open_as("ann").go("/leads?owner=me&kind=open&sort=name")
    address = page.url
    row = page.locator("tr[data-row]:not([data-row=''])").first
    row_id = row.get_attribute("id")
    place = page.locator("thead th").all_inner_texts().index("Amount")
    amount = row.locator("td").nth(place)
    before = amount.inner_text().strip()
    # By pointer: the pencil appears in the cell; what is wrong stays in the form, with what was typed.
    amount.hover()
    amount.get_by_role("link", name="Edit Amount").click()
    box = page.get_by_role("dialog", name="Edit Amount")
    expect(box.get_by_label("Amount", exact=True)).to_be_focused()
    box.get_by_label("Amount", exact=True).fill("a lot")
    page.keyboard.press("Enter")
    expect(box.locator(".field-wrong")).to_contain_text("Enter a number")
    expect(box.get_by_label("Amount", exact=True)).to_have_value("a lot")
    assert not find_violations(page)
    box.get_by_label("Amount", exact=True).fill("4321")
    page.keyboard.press("Enter")
    expect(page.locator(".message")).to_contain_text("saved.")
    expect(page.locator(f"#{row_id} td").nth(place)).to_contain_text("4,321")
    expect(page.locator(f"#{row_id} td").nth(place)).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(f"#{row_id} td").nth(place)).to_have_text(before)
    # By keys: along the row with the arrows, into the cell with F2, out again with Escape.
    page.locator(f"#{row_id} .name a").focus()
    for _ in range(place - 1):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("F2")
    expect(box.get_by_label("Amount", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(box).to_have_count(0)
    expect(page.locator(f"#{row_id} td").nth(place)).to_be_focused()
    assert page.url == address


@either_way
def test_a_cell_of_a_list_is_edited_by_touch(open_as: Open, *, javascript: bool) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
    page = open_as("ann", javascript=javascript, **phone).go("/leads?owner=me&kind=open&sort=name")
    page.get_by_role("link", name="Edit cells").tap()
    link = page.get_by_role("link", name=re.compile("^Edit Amount of "))
    row = page.locator("tr[id]", has=link).first
    row_id, before, address = row.get_attribute("id"), row.inner_text().rpartition("\n")[0], page.url
    assert measure_overflow(page) <= 0
    smallest = "links => Math.min(...links.filter(it => it.checkVisibility()).map(it => it.offsetHeight))"
    assert page.locator(".cell-edit").evaluate_all(smallest) >= 24
    # axe waits for timers, which need JavaScript.
    assert not (javascript and find_violations(page))
    link.first.tap(position={"x": 5, "y": 5})
    page.locator("form.form").get_by_label("Amount", exact=True).fill("4321")
    page.get_by_role("button", name="Save", exact=True).tap()
    expect(page.locator(".message")).to_contain_text("saved.")
    assert page.url == address
    expect(page.locator(f"#{row_id}")).to_contain_text("4,321")
    page.get_by_role("button", name="Undo").tap()
    expect(page.locator(f"#{row_id}")).not_to_contain_text("4,321")
    # But for when it was updated.
    assert page.locator(f"#{row_id}").inner_text().rpartition("\n")[0] == before
    page.get_by_role("link", name="Stop editing").tap()
    expect(page.locator(".cell-edit")).to_have_count(0)


def test_the_reason_has_the_focus_where_a_lost_lead_lacks_one(open_as: Open) -> None:
    page = open_as("ann").go("/leads?owner=me&kind=open&sort=name")
    status = page.locator("tr[data-row]:not([data-row='']) td:has(.status)").first
    status.hover()
    status.get_by_role("link", name="Edit Status").click()
    box = page.get_by_role("dialog", name="Edit Status")
    box.get_by_label("Status").select_option(label="Lost")
    box.get_by_role("button", name="Save", exact=True).click()
    expect(box.get_by_label("Reason")).to_be_focused()


@either_way
def test_the_reason_has_the_focus_on_the_page_of_a_lead(open_as: Open, *, javascript: bool) -> None:
    page = open_as("ann", javascript=javascript).go("/leads?owner=me&kind=open&sort=name")
    open_own_lead(page)
    page.locator("summary", has_text="Mark as lost").click()
    page.get_by_role("button", name="Mark as lost", exact=True).click()
    expect(page.locator(".error-summary")).to_contain_text("Choose a lost reason")
    expect(page.get_by_label("Reason")).to_be_focused()


def test_a_new_date_and_its_undo_leave_the_page_where_it_is(open_as: Open) -> None:
    page = open_as("ann").go("/today")
    last = page.locator(".tasks > li").last
    last.get_by_text("Date…").click()
    last.get_by_label("New date of").fill("2030-01-31")
    page.keyboard.press("Enter")
    expect(page.locator(".message")).to_contain_text("moved to")
    # The task is gone: the same choice of the one before it has the focus.
    expect(page.locator(".tasks summary").last).to_be_focused()
    place = page.evaluate("scrollY")
    assert place > 0
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".message")).to_contain_text("is back as it was")
    assert abs(page.evaluate("scrollY") - place) < 5


def test_names_of_contacts_have_room(open_as: Open) -> None:
    page = open_as("ann").go("/contacts")
    widths = page.locator("main td.name").evaluate_all("cells => cells.map(cell => cell.clientWidth)")
    assert min(widths) >= 180


def test_colleagues_are_offered_behind_an_at_sign(open_as: Open) -> None:
    page = open_as("ann").go("/leads?owner=me&kind=open&sort=name")
    open_own_lead(page)
    page.get_by_role("link", name="Note", exact=True).click()
    page.get_by_label("Subject").fill("Visit")
    note = page.get_by_role("textbox", name="Details")
    note.press_sequentially("Mail b@x.example, ask @bo")
    offered = page.get_by_role("group", name="Colleagues to mention").get_by_role("button")
    expect(offered).to_have_text(["Bob Lindqvist"])
    assert not find_violations(page)
    note.press("Tab")
    expect(offered).to_be_focused()
    page.keyboard.press("Enter")
    expect(note).to_be_focused()
    expect(note).to_have_value("Mail b@x.example, ask @Bob Lindqvist ")
    expect(offered).to_have_count(0)
    page.keyboard.type("about it")
    page.get_by_role("button", name="Add activity").click()
    expect(page.locator(".timeline .note").first).to_contain_text("@Bob Lindqvist about it")


def test_dragging_moves_a_task_to_another_day(open_as: Open) -> None:
    page = open_as("max").go("/calendar?who=team")
    task = page.locator("[data-day] li:not(.is-done) > a[data-move]").first
    days = page.locator("[data-day]")
    day = (
        days.last
        if task.locator("xpath=ancestor::td").get_attribute("data-day") != days.last.get_attribute("data-day")
        else days.first
    )
    task.drag_to(day, target_position={"x": 40, "y": 8})
    expect(page.locator(".message")).to_contain_text("moved to")
    expect(day.locator("a[data-move]")).not_to_have_count(0)
    assert not find_violations(page)
