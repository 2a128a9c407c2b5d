"""The board in a real browser: cards moved by mouse, finger, keys and form, alone and against a colleague."""

from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from crm_web.models import Lead, LeadStatus
from tests.browser.axe import find_violations
from tests.browser.conftest import Open
from tests.browser.site import NARROW, Site, measure_overflow
from tests.factories import make_customer, make_lead

numbers = count(1)
either_way = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])


@pytest.fixture
def lead(site: Site) -> Lead:
    """A lead of Ann's that stands alone on its board."""
    with site.database.session() as session:
        ann = site.database.find(session, "ann")
        return make_lead(session, last_name=f"Boarder{next(numbers)}", owner_id=ann.id, amount=4000)


def board_of(lead: Lead) -> str:
    return f"/leads/board?q={lead.last_name}"


def card(page: Page, lead: Lead) -> Locator:
    return page.locator(f"#card-{lead.id}")


def expect_in(page: Page, lead: Lead, status: str) -> None:
    """The card stands in a column, once, and its sum there."""
    expect(page.locator(f"#column-{status} #card-{lead.id}:not([aria-busy])")).to_have_count(1)
    expect(card(page, lead)).to_have_count(1)
    expect(page.locator(f"#column-{status} .column-worth")).to_have_text("$4,000")


def status_of(site: Site, lead: Lead) -> LeadStatus:
    with site.database.session() as session:
        return session.get_one(Lead, lead.id).status


def drag(page: Page, lead: Lead, status: str) -> None:
    """Drag a card into a column with the mouse."""
    start = card(page, lead).bounding_box()
    goal = page.locator(f"#column-{status}").bounding_box()
    assert start
    assert goal
    page.mouse.move(start["x"] + 30, start["y"] + 10)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + 30, steps=3)
    page.mouse.move(goal["x"] + 100, goal["y"] + 120, steps=5)
    page.mouse.up()


def test_ann_drags_a_card(open_as: Open, site: Site, lead: Lead) -> None:
    page = open_as("ann").go(board_of(lead))
    place = page.locator("#column-new").bounding_box()
    drag(page, lead, "qualified")
    expect(page.locator(".message")).to_contain_text(f"{lead.last_name} moved to Qualified.")
    # The next card is where the hand expects it.
    assert page.locator("#column-new").bounding_box() == place
    expect_in(page, lead, "qualified")
    expect(page.locator("#column-new .count")).to_have_text("0")
    expect(page.locator("#column-new .cards-none")).to_be_visible()
    assert status_of(site, lead) is LeadStatus.QUALIFIED
    assert page.url.endswith(board_of(lead))
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".message")).to_contain_text("moved back to New")
    assert page.url.endswith(board_of(lead))


def test_a_click_on_a_card_still_opens_the_lead(open_as: Open, lead: Lead) -> None:
    page = open_as("ann").go(board_of(lead))
    card(page, lead).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(str(lead.last_name))


def test_a_finger_rests_on_a_card_and_carries_it(open_as: Open, site: Site, lead: Lead) -> None:
    window = open_as("ann", viewport={"width": 900, "height": 900}, has_touch=True)
    page = window.go(board_of(lead))
    start, goal = card(page, lead).bounding_box(), page.locator("#column-contacted").bounding_box()
    assert start
    assert goal
    touch = window.context.new_cdp_session(page)

    def send(kind: str, *points: dict[str, float]) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    send("touchStart", {"x": start["x"] + 30, "y": start["y"] + 20})
    expect(page.locator(".card-ghost")).to_have_count(1)
    for part in (0.3, 0.6, 1):
        x = start["x"] + 30 + (goal["x"] + 60 - start["x"]) * part
        send("touchMove", {"x": x, "y": start["y"] + 60})
    send("touchEnd")
    expect_in(page, lead, "contacted")
    assert status_of(site, lead) is LeadStatus.CONTACTED


def test_ann_carries_a_card_by_keys(open_as: Open, site: Site, lead: Lead) -> None:
    page = open_as("ann").go(board_of(lead))
    says = page.locator("[data-board-says]")
    card(page, lead).get_by_role("link").focus()
    page.keyboard.press("Space")
    expect(says).to_have_text(f"{lead.last_name} picked up in New.")
    page.keyboard.press("ArrowRight")
    expect(says).to_have_text("Contacted, 0")
    page.keyboard.press("Escape")
    expect(says).to_have_text(f"{lead.last_name} stays in New.")
    for key in ("Space", "ArrowRight", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect_in(page, lead, "qualified")
    expect(says).to_have_text(f"{lead.last_name} moved to Qualified.")
    expect(card(page, lead).get_by_role("link")).to_be_focused()
    assert status_of(site, lead) is LeadStatus.QUALIFIED


@either_way
def test_the_form_on_the_card_moves_it_and_keeps_the_filters(
    open_as: Open, site: Site, lead: Lead, javascript: bool
) -> None:
    page = open_as("ann", javascript=javascript).go(board_of(lead))
    card(page, lead).locator("summary").click()
    if not javascript:
        card(page, lead).get_by_role("link", name="Move…").click()
    card(page, lead).get_by_label("Move to").select_option("Proposal")
    card(page, lead).get_by_role("button", name="Move").click()
    expect(page.locator(".message")).to_contain_text("moved to Proposal.")
    expect_in(page, lead, "proposal")
    assert page.url.endswith(board_of(lead))
    assert status_of(site, lead) is LeadStatus.PROPOSAL


def test_lost_asks_why_and_a_second_thought_puts_it_back(open_as: Open, site: Site, lead: Lead) -> None:
    page = open_as("ann").go(board_of(lead) + "&status=new&status=lost")
    drag(page, lead, "lost")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Mark {lead.last_name} as lost")
    assert find_violations(page) == []
    dialog.get_by_role("button", name="Cancel").click()
    expect_in(page, lead, "new")
    drag(page, lead, "lost")
    dialog.get_by_label("Reason").select_option(label="Other")
    dialog.get_by_role("button", name="Mark as lost").click()
    expect(dialog).to_be_visible()
    dialog.get_by_label("Note").fill("Moved away")
    dialog.get_by_role("button", name="Mark as lost").click()
    expect_in(page, lead, "lost")
    assert status_of(site, lead) is LeadStatus.LOST


def test_won_by_a_card_and_taken_back(open_as: Open, site: Site, lead: Lead) -> None:
    page = open_as("ann").go(board_of(lead) + "&status=new&status=won")
    drag(page, lead, "won")
    expect(page.locator(".message")).to_contain_text("created.")
    expect_in(page, lead, "won")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".message")).to_contain_text("Win undone")
    assert page.url.endswith(board_of(lead) + "&status=new&status=won")
    expect_in(page, lead, "new")
    assert status_of(site, lead) is LeadStatus.NEW


