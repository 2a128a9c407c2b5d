"""The second factor: setting it up, being asked for it, recovery codes, roles that need it, and losing it."""

from collections.abc import Callable

import pyotp
import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from crm_web.core.config import Settings
from crm_web.models import Authenticator, Change, Employee, RecoveryCode, SignIn, SignInFailures
from tests.databases import PASSWORD
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]
KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_of(session: Session, secret: str, *, later: int = 0) -> str:
    """What the app shows some periods of 30 seconds from now, by the clock of the database."""
    step = session.scalar(text("SELECT floor(extract(epoch FROM now()) / 30)::bigint")) or 0
    return pyotp.HOTP(secret).at(step + later)


def set_up(browser: Browser, session: Session) -> tuple[str, list[str]]:
    """Set up an app on its page; the key and the recovery codes."""
    page = browser.get("second_factor.edit_factor")
    key = str(page.one("#secret")["value"])
    shown = page.form("second-factor").fill(code=code_of(session, key), current_password=PASSWORD).submit()
    assert (shown.status, shown.h1) == (200, "Your recovery codes"), shown
    assert shown.response.headers["Cache-Control"] == "no-store, no-transform"
    return key, [item.get_text() for item in shown.soup.select("main code")]


def enter_password(browser: Browser, person: Employee) -> Page:
    return browser.post("auth.sign_in", {"email": person.email, "password": PASSWORD})


def has_factor(session: Session, person: Employee) -> None:
    """Give somebody an app behind the application's back."""
    session.add(Authenticator(employee_id=person.id, secret=KEY, last_step=0))
    session.execute(update(Employee).where(Employee.id == person.id).values(has_second_factor=True))
    session.commit()


def test_a_password_alone_lets_nobody_in_who_has_set_one_up(
    browser_as: BrowserAs, visitor: Browser, ann: Employee, session: Session
) -> None:
    elsewhere, here = browser_as(ann), browser_as(ann)
    key, codes = set_up(here, session)
    assert len(set(codes)) == 10
    assert elsewhere.get("auth.show_account").status == 303
    assert here.get("auth.show_account").status == 200
    asked = enter_password(visitor, ann)
    assert asked.location == "/sign-in/code?next=/today"
    assert visitor.get("leads.list_leads").location == "/sign-in?next=/leads"
    page = asked.follow()
    again = page.form().fill(code=code_of(session, key)).submit()
    assert (again.status, again.errors["code"][:31]) == (422, "This code is wrong or was used ")
    # A space in the middle, as apps show it.
    code = code_of(session, key, later=1)
    assert again.form().fill(code=f"{code[:3]} {code[3:]}").submit().location == "/today"
    assert visitor.get("leads.list_leads").status == 200
    other = Browser(visitor.app)
    assert enter_password(other, ann).follow().form().fill(code=code).submit().status == 422
    stored = [*session.scalars(select(RecoveryCode.code_hash)), repr(session.scalars(select(Change.fields)).all())]
    assert not any(secret in repr(stored) for secret in (key, *codes, *(code.replace("-", "") for code in codes)))


def test_each_recovery_code_works_once(
    browser_as: BrowserAs, ann: Employee, session: Session, visitor: Browser
) -> None:
    _, codes = set_up(browser_as(ann), session)
    assert enter_password(visitor, ann).follow().form().fill(code=codes[0].upper()).submit().location == "/today"
    assert visitor.get("second_factor.edit_factor").one(".page-context").get_text() == "On. 9 recovery codes left."
    other = Browser(visitor.app)
    asked = enter_password(other, ann).follow()
    assert asked.form().fill(code=codes[0]).submit().status == 422
    renewed = visitor.post("second_factor.renew_codes", {"code": codes[1]})
    assert asked.form().fill(code=codes[2]).submit().status == 422
    new = renewed.soup.select("main code")[0].get_text()
    assert asked.form().fill(code=new).submit().location == "/today"


