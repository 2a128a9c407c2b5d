"""The tokens of forms: masked anew in each response, bound to a session and an employee."""

import base64
from collections.abc import Callable

import pytest
from flask import Flask

from crm_web.core.csrf import NOBODY, find_owner, make_secret, mask, unmask
from crm_web.models import Employee
from tests.databases import PASSWORD
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def token_on(browser: Browser, url: str = "/leads/new") -> str:
    """The token of the first form on a page."""
    return str(browser.open(url).one("input[name=csrf_token]")["value"])


def test_each_response_shows_another_token_and_all_of_them_count(browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    page = browser.open("/leads/new")
    on_page = {str(field["value"]) for field in page.soup.select("input[name=csrf_token]")}
    tokens = [*on_page, token_on(browser), token_on(browser)]

    assert len(on_page) == 1, "one response has one token"
    assert len(set(tokens)) == 3
    # Nothing of the secret can be read off two responses: they have no longer piece in common than chance gives.
    assert not any(tokens[0][i : i + 8] in tokens[1] for i in range(len(tokens[0]) - 8))
    for token in tokens:
        assert browser.open("/leads/new", method="POST", data={"csrf_token": token}).status == 422


def test_the_secret_itself_and_anything_made_up_are_refused(browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    token = token_on(browser)
    with browser.client.session_transaction() as cookie:
        secret = cookie["csrf_token"]
    flipped = bytearray(base64.urlsafe_b64decode(token))
    flipped[-1] ^= 1
    wrong = [
        secret,
        base64.urlsafe_b64encode(flipped).decode(),
        "",
        "x",
        "é",
        "=" * 80,
        token[:-4],
        token * 2,
        "A" * 80,
    ]
    for text in wrong:
        assert browser.open("/leads/new", method="POST", data={"csrf_token": text}).status == 400, text


def test_a_secret_says_whose_it_is(app: Flask) -> None:
    with app.app_context():
        for employee_id in (NOBODY, 1, 2**47):
            assert find_owner(unmask(mask(make_secret(employee_id)))) == employee_id
        raw = bytearray(base64.urlsafe_b64decode(make_secret(7)))
        raw[17] = 8
        assert find_owner(base64.urlsafe_b64encode(raw).decode()) is None, "nobody else can put a name into it"
        assert find_owner("f" * 40) is None
        assert find_owner(None) is None


def test_signing_in_makes_a_secret_of_the_employees_own(visitor: Browser, ann: Employee) -> None:
    visitor.post("auth.sign_in", {"email": ann.email, "password": PASSWORD})
    with visitor.app.app_context():
        assert find_owner(unmask(token_on(visitor))) == ann.id


def test_a_session_of_the_former_kind_goes_on(browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    with browser.client.session_transaction() as cookie:
        cookie["csrf_token"] = "0123456789" * 4
    token = token_on(browser)
    assert browser.open("/leads/new", method="POST", data={"csrf_token": token}).status == 422
    with browser.app.app_context():
        assert find_owner(unmask(token)) == ann.id


@pytest.mark.parametrize("header", ["X-CSRFToken", "X-CSRF-Token"])
def test_a_script_sends_it_as_a_header(browser_as: BrowserAs, ann: Employee, header: str) -> None:
    browser = browser_as(ann)
    answer = browser.client.post("/leads/new", headers={header: token_on(browser)})
    assert answer.status_code == 422