def test_won_asks_for_which_customer_and_comes_back(open_as: Open, site: Site) -> None:
    name = f"Again{next(numbers)}"
    with site.database.session() as session:
        ann = site.database.find(session, "ann")
        known: dict[str, Any] = {"email": f"post@{name.lower()}.example", "owner_id": ann.id}
        make_customer(session, name=name, **known)
        lead = make_lead(session, company=name, amount=4000, **known)
    page = open_as("ann").go(f"/leads/board?q={name}&status=new&status=won")
    drag(page, lead, "won")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Win {name}")
    page.get_by_role("button", name="Link to").first.click()
    expect(page.locator(".message")).to_contain_text("Linked to customer")
    expect_in(page, lead, "won")
    assert status_of(site, lead) is LeadStatus.WON


def test_two_browsers_move_one_card(open_as: Open, site: Site, lead: Lead) -> None:
    ann, max = open_as("ann").go(board_of(lead)), open_as("max").go(board_of(lead))
    drag(max, lead, "proposal")
    expect_in(max, lead, "proposal")
    drag(ann, lead, "contacted")
    expect(ann.locator(".message")).to_contain_text("moved this lead to Proposal after you opened this page.")
    expect_in(ann, lead, "proposal")
    assert status_of(site, lead) is LeadStatus.PROPOSAL
    drag(ann, lead, "qualified")
    expect_in(ann, lead, "qualified")


def test_without_a_connection_the_card_goes_back(open_as: Open, site: Site, lead: Lead) -> None:
    window = open_as("ann")
    page = window.go(board_of(lead))
    page.route("**/status", lambda route: route.abort())
    drag(page, lead, "contacted")
    expect(page.locator(".message")).to_contain_text("The server can’t be reached")
    expect_in(page, lead, "new")
    assert status_of(site, lead) is LeadStatus.NEW
    page.unroute("**/status")
    drag(page, lead, "contacted")
    expect_in(page, lead, "contacted")
    # The browser itself complains of the request that failed.
    window.complaints.clear()


def test_dropped_again_while_it_is_on_its_way_it_moves_once(open_as: Open, site: Site, lead: Lead) -> None:
    page = open_as("ann").go(board_of(lead))
    held: list[Route] = []
    page.route("**/status", lambda route: held.append(route))
    drag(page, lead, "contacted")
    expect(card(page, lead)).to_have_attribute("aria-busy", "true")
    drag(page, lead, "qualified")
    (route,) = held
    route.continue_()
    expect_in(page, lead, "contacted")
    assert status_of(site, lead) is LeadStatus.CONTACTED


def test_a_long_column_goes_on_in_place(open_as: Open, site: Site) -> None:
    name = f"Longcolumn{next(numbers)}"
    with site.database.session() as session:
        ann = site.database.find(session, "ann")
        session.add_all(Lead(last_name=f"{name} {n}", owner_id=ann.id) for n in range(60))
        session.commit()
    page = open_as("ann").go(f"/leads/board?q={name}")
    cards = page.locator("#column-new .card-lead")
    expect(cards).to_have_count(50)
    page.get_by_role("link", name="Show more").click()
    expect(cards).to_have_count(60)
    expect(page.get_by_role("link", name="Show more")).to_have_count(0)
    last = cards.nth(59).get_by_role("link")
    last.focus()
    for key in ("Space", "ArrowRight", "Space"):
        page.keyboard.press(key)
    expect(cards).to_have_count(59)
    expect(page.locator("#column-contacted .card-lead")).to_have_count(1)


@pytest.mark.parametrize("size", [{"width": 320, "height": 640}, NARROW], ids=["320", "390"])
def test_on_a_phone_only_the_board_scrolls_sideways(open_as: Open, size: dict[str, Any]) -> None:
    page = open_as("vera", viewport=size).go("/leads/board")
    assert measure_overflow(page) <= 0
    assert page.evaluate("document.querySelector('.board').scrollWidth > innerWidth * 3")
    assert find_violations(page) == []
