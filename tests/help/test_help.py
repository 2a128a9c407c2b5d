"""The help pages: every topic is linked, every role may read it, and every link in it works."""

import re
from collections.abc import Callable

from crm_web.help.views import TOPICS
from crm_web.models import Employee
from tests.architecture import list_templates
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]
LINKED_TOPIC = re.compile(r'help="(\w+)"')


def links_in(page: Page) -> list[str]:
    return [str(link["href"]) for link in page.soup.select("main a[href]")]


def test_every_role_finds_and_reads_every_topic(
    browser_as: BrowserAs, ada: Employee, max: Employee, ann: Employee, vera: Employee
) -> None:
    for person in (vera, ann, max, ada):
        browser = browser_as(person)
        index = browser.get("dashboard.show_dashboard").click("Help")
        assert links_in(index) == [f"/help/{topic}" for topic in TOPICS]
        pages = [browser.open(address) for address in links_in(index)]
        titles = [page.h1 for page in pages]
        assert titles == [link.get_text() for link in index.soup.select("main a")]
        assert min(len(page.soup.select(".guide h2")) for page in pages) >= 1
        targets = {address for page in pages for address in links_in(page)}
        assert {address: status for address in targets if (status := browser.open(address).status) != 200} == {}


def test_a_feature_links_to_its_topic(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).get("leads.list_leads").one("a.page-help")["href"] == "/help/leads"
    linked = {topic for path in list_templates() for topic in LINKED_TOPIC.findall(path.read_text())}
    # The dialog of the shortcuts leads to the index.
    assert linked == set(TOPICS) - {"shortcuts"}


def test_any_other_topic_is_not_there(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).open("/help/nothing").status == 404
