"""A browser without a screen: pages as a person sees them, each checked for what every page must have."""

import re
from typing import Any, Self
from urllib.parse import urlencode

from flask import Flask, url_for
from werkzeug.test import TestResponse

from crm_web.core.csrf import NOBODY, make_secret, mask
from crm_web.core.request_log import count_queries
from tests.markup import Tag, parse
from tests.page_rules import check_headers, check_page


class Browser:
    """One person's browser.

    :param app: the application
    :param token: the token of a sign-in; ``None`` for someone who is signed out
    """

    def __init__(self, app: Flask, token: str | None = None) -> None:
        self.app = app
        self.client = app.test_client()
        if token is not None:
            with self.client.session_transaction() as cookie:
                cookie["sign_in"] = token

    def get(self, endpoint: str, **values: Any) -> "Page":
        """Open a page by its endpoint; values that are not part of its path become the query."""
        return self.open(self._url(endpoint, values))

    def count_queries(self, endpoint: str, **values: Any) -> int:
        """Count the statements of a page in a process that knows the employees already, as after its first page."""
        self.get(endpoint, **values)
        with count_queries() as queries:
            self.get(endpoint, **values)
        return queries.count

    def post(self, endpoint: str, data: dict[str, Any] | None = None, **values: Any) -> "Page":
        """Send a form to an endpoint, with a CSRF token; fields that are ``None`` are left out."""
        return self.open(self._url(endpoint, values), method="POST", data=data or {})

    def open(self, url: str, *, method: str = "GET", data: dict[str, Any] | None = None) -> "Page":
        """Open an address; a POST gets a CSRF token unless ``data`` brings one."""
        if data is not None:
            data = {name: value for name, value in data.items() if value is not None}
            data.setdefault("csrf_token", self._csrf_token())
        return Page(self, url, self.client.open(url, method=method, data=data, buffered=True))

    def send(self, url: str, data: dict[str, Any] | None = None) -> TestResponse:
        """Send a form with a CSRF token to an address, and give the answer as it came, unchecked."""
        return self.client.post(url, data={"csrf_token": self._csrf_token()} | (data or {}), buffered=True)

    def _url(self, endpoint: str, values: dict[str, Any]) -> str:
        with self.app.test_request_context():
            return url_for(endpoint, **values)

    def _csrf_token(self) -> str:
        with self.app.app_context(), self.client.session_transaction() as cookie:
            return mask(cookie.setdefault("csrf_token", make_secret(NOBODY)))


