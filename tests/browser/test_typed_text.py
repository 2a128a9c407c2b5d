"""Whatever people type stays where it belongs: it widens no page, covers no control and turns no block round."""

from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.browser.filled import fill_records, list_addresses, make_edits, word_of
from tests.browser.site import measure_overflow
from tests.factories import make_sign_in
from tests.page import Browser

HERE = "http://piper.test"
WIDTHS = (1440, 320)
TYPED = quote(word_of(200))
PARTS = 2
STATES = (
    f"/leads?q={TYPED}",
    f"/leads?source={quote(word_of(300))}&columns=email&columns=next_step&columns=address",
    f"/search?q={quote(word_of(200))}",
    "/search?q=ש",
    "/leads?status=lost",
    "/leads/print?columns=description",
    "/reports/funnel?by=source",
    "/reports/activity",
    "/history?record=lead-{lead_id}",
    "/leads/{lead_id}?as_of=2190-01-01",
    "/customers/{customer_id}?as_of=2190-01-01",
    "/leads/{record_id}",
    "/bulk/{edit_id}?show=skipped",
)
# Texts that are not isolated or leave the window where no frame cuts them, and controls that something lies over.
LOOK = """() => {
  const problems = [];
  const report = (what, element) => problems.push(`${what}: ${element.outerHTML.slice(0, 120)}`);
  // What is left of a box inside of all the frames that scroll or cut it.
  const seen = (element, box) => {
    let { left, top, right, bottom } = box;
    for (let frame = element.parentElement; frame && frame !== document.body; frame = frame.parentElement) {
      if (getComputedStyle(frame).overflow === "visible") continue;
      const edge = frame.getBoundingClientRect();
      [left, top] = [Math.max(left, edge.left), Math.max(top, edge.top)];
      [right, bottom] = [Math.min(right, edge.right), Math.min(bottom, edge.bottom)];
    }
    return { left, top, right, bottom };
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const place = texts.currentNode.parentElement;
    if (texts.currentNode.data.includes("ש") && !place.closest("bdi, option, textarea")) report("not in a bdi", place);
  }
  for (const bdi of document.querySelectorAll("bdi")) {
    if (!bdi.checkVisibility()) continue;
    const [own, around] = [getComputedStyle(bdi), getComputedStyle(bdi.parentElement)];
    if (around.direction !== "ltr") report("turned round", bdi.parentElement);
    if (own.textAlign === "right" && !["right", "end"].includes(around.textAlign)) report("flush right", bdi);
    const box = seen(bdi, bdi.getBoundingClientRect());
    if (box.left < -1 || box.right > innerWidth + 1) report("out of the window", bdi);
  }
  for (const control of document.querySelectorAll("main :is(a, button, input, select, textarea, summary)")) {
    if (!control.checkVisibility() || control.closest(".visually-hidden, [aria-disabled]")) continue;
    const edge = control.closest("td")?.getBoundingClientRect().right;
    if (control.getBoundingClientRect().right > edge + 1) report("reaches over the next cell", control);
    scrollBy(0, control.getBoundingClientRect().top - innerHeight / 2);
    const box = seen(control, control.getClientRects()[0]);
    if (box.right - box.left < 3 || box.bottom - box.top < 3) continue;
    const found = document.elementFromPoint((box.left + box.right) / 2, (box.top + box.bottom) / 2);
    if (found && !control.contains(found) && !found.contains(control) && !control.labels?.[0]?.contains(found)) {
      report(`covered by ${found.outerHTML.slice(0, 90)}`, control);
    }
  }
  return problems;
}"""


def serve(page: Page, browser: Browser) -> None:
    """Answer what a page asks for by the application itself, inside of the test's transaction."""

    @cache
    def answer(path: str) -> dict[str, Any]:
        response = browser.client.get(path, buffered=True)
        return {"status": response.status_code, "headers": dict(response.headers), "body": response.get_data()}

    page.route("**/*", lambda route: route.fulfill(**answer(route.request.url.removeprefix(HERE))))


def look_at(page: Page) -> list[str]:
    """What is wrong with a page at each width."""
    problems = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        look = f"{page.url.removeprefix(HERE)[:80]} at {width} px"
        if (overflow := measure_overflow(page)) > 0:
            problems.append(f"{look}: {overflow} px too wide")
        problems += [f"{look}: {problem}" for problem in page.evaluate(LOOK)]
    return problems


@pytest.mark.parametrize("part", range(PARTS))
def test_the_longest_words_stay_in_their_place(
    app: Flask, session: Session, ada: Employee, chromium: Chromium, part: int
) -> None:
    ids = fill_records(session, ada)
    edits = make_edits(app, ada)
    browser = Browser(app, make_sign_in(session, ada))
    addresses = list_addresses(app, ids | {"edit_id": edits[0]}) + [f"/bulk/{edits[1]}"]
    addresses.append(f"/leads/merge?ids={ids['lead_id']},{ids['lead_id'] + 1}")
    addresses += [address.format(**ids, edit_id=edits[0]) for address in STATES]
    page = chromium.new_page(reduced_motion="reduce")
    serve(page, browser)
    problems = []
    for address in addresses[part::PARTS]:
        head = browser.client.head(address, buffered=True)
        if head.status_code == 200 and head.mimetype == "text/html":
            page.goto(HERE + address)
            problems += look_at(page)[:3]
    page.close()
    assert problems == []
