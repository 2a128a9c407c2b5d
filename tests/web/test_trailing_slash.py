"""An address with a slash at its end leads to the page without it, and to no other site."""

from urllib.parse import unquote_to_bytes

import pytest
from flask import Flask

from crm_web.models import Employee
from tests.auth.test_permissions import BrowserAs, address_of, is_for_programs, list_rules
from tests.page import Browser


def test_every_page_is_found_with_a_slash_at_the_end(app: Flask, ada: Employee, browser_as: BrowserAs) -> None:
    client = browser_as(ada).client
    rules = [rule for rule in list_rules(app, "GET") if not is_for_programs(rule) and rule.rule != "/"]
    assert len(rules) > 30
    for rule in rules:
        address = address_of(app, rule)
        answer = client.get(f"{address}/?q=a%26b%20ü&q=")
        assert (answer.status_code, answer.location) == (308, f"{address}?q=a%26b%20%C3%BC&q="), rule.rule


def test_a_visitor_is_led_there_too(visitor: Browser) -> None:
    assert visitor.open("/leads/").location == "/leads"
    assert visitor.client.head("/leads/").location == "/leads"


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "///evil.example/",
        "/\\evil.example/",
        "/%5Cevil.example/",
        "/%2F/evil.example/",
        "/%2Fevil.example/",
        "/leads//",
        "/leads///",
        "//leads/",
        "//leads//",
        "/evil/",
        "/leads/x/",
        "/static/x/",
        "/%0d%0aLocation:%20x/",
        "/leads%00/",
    ],
)
def test_no_path_leads_to_another_site(visitor: Browser, path: str) -> None:
    decoded = unquote_to_bytes(path).decode("latin-1")
    answer = visitor.client.get("/", environ_overrides={"RAW_URI": path, "PATH_INFO": decoded})
    if answer.status_code != 404:
        assert (answer.status_code, answer.location) in {(308, "/leads"), (308, "http://localhost/leads/")}, path


def test_only_getting_a_page_is_led_on(app: Flask, ada: Employee, browser_as: BrowserAs) -> None:
    browser = browser_as(ada)
    assert browser.open("/leads/", method="POST", data={}).status == 404
    assert browser.open("/leads/new/").location == "/leads/new"
    problem = browser.client.get("/api/v1/leads/")
    assert (problem.status_code, problem.mimetype) == (404, "application/problem+json")