class Page:
    """An answer, parsed and checked.

    :param browser: where it was asked for
    :param url: the address that was asked for
    :param response: the answer
    """

    def __init__(self, browser: Browser, url: str, response: TestResponse) -> None:
        self.browser, self.url, self.response = browser, url, response
        self.status = response.status_code
        self.location = response.headers.get("Location")
        check_headers(self)
        self.is_html = response.mimetype == "text/html" and self.location is None
        if self.is_html:
            self.soup, errors = parse(response.text)
            check_page(self.soup, errors, url)
            # Held to the rules, but on the page only once a script puts it there.
            self.soup.remove("template")

    def __repr__(self) -> str:
        says = f"to {self.location}" if self.location else self.response.mimetype
        if self.is_html and self.location is None:
            says = f"{self.errors or ''} {self.text[:600]}"
        return f"<{self.status} {self.url}: {says}>"

    @property
    def body(self) -> str:
        """The answer as it came, such as a CSV file."""
        return self.response.get_data(as_text=True)

    @property
    def h1(self) -> str:
        return self.one("h1").get_text(" ", strip=True)

    @property
    def title(self) -> str:
        return self.one("title").get_text()

    @property
    def text(self) -> str:
        """What was just done and the words of the page's own part, without navigation, blanks folded."""
        own = words(self.soup.select_one("main") or self.one("body"))
        return f"{self.flash} {own}" if self.flash else own

    @property
    def flash(self) -> str:
        """What the page says about what was just done; empty if nothing."""
        return " ".join(words(message) for message in self.soup.select(".messages .message"))

    @property
    def errors(self) -> dict[str, str]:
        """The message beside each wrong field by its name; those of the form as a whole stand under ``""``."""
        found: dict[str, str] = {}
        for control in self.soup.select("[aria-invalid=true], fieldset[aria-describedby]"):
            error = self.soup.select_one(f"[id='{control['id']}-error']")
            if error is not None:
                found[str(control.get("name") or control["id"])] = words(error)
        general = [words(item) for item in self.soup.select(".error-summary li") if not item.has("a")]
        return found | ({"": " ".join(general)} if general else {})

    @property
    def table(self) -> list[dict[str, str]]:
        """The rows of the page's first table, each cell by the head of its column."""
        table = self.one("table")
        heads = [words(head) for head in table.select("thead th")]
        return [
            dict(zip(heads, (words(cell) for cell in row.select("td, th")), strict=False))
            for row in table.select("tbody tr")
        ]

    @property
    def facts(self) -> dict[str, str]:
        """The definition lists of the page: what each term is."""
        return self._facts_at("dl dt")

    @property
    def record_facts(self) -> dict[str, str]:
        """What a record's page says of the record, without the fields in its history."""
        return self._facts_at(".key-facts dt, #facts dt")

    def _facts_at(self, selector: str) -> dict[str, str]:
        return {words(term): words(term.find_next("dd") or term) for term in self.soup.select(selector)}

    def one(self, selector: str) -> Tag:
        """The first element that a CSS selector finds; there must be one."""
        found = self.soup.select_one(selector)
        assert found is not None, f"{selector} is not on {self!r}"
        return found

    def has(self, selector: str) -> bool:
        """Whether a CSS selector finds anything."""
        return self.soup.has(selector)

    def link(self, label: str) -> str:
        """Where the link with these words leads."""
        for link in self.soup.select("a"):
            if label in (words(link), link.get("aria-label")):
                return str(link["href"])
        raise AssertionError(f"There is no link {label!r} on {self!r}")

    def click(self, label: str) -> "Page":
        """Follow the link with these words."""
        return self.browser.open(self.link(label))

    def follow(self) -> "Page":
        """Go where the answer sends the browser."""
        assert self.location is not None, f"{self!r} sends nobody anywhere"
        return self.browser.open(self.location)

    def form(self, action: str | None = None) -> "Form":
        """The POST form of the page's own part whose address contains ``action``, or the first one."""
        for form in (self.soup.select_one("main") or self.soup).select("form"):
            address = str(form.get("action") or self.url)
            if str(form.get("method", "get")).lower() == "post" and (action is None or action in address):
                return Form(self, form, address)
        raise AssertionError(f"There is no POST form {action or ''} on {self!r}")

    def button(self, label: str) -> "Page":
        """Press the button with these words (or this aria-label): send its form."""
        for button in self.soup.select("button"):
            if label in (words(button), button.get("aria-label")):
                form = button.closest("form")
                assert form is not None, f"The button {label!r} belongs to no form"
                name = button.get("name")
                chosen = {str(name): str(button.get("value", ""))} if name else {}
                return Form(self, form, str(form.get("action") or self.url)).submit(**chosen)
        raise AssertionError(f"There is no button {label!r} on {self!r}")


class Form:
    """A form on a page, holding what it would send now."""

    def __init__(self, page: Page, form: Tag, action: str) -> None:
        self.page, self.form, self.action = page, form, action
        self.values = dict(values_of(form))

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def choices(self, name: str) -> dict[str, str]:
        """The label of each value that a select offers."""
        return {str(option["value"]): words(option) for option in self.form.select(f'select[name="{name}"] option')}

    def fill(self, **values: Any) -> Self:
        """Type into fields, all of which must be on the form."""
        for name, value in values.items():
            assert self.form.select_one(f'[name="{name}"]') is not None, f"The form has no field {name!r}"
            self.values[name] = value
        return self

    def submit(self, **values: Any) -> Page:
        """Fill and send."""
        self.values.update(values)
        method = str(self.form.get("method", "get")).upper()
        for area in self.form.select("textarea[name]"):
            # Browsers send every line break of a textarea as CRLF.
            name = str(area["name"])
            self.values[name] = re.sub(r"\r\n|\r|\n", "\r\n", self.values[name] or "")
        if method == "GET":
            sent = {name: value for name, value in self.values.items() if value is not None}
            return self.page.browser.open(f"{self.action.partition('?')[0]}?{urlencode(sent, doseq=True)}")
        return self.page.browser.open(self.action, method="POST", data=self.values)


def values_of(form: Tag) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for control in form.select("input[name], select[name], textarea[name]"):
        name, kind = str(control["name"]), control.get("type")
        if control.has_attr("disabled") or kind in ("submit", "button", "file"):
            continue
        if control.name == "select":
            chosen = control.select("option[selected]") or control.select("option")[:1]
            values = [str(option.get("value", option.get_text())) for option in chosen]
            found.append((name, values if control.has_attr("multiple") else values[0] if values else ""))
        elif control.name == "textarea":
            found.append((name, control.get_text()))
        elif kind not in ("checkbox", "radio") or control.has_attr("checked"):
            found.append((name, str(control.get("value", "on" if kind == "checkbox" else ""))))
    return found


def words(element: Tag) -> str:
    """The text of an element as it is read: blanks folded, nothing of scripts."""
    return re.sub(r"\s+", " ", element.get_text()).strip()
