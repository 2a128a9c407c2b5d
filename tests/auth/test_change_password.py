"""Changing one's own password, and what a password must be."""

import logging
from collections.abc import Callable

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_web.auth.operations import PasswordTooWeak, check_new_password, hash_password, hasher
from crm_web.models import Change, Employee, SignInFailures
from tests.databases import PASSWORD
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
NEW = "correct horse battery"
SENT = {"current_password": PASSWORD, "password": NEW, "repeated_password": NEW}


def test_the_new_password_counts_and_the_old_one_no_longer(
    browser_as: BrowserAs, visitor: Browser, vera: Employee
) -> None:
    answer = browser_as(vera).get("auth.show_account").form("password").fill(**SENT).submit()
    assert (answer.status, answer.location) == (303, "/account")
    assert "Password changed." in answer.follow().flash
    assert visitor.post("auth.sign_in", {"email": vera.email, "password": PASSWORD}).status == 422
    assert visitor.post("auth.sign_in", {"email": vera.email, "password": NEW}).status == 303


def test_all_other_sign_ins_end(browser_as: BrowserAs, ann: Employee, bob: Employee) -> None:
    elsewhere, here, colleague = browser_as(ann), browser_as(ann), browser_as(bob)
    here.post("auth.change_password", SENT)
    assert elsewhere.get("auth.show_account").status == 303
    assert here.get("auth.show_account").status == 200
    assert colleague.get("auth.show_account").status == 200


def test_neither_history_nor_log_hold_it(
    browser_as: BrowserAs, ann: Employee, session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    browser_as(ann).post("auth.change_password", SENT)
    assert "password_changed" in [record.getMessage() for record in caplog.records]
    assert NEW not in repr([record.__dict__ for record in caplog.records])
    assert not any("password" in repr(fields) for fields in session.scalars(select(Change.fields)))


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"current_password": "something else"}, "current_password", "That is not your current password."),
        ({"current_password": ""}, "current_password", "Enter your current password."),
        ({"repeated_password": "something else"}, "repeated_password", "The passwords don’t match."),
        ({"password": "short", "repeated_password": "short"}, "password", "Use at least 10 characters"),
        ({"password": "", "repeated_password": ""}, "password", "Enter a new password."),
        ({"password": "1234567890", "repeated_password": "1234567890"}, "password", "This password is easy to guess."),
        (
            {"password": "Password123", "repeated_password": "Password123"},
            "password",
            "This password is easy to guess.",
        ),
        ({"password": "keller-ann", "repeated_password": "keller-ann"}, "password", "This password is easy to guess."),
    ],
)
def test_a_wrong_form_changes_nothing(
    browser_as: BrowserAs, ann: Employee, session: Session, changes: dict[str, str], field: str, message: str
) -> None:
    before = ann.password_hash
    page = browser_as(ann).post("auth.change_password", SENT | changes)
    assert page.status == 422
    assert page.errors[field].startswith(message)
    session.refresh(ann)
    assert ann.password_hash == before


def test_guessing_the_current_one_is_throttled(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)
    browser.post("auth.change_password", SENT | {"current_password": "something else"})
    session.execute(update(SignInFailures).values(count=10))
    session.commit()
    page = browser.post("auth.change_password", SENT)
    assert page.status == 429
    assert "Retry-After" in page.response.headers
    assert "Too many attempts" in page.errors[""]


def test_who_has_no_password_can_not_change_it(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    ann.password_hash = None
    session.commit()
    assert browser_as(ann).post("auth.change_password", SENT).status == 422


def test_a_visitor_has_none_to_change(visitor: Browser) -> None:
    assert visitor.post("auth.change_password", SENT).location == "/sign-in"


def test_not_by_a_link(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).open("/account/password").status == 405


@pytest.mark.parametrize(
    "password",
    [
        "",
        "123456789",
        "x" * 201,
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "Ann Keller",
        "ANN@piper.example",
        "nul\x00nul\x00nul",
    ],
)
def test_what_could_be_guessed_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooWeak) as refusal:
        check_new_password(password, name="Ann Keller", email="ann@piper.example")
    assert refusal.value.field == "password"


@pytest.mark.parametrize(
    "password", ["piper-demo", "x" * 196 + "yz12", "ten chars!", "пароль пароль", "🙂🙃😉😊 smiling"]
)
def test_what_is_long_enough_is_taken(password: str) -> None:
    check_new_password(password, name="Ann Keller", email="ann@piper.example")


def test_half_a_character_is_refused() -> None:
    with pytest.raises(PasswordTooWeak, match="invisible character"):
        check_new_password("surrogate \ud800", name="Ann", email="ann@piper.example")


def test_passwords_are_kept_by_argon2id_each_with_a_salt_of_its_own() -> None:
    one, other = hash_password(NEW), hash_password(NEW)
    assert one.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert one != other
    assert hasher.verify(one, NEW)
