"""Passkeys: adding them, signing in with them alone or after the password, what is refused, and losing them."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from crm_web.auth.relying_party import find_relying_party
from crm_web.core.config import Settings
from crm_web.models import Employee, Passkey, PasskeyChallenge, RecoveryCode, SignIn, SignInFailures, SignInMethod
from tests.auth.device import VERIFIED, Device
from tests.auth.test_second_factor import enter_password
from tests.auth.test_second_factor import set_up as set_up_app
from tests.databases import PASSWORD
from tests.factories import make_passkey
from tests.page import Browser, Page
from tests.worker.run import run_worker

BrowserAs = Callable[[Employee], Browser]
NOT_ACCEPTED = "This passkey wasn’t accepted. Try again, or sign in another way."
NOT_KNOWN = "This passkey is unknown or was removed. Sign in another way."
TOO_LATE = "That took too long. Try again."


def ask_to_add(browser: Browser, name: str = "Laptop") -> Page:
    form = browser.get("passkeys.list_passkeys").form("/account/passkeys")
    return form.fill(name=name, current_password=PASSWORD).submit()


def add(browser: Browser, device: Device, name: str = "Laptop") -> Page:
    """Add the passkey of a device as the script on the page would."""
    page = ask_to_add(browser, name)
    return page.form().fill(answer=device.create(options_of(page))).submit()


def options_of(page: Page) -> str:
    return str(page.one("form[data-passkey]")["data-options"])


def sign_in(browser: Browser, device: Device) -> Page:
    page = browser.post("passkeys.begin_sign_in")
    return page.form().fill(answer=device.sign(options_of(page))).submit()


def refusal(browser: Browser, device: Device) -> str:
    """What the sign-in page says after a passkey was refused."""
    answer = sign_in(browser, device)
    assert answer.location == "/sign-in"
    return answer.follow().flash


@pytest.fixture
def device(browser_as: BrowserAs, ann: Employee) -> Device:
    """A device with Ann's first passkey."""
    device = Device()
    add(browser_as(ann), device)
    return device


def test_one_is_added_and_lets_in_without_password_and_code(
    browser_as: BrowserAs, visitor: Browser, ann: Employee, session: Session
) -> None:
    elsewhere, here, device = browser_as(ann), browser_as(ann), Device()
    shown = add(here, device)
    assert (shown.h1, len(shown.soup.select("main code"))) == ("Your recovery codes", 10)
    assert elsewhere.get("auth.show_account").status == 303
    assert here.get("passkeys.list_passkeys").table[0]["Name"] == "Laptop"
    assert sign_in(visitor, device).location == "/today"
    assert visitor.get("leads.list_leads").status == 200
    page = visitor.get("passkeys.list_passkeys")
    assert page.table[0]["Last used"] != "Never"
    signed_in = session.scalars(select(SignIn).order_by(SignIn.id.desc())).first()
    assert signed_in and (signed_in.method, signed_in.is_new_device) == (SignInMethod.PASSKEY, True)
    second = add(visitor, Device(counts=False), "Phone").follow()
    assert (second.flash, [row["Name"] for row in second.table]) == ("Passkey “Phone” added.", ["Laptop", "Phone"])
    assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 10
    assert session.scalar(select(func.count()).select_from(PasskeyChallenge)) == 0


def test_it_is_the_second_factor_as_well(visitor: Browser, ann: Employee, device: Device) -> None:
    asked = enter_password(visitor, ann).follow()
    assert "Use your passkey, or one of your recovery codes." in asked.text
    assert visitor.get("leads.list_leads").status == 303
    page = asked.button("Use a passkey")
    assert page.form().fill(answer=device.sign(options_of(page))).submit().location == "/today"
    assert visitor.get("leads.list_leads").status == 200


def test_a_role_that_needs_a_factor_may_choose_a_passkey(
    app: Flask, visitor: Browser, ada: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: Settings = app.config["SETTINGS"]
    monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update={"second_factor_roles": ("admin",)}))
    enter_password(visitor, ada)
    assert visitor.get("leads.list_leads").location == "/account/second-factor"
    visitor.get("second_factor.edit_factor").click("Use a passkey")
    add(visitor, Device())
    assert visitor.get("leads.list_leads").status == 200
    asked = visitor.open(visitor.get("passkeys.list_passkeys").link("Remove passkey Laptop"))
    refused = asked.form().fill(current_password=PASSWORD).submit()
    assert (refused.status, "You need a second factor." in refused.text) == (422, True)


