"""Signing in."""

import hashlib
import logging
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_web.auth.operations import hash_password
from crm_web.models import Employee, SignIn
from tests.databases import PASSWORD
from tests.factories import make_employee
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]
MISMATCH = "That email and password don’t match. Please try again."


def sign_in(browser: Browser, email: str = "ann@piper.example", password: str = PASSWORD, **values: Any) -> Page:
    """Send the form of the sign-in page."""
    return browser.post("auth.sign_in", {"email": email, "password": password}, **values)


def test_the_form_leads_to_the_dashboard(visitor: Browser) -> None:
    page = visitor.get("auth.show_sign_in")
    assert page.h1 == "Sign in"
    answer = page.form().fill(email="ann@piper.example", password=PASSWORD).submit()
    assert (answer.status, answer.location) == (303, "/today")
    assert visitor.get("auth.show_account").facts["Email"] == "ann@piper.example"


@pytest.mark.parametrize("email", ["ANN@Piper.Example", "  ann@piper.example "])
def test_capitals_and_blanks_of_the_address_do_not_matter(visitor: Browser, email: str) -> None:
    assert sign_in(visitor, email).location == "/today"


def test_the_fields_are_named_for_keepers_of_passwords(visitor: Browser) -> None:
    page = visitor.get("auth.show_sign_in")
    assert page.one("#email")["autocomplete"] == "username"
    assert page.one("#password")["autocomplete"] == "current-password"


def test_a_wrong_password_keeps_the_address_and_not_the_password(visitor: Browser) -> None:
    page = sign_in(visitor, password="something else")
    assert (page.status, page.errors) == (422, {"": MISMATCH})
    assert page.form()["email"] == "ann@piper.example"
    assert page.form()["password"] == ""
    assert "something else" not in page.body


@pytest.mark.parametrize("email", ["nobody@piper.example", "nobody@" + "x" * 60 + ".example"])
def test_an_unknown_address_reads_like_a_wrong_password(visitor: Browser, email: str) -> None:
    page = sign_in(visitor, email)
    assert (page.status, page.errors) == (422, {"": MISMATCH})


def test_an_unknown_address_costs_a_check_like_a_wrong_password(
    visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify

    def count(hasher: PasswordHasher, password_hash: str, password: str) -> bool:
        checked.append(password_hash.rpartition("$")[0].rpartition("$")[0])
        return verify(hasher, password_hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", count)
    sign_in(visitor, password="something else")
    sign_in(visitor, "nobody@piper.example", "something else")
    assert len(checked) == 2
    assert checked[0] == checked[1], "both are checked with the same parameters"


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("", PASSWORD, "email"),
        ("ann@piper.example", "", "password"),
        ("not an address", PASSWORD, "email"),
        ("ann\x00@piper.example", PASSWORD, "email"),
        ("a" * 300 + "@piper.example", PASSWORD, "email"),
    ],
)
def test_an_incomplete_form_says_what_is_missing(visitor: Browser, email: str, password: str, field: str) -> None:
    page = sign_in(visitor, email, password)
    assert page.status == 422
    assert list(page.errors) == [field]


@pytest.mark.parametrize("password", [PASSWORD + "\x00", "\x00", "x" * 100_000, "пароль" * 20, "\ud800" * 12])
def test_a_strange_password_is_just_wrong(visitor: Browser, password: str) -> None:
    page = sign_in(visitor, password=password.encode(errors="surrogatepass").decode(errors="replace"))
    assert (page.status, page.errors) == (422, {"": MISMATCH})


def test_the_same_letters_from_another_keyboard_are_the_same_password(visitor: Browser, session: Session) -> None:
    password = "Zwölf Öfen für Åsa"
    make_employee(session, email="asa@piper.example", password_hash=hash_password(password))
    assert sign_in(visitor, "asa@piper.example", unicodedata.normalize("NFD", password)).location == "/today"


def test_who_has_no_password_can_not_sign_in(visitor: Browser, session: Session) -> None:
    make_employee(session, email="new@piper.example")
    assert sign_in(visitor, "new@piper.example", "").status == 422
    assert sign_in(visitor, "new@piper.example").errors == {"": MISMATCH}


def test_a_broken_hash_is_no_way_in(visitor: Browser, session: Session) -> None:
    make_employee(session, email="old@piper.example", password_hash="no hash at all")
    assert sign_in(visitor, "old@piper.example").errors == {"": MISMATCH}


def test_who_is_deactivated_is_told_so_only_with_the_right_password(
    visitor: Browser, session: Session, ann: Employee
) -> None:
    session.execute(update(Employee).where(Employee.id == ann.id).values(is_active=False))
    session.commit()
    assert sign_in(visitor, password="something else").errors == {"": MISMATCH}
    page = sign_in(visitor)
    assert (page.status, page.errors) == (
        422,
        {"": "Your account is deactivated. Ask an admin to reactivate it."},
    )
    assert session.scalars(select(SignIn)).all() == []


def test_the_cookie_holds_a_secret_of_which_the_database_keeps_the_hash(
    visitor: Browser, session: Session, ann: Employee
) -> None:
    sign_in(visitor)
    with visitor.client.session_transaction() as cookie:
        token = cookie["sign_in"]
    row = session.scalars(select(SignIn).where(SignIn.employee_id == ann.id)).one()
    assert row.token_hash == hashlib.sha256(token.encode()).digest()
    assert row.remote_address == "127.0.0.1"


def test_the_cookies_are_out_of_reach_for_scripts_and_other_sites(visitor: Browser) -> None:
    cookies = sign_in(visitor).response.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"piper_session", "piper_browser"}
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)


