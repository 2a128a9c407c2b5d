"""How long a sign-in lasts, and who is signed in by it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from itsdangerous import TimestampSigner
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_web.models import Employee, SignIn
from tests.page import Browser
from tests.worker.run import run_worker

BrowserAs = Callable[[Employee], Browser]


def change(session: Session, **values: Any) -> None:
    """Set columns of the one sign-in."""
    session.execute(update(SignIn).values(**values))
    session.commit()


def is_signed_in(browser: Browser) -> bool:
    """Whether a page of one's own opens."""
    return browser.get("auth.show_account").status == 200


def test_lasts_until_its_time_is_up(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)
    change(session, expires_at=func.now() + timedelta(seconds=1))
    assert is_signed_in(browser)
    change(session, expires_at=func.now())
    assert not is_signed_in(browser)


def test_ends_on_the_server(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)
    change(session, ended_at=func.now())
    assert not is_signed_in(browser)


def test_ends_with_the_account(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)
    session.execute(update(Employee).where(Employee.id == ann.id).values(is_active=False))
    session.commit()
    assert not is_signed_in(browser)


def test_an_invented_token_opens_nothing(app: Flask) -> None:
    assert not is_signed_in(Browser(app, token="invented"))


def test_another_programs_cookie_does_no_harm(browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    browser.client.set_cookie("remember_token", "1|abc")
    assert is_signed_in(browser)


def test_a_cookie_that_was_read_is_refused_once_its_key_is_gone(
    app: Flask, browser_as: BrowserAs, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browser_as(ann)
    assert [browser.get("leads.list_leads").status for _ in range(2)] == [200, 200]
    monkeypatch.setitem(app.config, "SECRET_KEY", "another key " * 4)
    assert browser.get("leads.list_leads").status == 303


def test_use_makes_it_last_longer(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)
    change(session, last_seen_at=func.now() - timedelta(minutes=6), expires_at=func.now() + timedelta(minutes=1))
    assert is_signed_in(browser)
    assert session.scalar(select(SignIn.last_seen_at == func.now()))
    assert session.scalar(select(SignIn.expires_at == func.now() + timedelta(hours=12)))


def test_use_is_noted_at_most_every_five_minutes(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)
    change(session, last_seen_at=func.now() - timedelta(minutes=4), expires_at=func.now() + timedelta(minutes=1))
    assert is_signed_in(browser)
    assert session.scalar(select(SignIn.last_seen_at == func.now() - timedelta(minutes=4)))


def test_the_cookie_is_sent_anew_when_it_lasts_longer(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)

    def sends_cookie() -> bool:
        return "Set-Cookie" in browser.get("auth.show_account").response.headers

    assert [sends_cookie(), sends_cookie()] == [True, False]  # The first page brings a token for its forms.
    change(session, last_seen_at=func.now() - timedelta(minutes=6))
    assert [sends_cookie(), sends_cookie()] == [True, False]


def test_no_use_makes_it_last_for_ever(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)
    change(
        session,
        created_at=func.now() - timedelta(days=30) + timedelta(minutes=10),
        last_seen_at=func.now() - timedelta(hours=1),
    )
    assert is_signed_in(browser)
    assert session.scalar(select(SignIn.expires_at == func.now() + timedelta(minutes=10)))


def test_knowing_who_asks_takes_one_query(browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    assert browser.count_queries("auth.show_sign_in") == 1


def test_old_sign_ins_are_deleted(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)
    change(session, expires_at=func.now() - timedelta(days=31))
    browser.post("auth.sign_in", {"email": ann.email, "password": "piper-demo"})
    run_worker(browser.app)
    assert len(session.scalars(select(SignIn)).all()) == 1


def test_what_a_browser_says_of_itself_is_cut_to_what_fits(visitor: Browser, session: Session) -> None:
    visitor.client.environ_base["HTTP_USER_AGENT"] = "Firefox/" + "9" * 1000
    visitor.post("auth.sign_in", {"email": "ann@piper.example", "password": "piper-demo"})
    assert len(session.scalars(select(SignIn.user_agent)).one() or "") == 300


def test_instances_with_clocks_apart_share_a_sign_in(
    browser_as: BrowserAs, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browser_as(ann)
    here = TimestampSigner.get_timestamp
    for seconds in (3600, -30 * 24 * 3600):
        # Another instance, ahead of this one or behind it, signs the cookie; this one reads it.
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda signer, by=seconds: here(signer) + by)
        page = browser.get("leads.create_lead")
        monkeypatch.setattr(TimestampSigner, "get_timestamp", here)
        assert page.status == 200
        assert is_signed_in(browser)
