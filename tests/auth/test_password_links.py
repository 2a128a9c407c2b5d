"""Invitations, forgotten passwords, and passwords that somebody else set."""

import re
from collections.abc import Callable

import pytest
from flask import Flask, template_rendered
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from crm_web.core.config import Settings
from crm_web.core.request_log import count_queries
from crm_web.models import Employee, OutgoingMail, PasswordLink
from tests.databases import PASSWORD
from tests.factories import make_employee
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]
NEW = "correct horse battery"
PERSON = {"name": "Jo Park", "email": "jo@company.com", "role": "sales", "time_zone": "UTC", "locale": "en"}
SITE = "https://crm.piper.example"


@pytest.fixture
def with_mail(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: Settings = app.config["SETTINGS"]
    mail = {"smtp_host": "mail.example", "mail_from": "crm@piper.example", "site_url": SITE}
    monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update=mail))


def link_in(text: str) -> str:
    """The path of the link to set a password that a page or an email holds."""
    found = re.search(r"https?://[^/\s]+(/set-password\?link=[\w-]+)", text)
    assert found is not None, text
    return found[1]


def mails(session: Session) -> list[OutgoingMail]:
    return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))


def choose(browser: Browser, link: str, password: str = NEW) -> Page:
    page = browser.open(link)
    assert page.status == 200, page.text
    return page.form().fill(password=password, repeated_password=password).submit()


def test_without_a_mail_server_the_admin_passes_the_link_on(
    browser_as: BrowserAs, visitor: Browser, ada: Employee, session: Session
) -> None:
    shown = browser_as(ada).post("employees.create_employee", PERSON)
    assert (shown.status, shown.h1) == (200, "Link for Jo Park")
    assert shown.response.headers["Cache-Control"] == "no-store, no-transform"
    answer = choose(visitor, link_in(shown.response.text))
    assert answer.location == "/today"
    assert answer.follow().flash == "Password saved. You are signed in."
    assert mails(session) == []


def test_an_invitation_goes_out_by_email(
    with_mail: None, browser_as: BrowserAs, visitor: Browser, ada: Employee, session: Session
) -> None:
    page = browser_as(ada).post("employees.create_employee", PERSON).follow()
    assert page.flash == "Jo Park added. An invitation is on its way to jo@company.com."
    (mail,) = mails(session)
    assert mail.recipient == "jo@company.com"
    assert f"{ada.name} added you" in mail.body
    assert f"{SITE}/set-password?link=" in mail.body
    assert choose(visitor, link_in(mail.body)).status == 303


def test_who_forgot_their_password_sets_a_new_one(
    with_mail: None, visitor: Browser, browser_as: BrowserAs, ann: Employee, session: Session
) -> None:
    working = browser_as(ann)
    page = visitor.get("auth.show_sign_in").click("Forgot your password?")
    answer = page.form().fill(email=ann.email.upper()).submit()
    assert answer.follow().flash.startswith("If this email belongs to an account, a link is on its way.")
    link = link_in(mails(session)[0].body)
    weak = choose(visitor, link, "short")
    assert (weak.status, list(weak.errors)) == (422, ["password"])
    assert choose(visitor, link).status == 303
    assert working.get("auth.show_account").status == 303
    assert visitor.post("auth.sign_out").status == 303
    assert visitor.post("auth.sign_in", {"email": ann.email, "password": NEW}).location == "/today"
    assert visitor.open(link).status == 410


def test_an_unknown_a_deactivated_and_a_single_sign_on_account_get_the_same_answer_and_no_email(
    with_mail: None, app: Flask, visitor: Browser, bob: Employee, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = make_employee(session, is_active=False)
    known = visitor.post("password_links.send_link", {"email": bob.email}).follow().flash
    for email in ("nobody@piper.example", gone.email):
        assert visitor.post("password_links.send_link", {"email": email}).follow().flash == known
    settings: Settings = app.config["SETTINGS"]
    monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update={"password_sign_in": False}))
    assert visitor.post("password_links.send_link", {"email": bob.email}).follow().flash == known
    assert [mail.recipient for mail in mails(session)] == [bob.email]


def test_an_unknown_account_is_as_much_work(
    with_mail: None, app: Flask, visitor: Browser, bob: Employee, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, settings = make_employee(session, is_active=False), app.config["SETTINGS"]
    monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update={"site_url": "https://crm.example"}))
    rendered: list[str] = []
    done = []
    with template_rendered.connected_to(lambda _, template, **__: rendered.append(template.name), app):
        for email in (bob.email, "nobody@piper.example", gone.email):
            rendered.clear()
            with count_queries() as queries:
                visitor.post("password_links.send_link", {"email": email})
            kinds = [statement.split()[0] for statement in queries.statements]
            done.append((kinds.count("INSERT"), len(kinds), tuple(rendered)))
    assert len(set(done)) == 1, done


