"""Compression of answers: who gets what, what is never compressed, and files compressed while they are sent."""

import gzip
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, Response, stream_with_context
from sqlalchemy.orm import Session
from zstandard import ZstdDecompressor

from crm_web.core.compression import choose_encoding, compress
from crm_web.models import Employee
from tests.factories import make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
BROWSERS = "gzip, deflate, br, zstd"


def unpack(encoding: str | None, body: bytes) -> bytes:
    """What a client reads."""
    if encoding == "gzip":
        return gzip.decompress(body)
    return ZstdDecompressor().stream_reader(io.BytesIO(body)).read() if encoding == "zstd" else body


def ask(browser: Browser, path: str, accept: str | None = BROWSERS, method: str = "GET", **headers: str) -> Any:
    """Ask for an address with an Accept-Encoding."""
    sent = headers | ({} if accept is None else {"Accept-Encoding": accept})
    return browser.client.open(path, method=method, headers=sent, buffered=True)


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        (None, None),
        ("", None),
        (BROWSERS, "zstd"),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("gzip;q=0, zstd;q=0.1", "zstd"),
        ("gzip;q=0, zstd;q=0", None),
        ("br, deflate", None),
        ("*", "zstd"),
        ("*;q=0", None),
        ("gzip, *;q=0", "gzip"),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0, gzip", "gzip"),
        ("gzip;q=nonsense", None),
        ("\x00;;q=,,", None),
    ],
)
def test_the_client_chooses(app: Flask, accept: str | None, encoding: str | None) -> None:
    with app.test_request_context(headers={} if accept is None else {"Accept-Encoding": accept}):
        assert choose_encoding() == encoding


@pytest.mark.parametrize("encoding", ["zstd", "gzip"])
def test_pages_lists_and_files_are_the_same_compressed(
    browser_as: BrowserAs, session: Session, ann: Employee, encoding: str
) -> None:
    for _ in range(3):
        make_lead(session, company="Zoë & Søn", description="x" * 200)
    browser = browser_as(ann)
    csv, lines = "/leads.csv", "/api/v1/leads/export"
    for path in ("/leads", "/leads/board", "/openapi.json", "/api/v1/leads", csv, lines):
        plain, packed = ask(browser, path, "identity"), ask(browser, path, encoding)
        assert packed.headers["Content-Encoding"] == encoding, path
        assert "Content-Encoding" not in plain.headers
        for answer in (plain, packed):
            assert "Accept-Encoding" in answer.headers["Vary"], path
        body = unpack(encoding, packed.data)
        assert len(packed.data) < len(body) / 2 or path in (csv, lines)
        if path.startswith(("/api", "/openapi", csv)):
            assert body == plain.data, path
        else:
            assert body.endswith(b"</html>\n") or b"</html>" in body
        assert packed.headers.get("Content-Length") in (None, str(len(packed.data)))


def test_head_tells_what_get_would(browser_as: BrowserAs, ann: Employee) -> None:
    head = ask(browser_as(ann), "/openapi.json", method="HEAD")
    got = ask(browser_as(ann), "/openapi.json")
    assert head.data == b""
    for name in ("Content-Encoding", "Content-Length", "Vary"):
        assert head.headers[name] == got.headers[name]
    assert ask(browser_as(ann), "/leads.csv", method="HEAD").data == b""


def test_what_is_small_or_a_redirect_stays_as_it_is(visitor: Browser) -> None:
    for path in ("/healthz", "/leads", "/api/v1/leads"):
        assert "Content-Encoding" not in ask(visitor, path).headers, path


def test_a_version_stays_a_strong_etag_that_if_match_brings_back(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    lead = make_lead(session, description="x" * 5000)
    path = f"/api/v1/leads/{lead.id}"
    answer = ask(browser_as(ann), path)
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["ETag"] == '"1"'
    again = ask(browser_as(ann), path, **{"If-None-Match": '"1"'})
    assert (again.status_code, again.data) == (304, b"")
    assert "Content-Encoding" not in again.headers


def test_files_of_ours_and_ranges_are_left_to_whoever_sends_them(visitor: Browser, app: Flask) -> None:
    assert ask(visitor, "/static/app.js").headers["Content-Encoding"] == "gzip"
    with app.test_request_context(headers={"Accept-Encoding": BROWSERS}):
        for made in (
            Response("x" * 5000, 206, mimetype="text/plain"),
            Response("x" * 5000, mimetype="image/png"),
            Response("x" * 5000, mimetype="text/html", headers={"Content-Encoding": "br"}),
            Response("x" * 5000, mimetype="text/html", headers={"Cache-Control": "private, no-transform"}),
        ):
            before = dict(made.headers)
            assert dict(compress(made).headers) == before


def test_a_page_with_a_secret_is_not_compressed(browser_as: BrowserAs, ada: Employee) -> None:
    browser = browser_as(ada)
    created = {
        "/account/tokens": {"name": "Report", "scope": "read", "days": "30"},
        "/webhooks/new": {"name": "Hook", "url": "https://example.com/hook", "events": "lead.created"},
    }
    for path, fields in created.items():
        data = fields | {"csrf_token": browser._csrf_token()}
        answer = browser.client.post(path, data=data, headers={"Accept-Encoding": BROWSERS})
        assert answer.status_code == 200, answer.text
        assert "Content-Encoding" not in answer.headers, path
        assert answer.headers["Cache-Control"] == "no-store, no-transform"
    api = {"url": "https://example.com/hook", "events": ["lead.created"]}
    headers = {"Accept-Encoding": BROWSERS, "X-CSRFToken": browser._csrf_token()}
    answer = browser.client.post("/api/v1/webhooks", json=api, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["Cache-Control"] == "no-store, no-transform"


def test_a_stream_stays_a_stream_and_is_closed(app: Flask) -> None:
    made: list[int] = []
    closed: list[bool] = []

    def pieces() -> Iterator[str]:
        try:
            for number in range(1000):
                made.append(number)
                yield f"{number:>60000}"
        finally:
            closed.append(True)

    for encoding in ("zstd", "gzip"):
        made.clear()
        closed.clear()
        with app.test_request_context(headers={"Accept-Encoding": encoding}):
            answer = compress(Response(stream_with_context(pieces()), mimetype="text/csv"))
            assert answer.is_streamed
            first = next(iter(answer.response))
            assert first, "what there is goes out at once"
            assert len(made) == 1
            answer.close()
            assert closed == [True]
