"""A browser without a screen: one connection that stays open, cookies, and forms as pages give them."""

import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Self
from urllib.parse import urlencode

import turbohtml
from turbohtml import Element

Fields = dict[str, str]


@dataclass(frozen=True)
class Request:
    """What is sent.

    :param path: the address, with its query
    :param fields: what a form sends; ``None`` to only look
    """

    path: str
    fields: Fields | None = None


@dataclass(frozen=True)
class Answer:
    """What came back.

    :param status: the HTTP status
    :param milliseconds: from the first byte sent to the last received
    :param size: the bytes of the body
    :param request_id: by which the log knows it
    :param location: where it sends the browser
    """

    status: int
    milliseconds: float
    size: int
    request_id: str
    location: str
    body: bytes = field(repr=False, default=b"")


class Browser:
    """A browser in which one person works.

    :param port: of the web server on this machine
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookies: dict[str, str] = {}
        self._line = HTTPConnection("127.0.0.1", port, timeout=120)

    @property
    def cookie(self) -> str:
        """What the header Cookie says."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    def open_window(self) -> Self:
        """Another window of the same person, with a connection of its own."""
        window = type(self)(self._port)
        window._cookies = self._cookies
        return window

    def send(self, request: Request) -> Answer:
        """Send a request and read the answer to its end; redirects are told, not followed."""
        try:
            return self._send(request)
        except (HTTPException, ConnectionError):
            # The server closed a line on which nothing was said for a while.
            self._line.close()
            return self._send(request)

    def _send(self, request: Request) -> Answer:
        headers = {"Cookie": self.cookie}
        body = None
        if request.fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urlencode(request.fields)
        started = time.perf_counter()
        self._line.request("GET" if body is None else "POST", request.path, body, headers)
        answer = self._line.getresponse()
        content = answer.read()
        milliseconds = (time.perf_counter() - started) * 1000
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                cookie, _, text = value.partition(";")[0].partition("=")
                self._cookies[cookie] = text
        return Answer(
            answer.status,
            milliseconds,
            len(content),
            answer.headers.get("X-Request-ID", ""),
            answer.headers.get("Location", ""),
            content,
        )

    def open_form(self, path: str, action: str | None = None) -> Fields:
        """Open a page and give what one of its forms would send.

        :param path: the page
        :param action: how the form's address ends; ``None`` for that of the page
        """
        return read_form(self.send(Request(path)).body, path, action)

    def sign_in(self, address: str, password: str) -> None:
        """Sign in as a person."""
        answer = self.send(
            Request("/sign-in", self.open_form("/sign-in", "/sign-in") | {"email": address, "password": password})
        )
        if answer.status != 303:
            raise LookupError(f"{address} could not sign in: {answer.status}")

    def stream(self, path: str) -> HTTPConnection:
        """Ask for something long on a line of its own."""
        line = HTTPConnection("127.0.0.1", self._port, timeout=600)
        line.request("GET", path, headers={"Cookie": self.cookie})
        return line


def read_form(body: bytes, path: str, action: str | None = None) -> Fields:
    """Give what a form of a page would send.

    :param body: the page
    :param path: its address
    :param action: how the form's address ends; ``None`` for that of the page
    :raise LookupError: if there is no such form
    """
    forms = turbohtml.parse(body, positions=False).select("form[method=post]")
    wanted = [form for form in forms if action and _place_of(form, path).endswith(action)]
    wanted = wanted or [form for form in forms if not action and form.select("input[type=text], textarea")]
    if not wanted:
        raise LookupError(f"{path} has no form {action or ''}")
    return _values_of(wanted[0])


def _place_of(form: Element, path: str) -> str:
    """Where a form is sent, without the query of the address."""
    return (form.attr("action") or path).partition("?")[0]


def _values_of(form: Element) -> Fields:
    values: Fields = {}
    for element in form.select("input[name], textarea[name], select[name]"):
        name, kind = element.attr("name") or "", element.attr("type")
        if element.tag == "select":
            chosen = element.select_one("option[selected]") or element.select_one("option")
            values[name] = (chosen.attr("value") or "") if chosen else ""
        elif element.tag == "textarea":
            values[name] = element.text
        elif kind not in ("checkbox", "radio", "submit") or "checked" in element.attrs:
            values[name] = element.attr("value") or ""
    return values
