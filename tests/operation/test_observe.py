"""The log, the request id, the trusted proxies and the counting of queries."""

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import psycopg2
import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from crm_web import create_app
from crm_web.core.config import load_settings
from crm_web.core.database import DatabaseTimeout, explain_cause
from crm_web.core.extensions import db
from crm_web.core.request_log import JsonLines, count_queries, log_event
from crm_web.models import Employee
from tests.factories import make_token
from tests.page import Browser

FORWARDED = {
    "X-Forwarded-For": "203.0.113.9, 10.0.0.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "crm.example.com",
    "X-Request-ID": "from-the-proxy-1",
}


@pytest.fixture(scope="module")
def proxied() -> Flask:
    """An application behind the proxies of two networks; it shows what it believes."""
    given = {"DATABASE_URL": "postgresql://db/x", "SECRET_KEY": "x" * 32}
    app = create_app(load_settings(given | {"TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::/64"}))
    app.testing = True

    def show() -> dict[str, Any]:
        from flask import g, request

        return {"address": request.remote_addr, "url": request.url, "id": g.request_id}

    show.access = "public"  # type: ignore[attr-defined]
    app.add_url_rule("/show", view_func=show)
    return app


def line_of(caplog: pytest.LogCaptureFixture, logger: str = "crm_web.request") -> dict[str, Any]:
    """The last line of a logger, as an operator reads it."""
    record = [record for record in caplog.records if record.name == logger][-1]
    line: dict[str, Any] = json.loads(JsonLines().format(record))
    return line


