"""The frame of a page is kept for each person, but nothing of another page, request or person stands in it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.core.csrf import unmask
from crm_web.core.static_assets import watch_page_files
from crm_web.models import Employee, Notification, NotificationKind
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def token_of(page: Page) -> str:
    return str(page.one(".person-menu input[name=csrf_token]")["value"])


def test_each_page_has_its_own_token_and_search(browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    pages = [browser.get("search.show_results", q=typed) for typed in ('<b>"one"', "two")]
    assert [page.one("#search")["value"] for page in pages] == ['<b>"one"', "two"]
    assert token_of(pages[0]) != token_of(pages[1])
    assert unmask(token_of(pages[0])) == unmask(token_of(pages[1]))
    assert browser.get("help.list_topics").one("#search")["value"] == ""


def test_the_current_part_is_marked(browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    for endpoint, label in [
        ("leads.list_leads", "Leads"),
        ("trash.show_trash", "Trash"),
        ("leads.show_board", "Leads"),
    ]:
        assert browser.get(endpoint).one(".side-menu a[aria-current]").get_text() == label
    assert not browser.get("help.list_topics").has(".side-menu a[aria-current]")


def test_each_person_sees_their_own_frame(browser_as: BrowserAs, ann: Employee, vera: Employee) -> None:
    seen = {person.name: browser_as(person).get("help.list_topics") for person in (ann, vera)}
    assert [page.one(".person-name bdi").get_text() for page in seen.values()] == list(seen)
    assert [page.has(".quick-bar [data-key=c]") for page in seen.values()] == [True, False]


def test_what_is_unread_is_counted_anew(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser = browser_as(ann)
    assert not browser.get("help.list_topics").has(".quick-count")
    session.add(Notification(employee_id=ann.id, kind=NotificationKind.NEW_BROWSER, entity="sign_in", entity_id=1))
    session.commit()
    assert browser.get("help.list_topics").one(".quick-count").get_text() == "1"


def test_below_another_root_all_urls_are_below_it(app: Flask, browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    for root in ("", "/crm", ""):
        page = browser.client.get("/help", environ_overrides={"SCRIPT_NAME": root}).text
        assert f'action="{root}/sign-out"' in page
        assert f'href="{root}/static/tokens.css?v=' in page


def test_a_changed_style_sheet_has_another_url_at_once(
    app: Flask, browser_as: BrowserAs, ann: Employee, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tmp_path / "static"
    shutil.copytree(str(app.static_folder), files)
    monkeypatch.setattr(app, "_static_folder", str(files))
    monkeypatch.setitem(app.jinja_env.globals, "state_of_assets", None)
    watch_page_files(app)
    found = set()
    for content in ("/* one */", "/* another */"):
        (files / "tokens.css").write_text(content)
        found.add(browser_as(ann).get("help.list_topics").one("link[href*=tokens]")["href"])
    assert len(found) == 2
