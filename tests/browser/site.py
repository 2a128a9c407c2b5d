"""A running site with the demo company, and a real browser to look at it."""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from crm_web.core.extensions import db
from crm_web.demo.operations import load_demo
from tests.databases import OwnDatabase, copy_template
from tests.factories import make_sign_in
from tests.operation.launch import Launched, find_free_port, temporary_folder
from tests.page import Browser

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}
# On a machine that is busy with other tests a page may take long to draw itself; in milliseconds.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
# The first one draws no window, so that it takes a fifth less of the processor.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# An answer of 4xx is logged by Chromium as if it were an error of the page; that a form was wrong is no error.
EXPECTED_MESSAGE = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")


class Site:
    """The application, served on a port of its own.

    :param database: what it runs on
    :param url: where it is
    """

    def __init__(self, database: OwnDatabase, url: str) -> None:
        self.database = database
        self.url = url

    def cookie_of(self, first_name: str) -> dict[str, Any]:
        """The cookie of a browser in which one of the demo's people is signed in."""
        with self.database.session() as session:
            token = make_sign_in(session, self.database.find(session, first_name))
        name = self.database.app.config["SESSION_COOKIE_NAME"]
        cookie = Browser(self.database.app, token=token).client.get_cookie(name)
        assert cookie is not None
        return {"name": name, "value": cookie.value, "url": self.url}


@contextmanager
def serve_demo() -> Iterator[Site]:
    """Serve the demo company from a database of its own, by the web server that the product runs on."""
    database = OwnDatabase(copy_template(secrets.token_hex(4), of="empty"))
    with database.app.app_context():
        load_demo(progress=lambda line: None)
        db.session.commit()
    port = find_free_port()
    # Passkeys need a host name.
    settings = {"SITE_URL": f"http://localhost:{port}", "SECRET_KEY": database.app.config["SECRET_KEY"]}
    with temporary_folder() as folder:
        server = Launched(folder / "site", port, DATABASE_URL=database.url, **settings)
        try:
            server.wait_until_ready()
            yield Site(database, f"http://127.0.0.1:{server.port}")
        finally:
            server.stop()
            database.drop()


@contextmanager
def launch_chromium() -> Iterator[Chromium]:
    """Start the Chromium of this machine; ``CHROMIUM`` may say where it is."""
    program = next(filter(None, map(shutil.which, (os.environ.get("CHROMIUM", ""), *NAMES))), None)
    assert program, "No Chromium found: install it, or say where it is: CHROMIUM=/path/to/chromium."
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield chromium
        finally:
            chromium.close()


class Visitor:
    """One person's window; what the page complains of in its console is kept.

    :param site: where they are
    :param context: their browser profile
    """

    def __init__(self, site: Site, context: BrowserContext) -> None:
        self.site = site
        self.context = context
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(f"{self.page.url}: {error}"))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not EXPECTED_MESSAGE.match(message.text):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def go(self, path: str) -> Page:
        """Open an address of the site."""
        self.page.goto(self.site.url + path)
        return self.page

    def sign_in(self, first_name: str) -> Page:
        """Sign in by the form, as one of the demo's people."""
        page = self.go("/sign-in")
        page.get_by_label("Email").fill(f"{first_name}@piper.example")
        page.get_by_label("Password", exact=True).fill("piper-demo")
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return page


def measure_overflow(page: Page) -> int:
    """By how many pixels a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