def test_guessing_is_throttled_also_with_the_right_code(visitor: Browser, ann: Employee, session: Session) -> None:
    has_factor(session, ann)
    page = enter_password(visitor, ann).follow()
    assert page.form().fill(code="").submit().errors["code"] == "Enter a code."
    page.form().fill(code="000000").submit()
    session.execute(update(SignInFailures).where(SignInFailures.key == f"factor:{ann.id}").values(count=5))
    session.commit()
    refused = page.form().fill(code=code_of(session, KEY)).submit()
    assert (refused.status, "Retry-After" in refused.response.headers) == (429, True)
    assert ("lost your app" in refused.text, "forgot your password" in refused.text) == (True, False)


def test_what_is_not_finished_in_time_begins_again(visitor: Browser, ann: Employee, session: Session) -> None:
    assert visitor.get("second_factor.show_challenge").location == "/sign-in"
    has_factor(session, ann)
    page = enter_password(visitor, ann).follow()
    session.execute(update(SignIn).values(expires_at=text("now()")))
    session.commit()
    assert page.form().fill(code=code_of(session, KEY)).submit().location == "/sign-in?next=/today"


@pytest.mark.parametrize(
    ("changes", "field"), [({"code": "000000"}, "code"), ({"current_password": "other"}, "current_password")]
)
def test_setting_it_up_needs_the_password_and_the_first_code(
    browser_as: BrowserAs, ann: Employee, session: Session, changes: dict[str, str], field: str
) -> None:
    page = browser_as(ann).get("second_factor.edit_factor")
    key = str(page.one("#secret")["value"])
    sent = {"code": code_of(session, key), "current_password": PASSWORD}
    wrong = page.form("second-factor").fill(**(sent | changes)).submit()
    assert (wrong.status, list(wrong.errors)) == (422, [field])
    assert str(wrong.one("#secret")["value"]) == key
    assert session.get(Authenticator, ann.id) is None


def test_some_roles_have_to_set_it_up(
    app: Flask, visitor: Browser, ada: Employee, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: Settings = app.config["SETTINGS"]
    monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update={"second_factor_roles": ("admin",)}))
    assert enter_password(visitor, ada).status == 303
    assert visitor.get("leads.list_leads").location == "/account/second-factor"
    assert "With the Admin role you need one." in visitor.get("second_factor.edit_factor").text
    _, codes = set_up(visitor, session)
    assert visitor.get("leads.list_leads").status == 200
    assert visitor.post("second_factor.turn_off", {"code": codes[0]}).location == "/account/second-factor"
    assert session.get(Authenticator, ada.id) is not None


def test_it_can_be_turned_off_with_a_code(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    browser = browser_as(ann)
    _, codes = set_up(browser, session)
    assert browser.post("second_factor.turn_off", {"code": "000000"}).status == 422
    assert browser.post("second_factor.turn_off", {"code": codes[0]}).follow().flash == "Second factor turned off."
    assert session.scalars(select(RecoveryCode)).all() == []


def test_an_admin_removes_a_lost_one_and_history_says_so(
    browser_as: BrowserAs, visitor: Browser, ada: Employee, ann: Employee, session: Session
) -> None:
    has_factor(session, ann)
    hers = browser_as(ann)
    page = browser_as(ada).get("employees.edit_employee", employee_id=ann.id)
    done = page.button("Remove second factor").follow()
    assert done.flash.startswith("Second factor removed.")
    assert "via web Second factorfrom yes → to no" in done.text
    assert hers.get("auth.show_account").status == 303
    assert enter_password(visitor, ann).location == "/today"


def test_a_new_device_is_told_and_all_others_are_signed_out_at_once(
    visitor: Browser, ann: Employee, session: Session
) -> None:
    enter_password(visitor, ann)
    assert "New device" not in visitor.get("auth.show_account").text
    other = Browser(visitor.app)
    enter_password(other, ann)
    page = other.get("auth.show_account")
    assert page.text.count("New device") == 1
    assert page.button("Sign out all other sessions").follow().flash == "All other sessions signed out."
    assert visitor.get("auth.show_account").status == 303
    assert other.get("auth.show_account").status == 200
    enter_password(visitor, ann)
    assert session.scalars(select(SignIn.is_new_device).order_by(SignIn.id)).all() == [False, True, False]