def test_nothing_planted_before_survives(visitor: Browser) -> None:
    visitor.get("auth.show_sign_in")
    with visitor.client.session_transaction() as cookie:
        before = cookie["csrf_token"]
        cookie["planted"] = "by somebody else"
    sign_in(visitor)
    visitor.get("auth.show_account")
    with visitor.client.session_transaction() as cookie:
        assert "planted" not in cookie
        assert cookie["csrf_token"] != before


def test_signing_in_again_ends_the_former_sign_in(
    browser_as: BrowserAs, ann: Employee, bob: Employee, session: Session
) -> None:
    browser = browser_as(ann)
    sign_in(browser, "bob@piper.example")
    former = session.scalars(select(SignIn).where(SignIn.employee_id == ann.id)).one()
    assert former.ended_at is not None
    assert browser.get("auth.show_account").facts["Name"] == bob.name


def test_a_password_kept_by_old_parameters_is_kept_by_the_new_ones_from_now_on(
    visitor: Browser, session: Session
) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    person = make_employee(session, email="old@piper.example", password_hash=weak)
    sign_in(visitor, "old@piper.example")
    session.refresh(person)
    assert (person.password_hash or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_it_is_logged_without_the_password(visitor: Browser, caplog: pytest.LogCaptureFixture, ann: Employee) -> None:
    caplog.set_level(logging.INFO)
    sign_in(visitor, password="my own secret")
    sign_in(visitor)
    events = [record for record in caplog.records if record.name == "crm_web.event"]
    assert [record.getMessage() for record in events] == ["sign_in_failed", "sign_in"]
    assert getattr(events[1], "facts")["employee"] == ann.id  # noqa: B009  (logging adds it)
    assert "my own secret" not in repr([record.__dict__ for record in caplog.records])


def test_who_is_signed_in_already_goes_to_the_dashboard(browser_as: BrowserAs, ann: Employee) -> None:
    page = browser_as(ann).get("auth.show_sign_in")
    assert (page.status, page.location) == (303, "/today")


# Where it leads


@pytest.mark.parametrize(
    "place", ["/leads", "/leads/12", "/leads?status=new&q=a%20b", "/customers/7/print", "/leads?q=müller+ag"]
)
def test_leads_back_to_the_page_that_asked(visitor: Browser, place: str) -> None:
    page = visitor.get("auth.show_sign_in", next=place)
    answer = page.form().fill(email="ann@piper.example", password=PASSWORD).submit()
    assert answer.status == 303
    assert answer.location in (place, place.replace("ü", "%C3%BC"))


def test_a_wrong_password_does_not_lose_the_place(visitor: Browser) -> None:
    page = sign_in(visitor, password="something else", next="/leads?status=new")
    answer = page.form().fill(password=PASSWORD).submit()
    assert answer.location == "/leads?status=new"


@pytest.mark.parametrize(
    "place",
    [
        "//evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "https:/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/leads//evil.example",
        "/%09/evil.example",
        "/ /evil.example",
        "/leads?a=\r\nSet-Cookie: x=y",
        "/leads#//evil.example",
        "/@evil.example",
        "",
        "\x00/leads",
    ],
)
def test_leads_nowhere_else(visitor: Browser, place: str) -> None:
    assert sign_in(visitor, next=place).location == "/today"


def test_who_is_signed_in_is_led_nowhere_else_either(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).get("auth.show_sign_in", next="//evil.example").location == "/today"
    assert browser_as(ann).get("auth.show_sign_in", next="/leads").location == "/leads"


# The demo


def test_the_demo_fills_the_form_in_with_one_click(visitor: Browser) -> None:
    page = visitor.get("auth.show_sign_in", next="/leads")
    assert [link.get_text() for link in page.soup.select(".demo-people a")] == [
        f"{name}@piper.example" for name in ("ada", "max", "ann", "bob", "vera")
    ]
    form = page.click("max@piper.example").form()
    assert (form["email"], form["password"]) == ("max@piper.example", PASSWORD)
    assert form.submit().location == "/leads"


def test_the_demo_fills_in_nobody_else(visitor: Browser, session: Session) -> None:
    make_employee(session, email="real@piper.example")
    form = visitor.open("/sign-in?as=real@piper.example").form()
    assert (form["email"], form["password"]) == ("", "")


def test_a_real_installation_knows_no_demo(visitor: Browser, session: Session) -> None:
    session.execute(update(Employee).values(email="person" + Employee.name + "@company.com"))
    session.commit()
    page = visitor.get("auth.show_sign_in")
    assert not page.has(".demo")
    assert PASSWORD not in page.body


# A page that is too old


def test_a_page_from_before_another_tab_signed_in_leads_on(visitor: Browser) -> None:
    stale = visitor.get("auth.show_sign_in").form().fill(email="ann@piper.example", password=PASSWORD)
    visitor.client.delete_cookie("piper_session")
    page = stale.submit()
    assert page.status == 400
    assert page.errors == {"": "This page expired. Please enter your password again."}
    assert page.form().fill(email="ann@piper.example", password=PASSWORD).submit().location == "/today"


def test_another_form_without_a_token_is_refused_as_everywhere(browser_as: BrowserAs, ann: Employee) -> None:
    page = browser_as(ann).open("/sign-out", method="POST", data={"csrf_token": "made up"})
    assert (page.status, page.h1) == (400, "Bad request")


def test_only_these_methods(visitor: Browser) -> None:
    assert visitor.open("/sign-in", method="PUT", data={}).status == 405