def test_request_is_one_line_of_json(
    browser_as: Callable[[Employee], Browser], ann: Employee, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    page = browser_as(ann).open("/nowhere?q=private+words&token=secret")
    page.response.close()

    line = line_of(caplog)
    assert set(line) == {"at", "level", "event", "request_id", "person", "method", "path", "status", "ms", "queries"}
    assert (line["method"], line["path"], line["status"], line["person"]) == ("GET", "/nowhere", 404, ann.id)
    assert line["request_id"] == page.response.headers["X-Request-ID"]
    assert line["queries"] >= 1
    assert line["ms"] >= 0
    assert "private" not in json.dumps(line)


def test_every_refusal_and_failure_is_logged_with_whoever_asked(
    app: Flask,
    session: Session,
    ann: Employee,
    vera: Employee,
    browser_as: Callable[[Employee], Browser],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO, "crm_web.request")
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    browser = browser_as(vera)
    headers = {"Authorization": f"Bearer {make_token(session, vera)}"}
    make_token(session, ann)
    statuses = []
    for broken in (None, RuntimeError("broken"), DatabaseTimeout()):
        if broken is not None:
            _break(app, monkeypatch, "leads.list_leads", broken)
            _break(app, monkeypatch, "api.list_leads", broken)
        sent = [browser.client.get("/leads"), browser.client.get("/api/v1/leads", headers=headers)]
        sent.append(browser.client.get("/api/v1/leads?owner=x", headers=headers))
        sent.append(browser.client.post("/api/v1/leads", headers=headers, json={}))
        sent += [browser.send("/leads/new"), browser.send("/account/preferences", {"theme": "x"})]
        sent += [browser.client.post("/account/preferences"), browser.client.get("/leads/4711")]
        for answer in sent:
            answer.close()
        statuses += [answer.status_code for answer in sent]
    monkeypatch.setitem(app.config, "API_REQUESTS_A_MINUTE", 1)
    statuses.append(browser.client.get("/api/v1/leads", headers=headers, buffered=True).status_code)
    assert set(statuses) == {200, 400, 403, 404, 422, 429, 500, 503}
    lines = [json.loads(JsonLines().format(record)) for record in caplog.records if record.name == "crm_web.request"]
    assert sorted(line["status"] for line in lines) == sorted(statuses)
    assert [line for line in lines if line["person"] != vera.id] == []


def _break(app: Flask, monkeypatch: pytest.MonkeyPatch, endpoint: str, error: Exception) -> None:
    def broken() -> None:
        raise error

    broken.access = vars(app.view_functions[endpoint])["access"]  # type: ignore[attr-defined]
    monkeypatch.setitem(app.view_functions, endpoint, broken)


def test_nobody_signed_in_is_nobody(visitor: Browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    visitor.open("/nowhere").response.close()

    assert line_of(caplog)["person"] is None


def test_health_checks_do_not_fill_the_log(visitor: Browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    visitor.open("/healthz").response.close()

    assert "crm_web.request" not in [record.name for record in caplog.records]


def test_event_hides_what_is_named_like_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    log_event("tried", email="ann@piper.example", password="piper-demo", reset_token="abc")

    line = line_of(caplog, "crm_web.event")
    assert (line["event"], line["email"]) == ("tried", "ann@piper.example")
    assert (line["password"], line["reset_token"]) == ("[hidden]", "[hidden]")


def test_event_in_a_request_knows_request_and_person(proxied: Flask, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with proxied.test_request_context("/"):
        proxied.preprocess_request()
        log_event("seen")
        line = line_of(caplog, "crm_web.event")

    assert re.fullmatch(r"[0-9a-f]{32}", line["request_id"])
    assert line["person"] is None


def test_error_is_one_line_with_its_traceback() -> None:
    try:
        raise ValueError("first\nsecond")
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "broke: %s", ("a\nb",), (ValueError, error, None))

    formatted = JsonLines().format(record)

    assert "\n" not in formatted
    assert json.loads(formatted)["error"].endswith("ValueError: first\nsecond")


def test_forwarded_headers_of_a_stranger_are_not_believed(proxied: Flask) -> None:
    answer = proxied.test_client().get("/show", headers=FORWARDED, environ_base={"REMOTE_ADDR": "192.0.2.1"})

    assert answer.json is not None
    assert answer.json["address"] == "192.0.2.1"
    assert answer.json["url"] == "http://localhost/show"
    assert answer.json["id"] != FORWARDED["X-Request-ID"]
    assert answer.headers["X-Request-ID"] == answer.json["id"]


def test_forwarded_headers_of_a_trusted_proxy_are_believed(proxied: Flask) -> None:
    answer = proxied.test_client().get("/show", headers=FORWARDED, environ_base={"REMOTE_ADDR": "10.0.0.1"})

    # 10.0.0.7 is a proxy of ours too; the one before it is the client.
    assert answer.json == {
        "address": "203.0.113.9",
        "url": "https://crm.example.com/show",
        "id": FORWARDED["X-Request-ID"],
    }


@pytest.mark.parametrize("given", ["short", "x" * 65, 'a"b-c-d-e-f', "-begins-with-a-dash", "with space inside"])
def test_ill_formed_request_id_is_replaced(proxied: Flask, given: str) -> None:
    answer = proxied.test_client().get(
        "/show", headers={"X-Request-ID": given}, environ_base={"REMOTE_ADDR": "10.0.0.1"}
    )

    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.1.1.1, 10.2.2.2", "203.0.113.9"),
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        ("", "10.0.0.1"),
        ("6.6.6.6, 203.0.113.9:50001, 10.1.1.1:4711", "203.0.113.9"),
        ("203.0.113.9, [2001:db8::1]:4711, 2001:db8::2, [2001:db8::3]", "203.0.113.9"),
        ("[2001:db8:1::9]:443", "2001:db8:1::9"),
        ("6.6.6.6, ::ffff:203.0.113.9, ::ffff:10.1.1.1", "203.0.113.9"),
        # What is no address can't be told from another; the proxy that wrote it answers for it.
        ("6.6.6.6, unknown, 10.1.1.1", "10.1.1.1"),
        ("6.6.6.6, 203.0.113.9:x:1, , ", "10.0.0.1"),
        ("6.6.6.6 10.1.1.1", "10.0.0.1"),
    ],
)
def test_client_is_the_last_that_no_proxy_of_ours_is(proxied: Flask, chain: str, client: str) -> None:
    headers = {"X-Forwarded-For": chain} if chain else {}

    answer = proxied.test_client().get("/show", headers=headers, environ_base={"REMOTE_ADDR": "10.0.0.1"})

    assert answer.json is not None
    assert answer.json["address"] == client


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.1", "2001:db8::5"])
def test_proxy_is_known_by_any_form_of_its_address(proxied: Flask, peer: str) -> None:
    answer = proxied.test_client().get("/show", headers=FORWARDED, environ_base={"REMOTE_ADDR": peer})

    assert answer.json is not None
    assert answer.json["address"] == "203.0.113.9"


@pytest.mark.parametrize("peer", ["", "unix:", "2001:db8:1::5", "11.0.0.1", "10.0.0.1, 10.0.0.1"])
def test_who_is_no_named_proxy_is_not_believed(proxied: Flask, peer: str) -> None:
    answer = proxied.test_client().get("/show", headers=FORWARDED, environ_base={"REMOTE_ADDR": peer})

    assert answer.json is not None
    assert (answer.json["address"], answer.json["url"]) == (peer, "http://localhost/show")


def test_only_named_hosts_are_answered() -> None:
    app = create_app(
        load_settings({"DATABASE_URL": "postgresql://db/x", "SECRET_KEY": "x" * 32, "TRUSTED_HOSTS": "crm.example.com"})
    )

    assert app.test_client().get("/static/app.js", base_url="http://crm.example.com").status_code == 200
    refused = app.test_client().get("/static/app.js", base_url="http://evil.example")
    assert (refused.status_code, refused.mimetype) == (400, "text/plain")
    assert refused.headers["X-Request-ID"]


@pytest.mark.parametrize("host", ["a b", "a\\b", "[::1", "x" * 3000, "käse", "<script>", ""])
def test_nonsense_as_host_breaks_nothing(installation: Flask, host: str) -> None:
    client = installation.test_client()

    assert client.get("/sign-in", environ_overrides={"HTTP_HOST": host.encode().decode("latin-1")}).status_code in (
        200,
        400,
    )


def test_queries_are_counted_inside_and_outside(app: Flask) -> None:
    with app.app_context(), count_queries() as outer:
        db.session.execute(text("SELECT 1"))
        with count_queries() as inner:
            db.session.execute(text("SELECT 2"))
        db.session.execute(text("SELECT 3"))

    assert inner.statements == ["SELECT 2"]
    assert outer.count == 3


def test_a_database_that_is_away_is_logged_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(load_settings({"DATABASE_URL": "postgresql://piper:hush@127.0.0.1:9/x", "SECRET_KEY": "x" * 32}))

    assert app.test_client().get("/sign-in").status_code == 503
    line = line_of(caplog, "crm_web.web.error_pages")
    assert (line["event"], line["trouble"], line["sqlstate"]) == ("database trouble", "away", None)
    assert "Connection refused" in line["cause"]
    assert "hush" not in str(line)


def test_a_database_that_fails_a_statement_is_logged_without_values() -> None:
    """What the server says first names no value of a record; its detail does."""
    cause = psycopg2.errors.AdminShutdown("terminating connection\nDETAIL:  (email)=(jo@company.com)")
    error = OperationalError("SELECT 1", {"email": "jo@company.com"}, cause)

    assert "jo@" not in explain_cause(error)
    assert "terminating connection" in explain_cause(error)
