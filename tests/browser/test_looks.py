"""How pages look where no text says it: what floats, what is cut off, what seems to be pressable."""

from typing import Any

from playwright.sync_api import expect

from crm_web.models import Lead, LeadStatus
from tests.browser.conftest import Open
from tests.browser.site import NARROW, Site, measure_overflow
from tests.factories import make_activity, make_contact, make_customer, make_lead

PRINTED_LISTS = ("/leads?status=negotiation", "/customers", "/activities", "/employees", "/history", "/views")
# A4 without its margins.
PAPER = {"width": 672, "height": 970}
CUT = """() => [...document.querySelectorAll(".list :is(th, td)")]
  .filter((cell) => cell.checkVisibility() && cell.scrollWidth > cell.clientWidth + 1)
  .map((cell) => cell.textContent.trim())"""

ZOOMED = """() => [...document.querySelectorAll(".list td:not(.number), .card-name, .card-company")]
  .filter((box) => box.checkVisibility() && box.scrollWidth > box.clientWidth + 8)
  .map((box) => box.textContent.trim())"""
# Texts in which a word stands on two lines.
BROKEN = """(word) => {
  const found = [];
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { currentNode: text } = texts;
    const start = text.data.indexOf(word);
    if (start < 0 || !text.parentElement.checkVisibility() || text.parentElement.closest("option, select")) continue;
    const range = document.createRange();
    range.setStart(text, start);
    range.setEnd(text, start + word.length);
    if (range.getClientRects().length > 1) found.push(text.parentElement.outerHTML.slice(0, 120));
  }
  return found;
}"""


def make_own_lead(site: Site, **fields: Any) -> Lead:
    with site.database.session() as session:
        return make_lead(session, owner_id=site.database.find(session, "ann").id, **fields)


def test_a_secret_is_copied_by_keyboard(open_as: Open) -> None:
    window = open_as("ann", permissions=["clipboard-read", "clipboard-write"])
    page = window.go("/account/tokens")
    page.get_by_label("Name").fill("Warehouse")
    page.locator("#new-token button[type=submit]").click()
    page.get_by_role("button", name="Copy secret").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".copy [role=status]")).to_have_text("Copied")
    secret = page.get_by_label("Secret").input_value()
    assert secret.startswith("piper_")
    assert page.evaluate("navigator.clipboard.readText()") == secret