def test_nothing_is_accepted_twice_late_from_elsewhere_or_unverified(
    visitor: Browser, device: Device, session: Session
) -> None:
    page = visitor.post("passkeys.begin_sign_in")
    answer = device.sign(options_of(page))
    assert page.form().fill(answer=answer).submit().location == "/today"
    thief = Browser(visitor.app)
    theirs = thief.post("passkeys.begin_sign_in")
    # The same answer to another challenge, then the same one again, whose challenge is used up.
    assert theirs.form().fill(answer=answer).submit().follow().flash == NOT_ACCEPTED
    assert theirs.form().fill(answer=device.sign(options_of(theirs))).submit().follow().flash == TOO_LATE
    device.origin = "https://crm.example.evil.example"
    assert refusal(thief, device) == NOT_ACCEPTED
    device.origin, device.flags = "https://crm.example", device.flags & ~VERIFIED
    assert refusal(thief, device) == NOT_ACCEPTED
    device.flags |= VERIFIED
    # A copy of the device, which knows nothing of the uses since.
    device.uses = 0
    assert refusal(thief, device) == NOT_ACCEPTED
    device.uses = 9
    late = thief.post("passkeys.begin_sign_in")
    session.execute(update(PasskeyChallenge).values(expires_at=text("now()")))
    session.commit()
    assert late.form().fill(answer=device.sign(options_of(late))).submit().follow().flash == TOO_LATE
    for nonsense in ("", "[]", "{", '{"id": "x"}', "[" * 20_000):
        page = thief.post("passkeys.begin_sign_in")
        assert page.form().fill(answer=nonsense).submit().follow().flash == NOT_ACCEPTED
    assert thief.get("leads.list_leads").status == 303
    assert sign_in(thief, device).location == "/today"


def test_a_removed_one_is_refused(
    browser_as: BrowserAs, visitor: Browser, ann: Employee, device: Device, session: Session
) -> None:
    hers = browser_as(ann)
    asked = hers.open(hers.get("passkeys.list_passkeys").link("Remove passkey Laptop"))
    assert asked.form().fill(current_password="other").submit().status == 422
    assert asked.form().fill(current_password=PASSWORD).submit().follow().flash == "Passkey “Laptop” removed."
    assert hers.get("auth.show_account").status == 200
    assert refusal(visitor, device) == NOT_KNOWN
    # It was the only factor.
    assert enter_password(visitor, ann).location == "/today"
    assert session.scalars(select(RecoveryCode)).all() == []


def test_an_app_outlives_the_passkeys(browser_as: BrowserAs, ann: Employee, session: Session) -> None:
    hers = browser_as(ann)
    set_up_app(hers, session)
    add(hers, Device())
    hers.open(hers.get("passkeys.list_passkeys").link("Remove passkey Laptop")).form().fill(
        current_password=PASSWORD
    ).submit()
    session.refresh(ann)
    assert ann.has_second_factor
    assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 10


def test_an_admin_removes_a_lost_one(
    browser_as: BrowserAs, visitor: Browser, ada: Employee, ann: Employee, device: Device, session: Session
) -> None:
    other, hers = make_passkey(session, ann, name="Phone"), browser_as(ann)
    page = browser_as(ada).get("employees.edit_employee", employee_id=ann.id).click("Passkeys")
    done = page.button("Remove passkey Laptop").follow()
    assert done.flash == "Passkey “Laptop” removed. Ann Keller was signed out everywhere."
    assert hers.get("auth.show_account").status == 303
    assert refusal(visitor, device) == NOT_KNOWN
    assert browser_as(ann).post("passkeys.remove_theirs", passkey_id=other.id).status == 403
    browser_as(ada).get("employees.edit_employee", employee_id=ann.id).button("Remove second factor")
    assert session.scalars(select(Passkey)).all() == []