def test_only_some_links_are_sent_in_a_while(with_mail: None, visitor: Browser, ann: Employee) -> None:
    for _ in range(3):
        assert visitor.post("password_links.send_link", {"email": ann.email}).status == 303
    page = visitor.post("password_links.send_link", {"email": ann.email})
    assert page.status == 429
    assert page.response.headers["Retry-After"]


def test_without_a_mail_server_nobody_is_promised_an_email(visitor: Browser, ann: Employee, session: Session) -> None:
    assert "Ask an admin" in visitor.get("password_links.ask_for_link").text
    assert visitor.post("password_links.send_link", {"email": ann.email}).status == 422
    assert mails(session) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE password_links SET expires_at = now()",
        "UPDATE employees SET email = 'other@piper.example' WHERE name = 'Jo Park'",
        "UPDATE employees SET is_active = false WHERE name = 'Jo Park'",
        "DELETE FROM password_links",
    ],
)
def test_a_link_that_no_longer_holds_is_refused(
    browser_as: BrowserAs, visitor: Browser, ada: Employee, session: Session, change: str
) -> None:
    link = link_in(browser_as(ada).post("employees.create_employee", PERSON).response.text)
    page = visitor.open(link)
    session.execute(text(change))
    session.commit()
    assert page.form().fill(password=NEW, repeated_password=NEW).submit().status == 410
    assert visitor.open(link).h1 == "This link no longer works"


def test_a_link_stays_useless_when_its_person_comes_back(
    browser_as: BrowserAs, visitor: Browser, ada: Employee, session: Session
) -> None:
    browser = browser_as(ada)
    link = link_in(browser.post("employees.create_employee", PERSON).response.text)
    employee_id = session.scalars(select(Employee.id).where(Employee.name == "Jo Park")).one()
    browser.post("employees.deactivate_employee", employee_id=employee_id)
    browser.post("employees.reactivate_employee", employee_id=employee_id)
    assert session.scalars(select(Employee.is_active).where(Employee.id == employee_id)).one()
    assert visitor.open(link).status == 410


def test_a_newer_link_replaces_the_older_one(
    browser_as: BrowserAs, visitor: Browser, ada: Employee, ann: Employee
) -> None:
    page = browser_as(ada).get("employees.edit_employee", employee_id=ann.id).click("Set password")
    first = link_in(page.button("Create link").response.text)
    second = link_in(page.button("Create link").response.text)
    assert visitor.open(first).status == 410
    assert choose(visitor, second).status == 303


def test_the_database_keeps_no_link(browser_as: BrowserAs, ada: Employee, session: Session) -> None:
    link = link_in(browser_as(ada).post("employees.create_employee", PERSON).response.text)
    (kept,) = session.scalars(select(PasswordLink))
    assert link.partition("=")[2].encode() not in kept.token_hash


def test_an_email_that_could_not_be_sent_is_shown_to_admins(
    with_mail: None, browser_as: BrowserAs, ada: Employee, session: Session
) -> None:
    browser = browser_as(ada)
    browser.post("employees.create_employee", PERSON)
    (mail,) = mails(session)
    session.execute(update(OutgoingMail).values(failed_at=text("now()"), error="550 No such user", body=""))
    session.commit()
    page = browser.get("employees.edit_employee", employee_id=mail.employee_id)
    assert "550 No such user" in page.text


def test_a_password_that_an_admin_set_has_to_be_changed(
    browser_as: BrowserAs, visitor: Browser, ada: Employee, session: Session
) -> None:
    browser_as(ada).post("employees.create_employee", PERSON | {"password": PASSWORD})
    visitor.post("auth.sign_in", {"email": PERSON["email"], "password": PASSWORD})
    page = visitor.get("leads.list_leads").follow()
    assert page.h1 == "Choose your own password"
    same = page.form("password").fill(current_password=PASSWORD, password=PASSWORD, repeated_password=PASSWORD).submit()
    assert same.errors == {"password": "This is your current password. Choose another one."}
    changed = same.form("password").fill(current_password=PASSWORD, password=NEW, repeated_password=NEW).submit()
    assert changed.location == "/today"
    assert visitor.get("leads.list_leads").status == 200


@pytest.mark.parametrize("name", ["ann", "max", "vera"])
def test_only_admins_make_links(
    browser_as: BrowserAs, request: pytest.FixtureRequest, bob: Employee, session: Session, name: str
) -> None:
    browser = browser_as(request.getfixturevalue(name))
    assert browser.post("employees.send_link", employee_id=bob.id).status == 403
    assert session.scalars(select(PasswordLink)).all() == []