def test_a_first_password_is_copied_without_a_clipboard(open_as: Open) -> None:
    """Pages that come over plain HTTP get none from the browser."""
    page = open_as("ada", permissions=["clipboard-read", "clipboard-write"]).go("/employees/new")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    page.get_by_role("button", name="Copy password").click()
    expect(page.locator(".copy [role=status]")).to_have_text("Nothing to copy yet")
    page.get_by_label("Password").fill("three words here")
    page.get_by_role("button", name="Copy password").click()
    expect(page.locator(".copy [role=status]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "three words here"


def test_without_javascript_a_secret_is_selected_by_hand(open_as: Open) -> None:
    page = open_as("ann", javascript=False).go("/account/tokens")
    page.get_by_label("Name").fill("Warehouse")
    page.locator("#new-token button[type=submit]").click()
    expect(page.get_by_label("Secret")).to_be_editable(editable=False)
    expect(page.locator("[data-copy]")).to_be_hidden()


def test_the_button_of_the_columns_is_in_sight(open_as: Open) -> None:
    page = open_as("ann").go("/leads")
    page.locator("summary", has_text="Columns").click()
    panel = page.locator(".filter-box:has(> .menu-actions)").bounding_box()
    button = page.get_by_role("button", name="Apply columns").bounding_box()
    assert panel
    assert button
    assert panel["y"] <= button["y"]
    assert button["y"] + button["height"] <= panel["y"] + panel["height"]


def test_a_message_moves_nothing(open_as: Open, site: Site) -> None:
    lead = make_own_lead(site)
    page = open_as("ann").go(f"/leads/{lead.id}")
    place = page.locator("h1").bounding_box()
    page.get_by_role("button", name="Contacted").click()
    expect(page.locator(".message")).to_be_in_viewport()
    assert page.locator("h1").bounding_box() == place
    page.get_by_role("button", name="Dismiss this message").click()
    expect(page.locator(".messages")).to_have_count(0)
    assert page.locator("h1").bounding_box() == place


def test_without_javascript_a_message_covers_nothing(open_as: Open, site: Site) -> None:
    lead = make_own_lead(site)
    page = open_as("ann", javascript=False).go(f"/leads/{lead.id}")
    page.get_by_role("button", name="Contacted").click()
    message, heading = page.locator(".messages").bounding_box(), page.locator("h1").bounding_box()
    assert message
    assert heading
    assert message["y"] + message["height"] <= heading["y"]


def test_steps_that_cannot_be_pressed_do_not_look_so(open_as: Open, site: Site) -> None:
    lead = make_own_lead(site, status=LeadStatus.QUALIFIED)
    page = open_as("vera").go(f"/leads/{lead.id}")
    styles = page.evaluate(
        """[...document.querySelectorAll(".steps-row, .step, .step > *")].map((element) => {
          const style = getComputedStyle(element);
          return `${style.borderStyle} ${style.borderWidth} ${style.backgroundColor} ${style.cursor}`;
        })"""
    )
    assert [
        style for style in styles if "solid" in style or "rgba(0, 0, 0, 0)" not in style or "pointer" in style
    ] == []
    expect(page.locator("[aria-current=step]")).to_have_text("Qualified")


def test_nothing_is_cut_off_on_paper(open_as: Open, site: Site) -> None:
    make_own_lead(site, status=LeadStatus.NEGOTIATION, amount=999_999_999)
    window = open_as("ada", viewport=PAPER)
    window.page.emulate_media(media="print")
    make_own_lead(site, status=LeadStatus.NEGOTIATION)
    cut = {address: window.go(address).evaluate(CUT) for address in PRINTED_LISTS}
    assert {address: texts for address, texts in cut.items() if texts} == {}
    # Without its button, a task still has the width of its column.
    page = open_as("max", viewport=PAPER).go("/calendar?who=team&view=agenda")
    page.emulate_media(media="print")
    widths = page.evaluate("[...document.querySelectorAll('.timeline-entry')].map(it => it.clientWidth)")
    assert widths and min(widths) > 300


def test_an_activity_on_paper_offers_nothing_to_do(open_as: Open, site: Site) -> None:
    lead = make_own_lead(site)
    with site.database.session() as session:
        make_activity(session, lead_id=lead.id, by=site.database.find(session, "ada"))
    page = open_as("ada").go(f"/leads/{lead.id}")
    offered = page.locator(".timeline").get_by_text("Add files")
    expect(offered).to_be_visible()
    page.emulate_media(media="print")
    expect(offered).to_be_hidden()


def test_nothing_is_cut_off_at_twice_the_size(open_as: Open, site: Site) -> None:
    """A window of 1440 px at 200 % zoom has 720."""
    make_own_lead(
        site, last_name="Rechtsschutzversicherungsgesellschaften", company="Donaudampfschifffahrtsgesellschaft"
    )
    window = open_as("ann", viewport={"width": 720, "height": 450}, device_scale_factor=2)
    cut = {address: window.go(address).evaluate(ZOOMED) for address in ("/", "/leads", "/leads/board", "/activities")}
    assert {address: texts for address, texts in cut.items() if texts} == {}
    # The name has the most room, and the heads of a report keep their words whole.
    assert window.go("/leads").evaluate("document.querySelector('.list td.name').clientWidth") > 180
    page = window.go("/reports/conversion")
    assert page.evaluate(BROKEN, "Leads") == []
    assert measure_overflow(page) == 0


def test_no_word_is_cut_on_paper(open_as: Open, site: Site) -> None:
    """Long words move to a line of their own; no page is printed for the last line alone."""
    word = "Rechtsschutzversicherungsgesellschaften"
    with site.database.session() as session:
        ada = site.database.find(session, "ada")
        customer = make_customer(session, by=ada, name=f"{word} mbH", industry=word, email=f"{word}@piper.example")
        make_contact(session, customer, by=ada, last_name=word, job_title=word)
        make_lead(session, by=ada, last_name=word, company=f"{word} AG", status=LeadStatus.WON, customer_id=customer.id)
    window = open_as("ada", viewport=PAPER)
    window.page.emulate_media(media="print")
    places = (f"/customers/{customer.id}/print", f"/customers/{customer.id}")
    assert {place: window.go(place).evaluate(BROKEN, word) for place in places} == {place: [] for place in places}
    assert window.go("/employees").pdf(prefer_css_page_size=True).count(b"/Type /Page\n") == 1


def test_filters_on_paper_read_as_a_sentence(open_as: Open) -> None:
    page = open_as("ann").go("/leads?status=new&owner=me")
    page.emulate_media(media="print")
    chips = page.locator(".chips > li:has(> .chip)")
    assert chips.evaluate_all("items => items.map((item) => getComputedStyle(item, '::after').content)") == [
        '";"',
        "none",
    ]
    assert page.locator(".chip").first.evaluate("chip => getComputedStyle(chip).display") == "inline"


def test_on_a_phone_nothing_moves_as_a_list_arrives(open_as: Open) -> None:
    """What stands above the filters must not wait for them to be folded away."""
    window = open_as("ann", viewport=NARROW)
    for path in ("/leads", "/leads/board", "/customers", "/activities", "/history", "/reports/funnel"):
        begin = window.go(path).content().partition('<form class="filters"')[0]
        window.page.set_content(begin)
        assert window.page.locator("main > .page-header").is_visible()
        hidden = window.page.locator("main > .list-tabs, main > .page-header > .page-actions")
        assert not any(part.is_visible() for part in hidden.all()), path