def test_others_deactivated_people_and_those_without_passwords_are_refused(
    app: Flask,
    browser_as: BrowserAs,
    visitor: Browser,
    ann: Employee,
    bob: Employee,
    device: Device,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passkey_id = session.scalars(select(Passkey.id)).one()
    assert browser_as(bob).post("passkeys.remove_passkey", passkey_id=passkey_id).status == 404
    stranger = Device()
    stranger.handle = device.handle
    assert refusal(visitor, stranger) == NOT_KNOWN
    settings: Settings = app.config["SETTINGS"]
    with monkeypatch.context() as patch:
        patch.setitem(app.config, "SETTINGS", settings.model_copy(update={"password_sign_in": False}))
        assert refusal(visitor, device) == "Passkeys are switched off here. Sign in with single sign-on."
    session.execute(update(Employee).where(Employee.id == ann.id).values(is_active=False))
    session.commit()
    assert refusal(visitor, device) == "Your account is deactivated. Ask an admin to reactivate it."


def test_adding_one_needs_the_password_and_a_challenge_of_its_own(
    browser_as: BrowserAs, ann: Employee, session: Session
) -> None:
    hers, device = browser_as(ann), Device()
    page = hers.get("passkeys.list_passkeys").form("/account/passkeys").fill(name="", current_password="no").submit()
    assert (page.status, list(page.errors)) == (422, ["name"])
    page = hers.get("passkeys.list_passkeys").form("/account/passkeys").fill(name="A", current_password="no").submit()
    assert (page.status, list(page.errors)) == (422, ["current_password"])
    asked = hers.post("passkeys.begin_sign_in")
    stolen = options_of(asked)[:-1] + ', "rp": {"id": "crm.example"}, "user": {"id": ""}}'
    assert hers.post("passkeys.add_passkey", {"answer": device.create(stolen)}).follow().flash == TOO_LATE
    page = ask_to_add(hers)
    device.origin = "https://evil.example"
    assert page.form().fill(answer=device.create(options_of(page))).submit().follow().flash == NOT_ACCEPTED
    assert session.scalars(select(Passkey)).all() == []


def test_attempts_are_throttled_across_instances_and_successes_dont_count(
    visitor: Browser, device: Device, session: Session
) -> None:
    for _ in range(2):
        sign_in(Browser(visitor.app), device)
    counts = select(SignInFailures.count).where(SignInFailures.key == "passkey:127.0.0.1")
    assert session.scalar(counts) == 0
    session.execute(update(SignInFailures).where(SignInFailures.key == "passkey:127.0.0.1").values(count=50))
    session.commit()
    answer = visitor.post("passkeys.begin_sign_in")
    assert (answer.location, answer.follow().flash) == (
        "/sign-in",
        "Too many attempts. Wait 15 minutes, then try again.",
    )


def test_challenges_that_nobody_answers_go(app: Flask, visitor: Browser, session: Session) -> None:
    visitor.post("passkeys.begin_sign_in")
    session.execute(update(PasskeyChallenge).values(expires_at=text("now()")))
    session.commit()
    run_worker(app)
    assert session.scalars(select(PasskeyChallenge)).all() == []


@pytest.mark.parametrize(
    ("site_url", "origin"),
    [
        ("https://CRM.example/", "https://crm.example"),
        ("https://crm.example:443", "https://crm.example"),
        ("https://bücher.example:8443", "https://xn--bcher-kva.example:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://crm.example", None),
        ("https://10.0.0.5", None),
        ("https://[::1]", None),
        ("", None),
        ("https://crm..example", None),
        ("https://crm.example:99999", None),
    ],
)
def test_they_belong_to_the_public_address(app: Flask, site_url: str, origin: str | None) -> None:
    settings: Settings = app.config["SETTINGS"]
    site = find_relying_party(settings.model_copy(update={"site_url": site_url}))
    assert (site and site.origin) == origin


def test_without_an_address_none_are_offered(
    app: Flask, browser_as: BrowserAs, visitor: Browser, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: Settings = app.config["SETTINGS"]
    monkeypatch.setitem(app.config, "SETTINGS", settings.model_copy(update={"site_url": ""}))
    assert "asskey" not in visitor.get("auth.show_sign_in").text
    assert "asskey" not in browser_as(ann).get("auth.show_account").text
    assert "aren’t available here" in browser_as(ann).get("passkeys.list_passkeys").text
    assert visitor.post("passkeys.begin_sign_in").status == 404
