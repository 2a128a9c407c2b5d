"""Single keys in lists: what they do, when they do nothing, and how they are switched off."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Open


def test_a_list_is_walked_ticked_and_opened(open_as: Open) -> None:
    page = open_as("max").go("/leads?sort=name")
    names = page.locator("tr[data-row] .name a").all_inner_texts()
    for key in "jjk":
        page.keyboard.press(key)
    expect(page.locator("tr[data-row][aria-current] .name a")).to_have_text(names[0])
    expect(page.locator(":focus")).to_have_text(names[0])
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("tr[data-row][aria-current] input[type=checkbox]")).to_be_checked()
    page.keyboard.press("o")
    expect(page.get_by_role("heading", level=1)).to_contain_text(names[1])
    page.wait_for_load_state()
    page.keyboard.press("e")
    page.wait_for_url(re.compile(r"/edit(\?|$)"))


def test_a_row_of_a_filtered_list_is_edited_with_the_way_back(open_as: Open) -> None:
    page = open_as("max").go("/leads?sort=name&status=qualified")
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.wait_for_url(re.compile(r"/leads/\d+/edit\?back=/leads%3F"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Edit")


def test_a_row_of_contacts_is_edited_and_not_its_customer(open_as: Open) -> None:
    page = open_as("max").go("/contacts?sort=name")
    name = page.locator("tr[data-row] .name a").first.inner_text()
    page.keyboard.press("j")
    page.keyboard.press("e")
    page.wait_for_url(re.compile(r"/contacts/\d+/edit$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def test_typing_is_typing(open_as: Open) -> None:
    page = open_as("ann").go("/leads")
    page.keyboard.press("/")
    page.keyboard.type("njx?")
    expect(page.locator("[data-search]")).to_have_value("njx?")
    expect(page.locator("#keys")).not_to_be_visible()
    assert page.locator("tr[aria-current]").count() == 0


def test_the_keys_are_listed_for_everybody(open_as: Open) -> None:
    page = open_as("vera").go("/leads")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).not_to_be_visible()
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def test_they_can_be_switched_off(open_as: Open) -> None:
    page = open_as("bob").go("/account")
    page.get_by_label("Off", exact=True).check()
    page.get_by_role("button", name="Save preferences").click()
    page.goto(page.url.replace("/account", "/leads"))
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(page.locator("#keys")).not_to_be_visible()
    assert page.locator("tr[aria-current]").count() == 0
    page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(page.get_by_text("Shortcuts are off.")).to_be_visible()
