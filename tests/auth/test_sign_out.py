"""Signing out."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Employee, SignIn
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]


def test_ends_the_sign_in_on_the_server(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)
    with browser.client.session_transaction() as cookie:
        stolen = cookie["sign_in"]
    answer = browser.get("auth.show_account").button("Sign out")
    assert (answer.status, answer.location) == (303, "/sign-in")
    assert answer.follow().flash == "You are signed out."
    assert session.scalars(select(SignIn.ended_at)).one() is not None
    thief = Browser(browser.app, token=stolen)
    assert thief.get("auth.show_account").location == "/sign-in?next=/account"


def test_twice_asks_to_sign_in(browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    browser.post("auth.sign_out")
    assert browser.post("auth.sign_out").location == "/sign-in"


def test_a_link_can_not_do_it(browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    assert browser.open("/sign-out").status == 405
    assert browser.get("auth.show_account").status == 200
