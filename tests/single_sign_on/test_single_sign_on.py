"""Signing in with an identity provider: who is let in, as what, and what is refused."""

import secrets
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_web.auth.password_links.operations import create_link
from crm_web.core.config import ConfigurationError, load_settings
from crm_web.core.extensions import db
from crm_web.core.request_log import TRUSTED_USER, TrustedProxies
from crm_web.models import Authenticator, Employee, EmployeeIdentity, Role
from tests.databases import PASSWORD
from tests.factories import make_lead
from tests.page import Browser
from tests.single_sign_on.coming_in import ANN, NEW, ROLES, Configure, come_back, complaint, go_to_provider, who
from tests.single_sign_on.fake_provider import FakeProvider


def test_somebody_known_by_email_comes_in_and_stays_known(
    configure: Configure, provider: FakeProvider, visitor: Browser, ann: Employee, session: Session
) -> None:
    assert visitor.get("auth.show_sign_in").one("a.btn-primary").get_text() == "Sign in with single sign-on"
    page = come_back(visitor, provider, **ANN)
    assert (page.status, page.location) == (303, "/leads?status=new")
    assert who(visitor) == "ann@piper.example"
    # From now on the provider's id counts, whatever the email has become.
    other = Browser(visitor.app)
    come_back(other, provider, **(ANN | {"email": "bob@piper.example"}))
    assert who(other) == "ann@piper.example"
    assert session.scalars(select(EmployeeIdentity.employee_id)).all() == [ann.id]


def test_an_email_that_the_provider_does_not_vouch_for_opens_nothing(
    configure: Configure, provider: FakeProvider, visitor: Browser
) -> None:
    for verified in (False, None, "true"):
        page = come_back(visitor, provider, **(ANN | {"email_verified": verified}))
        assert "You don’t have an account in Piper CRM yet" in complaint(visitor, page)
    configure(oidc_trusts_emails=True)
    come_back(visitor, provider, **(ANN | {"email_verified": None}))
    assert who(visitor) == "ann@piper.example"


def test_a_provider_with_short_tokens_is_asked_for_the_rest(
    configure: Configure, provider: FakeProvider, visitor: Browser
) -> None:
    provider.more_claims = {"email": "ann@piper.example", "email_verified": True}
    come_back(visitor, provider, sub="u-ann")
    assert who(visitor) == "ann@piper.example"
    provider.more_claims["sub"] = "u-other"
    other = Browser(visitor.app)
    assert "You were not signed in" in complaint(other, come_back(other, provider, sub="u-ann"))


def test_an_email_given_to_somebody_else_opens_nothing(
    configure: Configure, provider: FakeProvider, visitor: Browser
) -> None:
    come_back(Browser(visitor.app), provider, **ANN)
    page = come_back(visitor, provider, **(ANN | {"sub": "u-successor"}))
    assert "Your email belongs to someone else here" in complaint(visitor, page)


def test_people_are_added_where_that_is_allowed(
    configure: Configure, provider: FakeProvider, visitor: Browser, session: Session
) -> None:
    page = come_back(visitor, provider, **NEW)
    assert "You don’t have an account" in complaint(visitor, page)
    configure(oidc_creates_employees=True, oidc_default_role="viewer")
    come_back(visitor, provider, **NEW)
    assert who(visitor) == "new@piper.example"
    added = session.scalars(select(Employee).where(Employee.email == "new@piper.example")).one()
    assert (added.name, added.role, added.password_hash) == ("Nia New", Role.VIEWER, None)


def test_groups_give_roles_each_time(
    configure: Configure, provider: FakeProvider, visitor: Browser, session: Session, ann: Employee
) -> None:
    configure(**ROLES)
    assert "None of your groups" in complaint(visitor, come_back(visitor, provider, **ANN, groups=["others"]))
    for groups, role in ((["crm readers", "crm admins"], Role.ADMIN), (["crm sales"], Role.SALES)):
        come_back(Browser(visitor.app), provider, **ANN, groups=groups)
        session.refresh(ann)
        assert ann.role is role
    # Who owns records can't stop selling before somebody else owns them, and is not let in with rights that are over.
    make_lead(session, owner_id=ann.id)
    page = come_back(visitor, provider, **ANN, groups=["crm readers"])
    assert "Ask an admin to choose a new owner" in complaint(visitor, page)


def test_a_deactivated_account_stays_closed(
    configure: Configure, provider: FakeProvider, visitor: Browser, session: Session, ann: Employee
) -> None:
    ann.is_active = False
    session.commit()
    assert "Your account is deactivated" in complaint(visitor, come_back(visitor, provider, **ANN))


@pytest.mark.parametrize(
    "spoiled",
    [
        {"aud": "another-app"},
        {"iss": "https://elsewhere.example"},
        {"nonce": "of another browser"},
        {"exp": 1},
        {"sub": None},
    ],
)
def test_a_token_for_others_or_of_old_opens_nothing(
    configure: Configure, provider: FakeProvider, visitor: Browser, spoiled: dict[str, Any]
) -> None:
    page = come_back(visitor, provider, **(ANN | spoiled))
    assert "You were not signed in" in complaint(visitor, page)


def test_a_way_back_works_once_and_in_its_own_browser(
    configure: Configure, provider: FakeProvider, visitor: Browser
) -> None:
    provider.claims = ANN
    back = provider.approve(go_to_provider(visitor))
    thief = Browser(visitor.app)
    assert "You were not signed in" in complaint(thief, thief.open(back))
    visitor.open(back)
    assert who(visitor) == "ann@piper.example"
    visitor.post("auth.sign_out")
    assert "You were not signed in" in complaint(visitor, visitor.open(back))
    # Another provider that answers in this one's place (mix-up) is told by its name.
    mixed = provider.approve(go_to_provider(visitor)) + "&iss=https://elsewhere.example"
    assert "You were not signed in" in complaint(visitor, visitor.open(mixed))
    refused = visitor.open("/sign-in/provider/back?error=access_denied&state=x")
    assert "You were not signed in" in complaint(visitor, refused)


def test_a_provider_that_calls_itself_otherwise_opens_nothing_on_any_instance(
    configure: Configure, provider: FakeProvider, visitor: Browser
) -> None:
    back = provider.approve(go_to_provider(visitor))
    # The browser comes back to an instance that has not asked the provider about itself yet.
    visitor.app.extensions.pop("single_sign_on")
    provider.name = "https://elsewhere.example"
    provider.claims = ANN | {"iss": provider.name}
    assert "You were not signed in" in complaint(visitor, visitor.open(back))


def test_clocks_may_be_a_minute_apart_and_keys_may_change(
    configure: Configure, provider: FakeProvider, visitor: Browser
) -> None:
    for provider.clock in (60, -360):
        come_back(Browser(visitor.app), provider, **ANN)
    provider.clock = 0
    provider.rotate()
    come_back(visitor, provider, **ANN)
    assert who(visitor) == "ann@piper.example"


def test_a_provider_that_is_away_is_said_and_passwords_go_on(
    configure: Configure, provider: FakeProvider, visitor: Browser
) -> None:
    provider.is_away = True
    page = visitor.get("single_sign_on.begin")
    assert "single sign-on can’t be reached" in complaint(visitor, page)
    visitor.post("auth.sign_in", {"email": "ann@piper.example", "password": "piper-demo"})
    assert who(visitor) == "ann@piper.example"


def test_the_provider_signs_people_out(
    configure: Configure, provider: FakeProvider, visitor: Browser, browser_as: Callable[[Employee], Browser]
) -> None:
    desk, phone, provider_itself = visitor, Browser(visitor.app), Browser(visitor.app)
    come_back(desk, provider, **ANN, sid="s-desk")
    come_back(phone, provider, **ANN, sid="s-phone")

    def say(token: str) -> int:
        return provider_itself.client.post("/sign-in/provider/signed-out", data={"logout_token": token}).status_code

    for refused in (
        provider.sign_out(sid="s-desk", aud="another-app"),
        provider.sign_out(sid="s-desk", nonce="x"),
        provider.sign_out(),
        provider.sign(sub="u-ann"),
        "nonsense",
        "",
    ):
        assert say(refused) == 400
    assert who(desk)
    assert say(provider.sign_out(sid="s-desk", sub="u-ann")) == 200
    assert (who(desk), who(phone)) == (None, "ann@piper.example")
    assert say(provider.sign_out(sub="u-ann")) == 200
    assert who(phone) is None


def test_passwords_can_be_switched_off_but_for_one(configure: Configure, visitor: Browser) -> None:
    configure(password_sign_in=False, break_glass_email="ada@piper.example")
    page = visitor.get("auth.show_sign_in")
    assert not page.soup.select("#password")
    assert visitor.get("auth.show_sign_in", password=1).soup.select("#password")
    refused = visitor.post("auth.sign_in", {"email": "ann@piper.example", "password": "piper-demo"})
    assert refused.errors == {"": "Passwords are switched off here. Sign in with single sign-on."}
    assert visitor.post("auth.sign_in", {"email": "Ada@piper.example", "password": "piper-demo"}).status == 303
    assert who(visitor) == "ada@piper.example"


def test_without_a_provider_there_is_none(visitor: Browser) -> None:
    assert "Sign in with single sign-on" not in visitor.get("auth.show_sign_in").text
    for path in ("/sign-in/provider", "/sign-in/provider/back", "/sign-in/proxy"):
        assert visitor.open(path).status == 404
    assert visitor.client.post("/sign-in/provider/signed-out").status_code == 404


def test_a_trusted_proxy_says_who_it_is_and_nobody_else(app: Flask, visitor: Browser) -> None:
    given = {"DATABASE_URL": "postgresql://db/x", "SECRET_KEY": "x" * 32, "TRUSTED_USER_HEADER": "Remote-Email"}
    settings = load_settings(given | {"TRUSTED_PROXIES": "10.0.0.5"})
    seen: list[Any] = []

    def note(environ: Any, _start: Any) -> list[bytes]:
        seen.append((environ.get(TRUSTED_USER), environ.get("HTTP_REMOTE_EMAIL")))
        return []

    middleware: Any = TrustedProxies(note, settings.trusted_proxies, settings.trusted_user_header)
    for address in ("10.0.0.5", "10.0.0.6"):
        middleware({"REMOTE_ADDR": address, "HTTP_REMOTE_EMAIL": "ann@piper.example"}, None)
    assert seen == [("ann@piper.example", None), (None, None)]

    visitor.client.environ_base[TRUSTED_USER] = "Ann@piper.example"
    to_proxy = visitor.open("/sign-in?next=/leads")
    assert to_proxy.location == "/sign-in/proxy?next=/leads"
    assert visitor.open("/sign-in/proxy?next=/leads").location == "/leads"
    assert who(visitor) == "ann@piper.example"
    stranger = Browser(app)
    stranger.client.environ_base[TRUSTED_USER] = "stranger@piper.example"
    assert "You don’t have an account" in complaint(stranger, stranger.open("/sign-in/proxy"))


def test_wrong_settings_stop_the_start() -> None:
    own = {"DATABASE_URL": "postgresql://db/x", "SECRET_KEY": "x" * 32}
    for name, value in (
        ("OIDC_ISSUER", "http://login.example.com"),
        ("OIDC_ROLES", "crm=boss"),
        ("OIDC_DEFAULT_ROLE", "boss"),
        ("TRUSTED_USER_HEADER", "Remote Email"),
    ):
        with pytest.raises(ConfigurationError, match=name):
            load_settings(own | {name: value})
    read = load_settings(own | {"OIDC_ROLES": "CN=CRM Admins=admin, sales = sales"})
    assert read.oidc_roles == {"CN=CRM Admins": "admin", "sales": "sales"}


def test_the_clock_of_the_instance_counts_for_nothing(
    configure: Configure, provider: FakeProvider, visitor: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, here = time.time, threading.get_ident()
    for apart in (2, 60, 600, -600, -2):
        # Only this thread is the instance; the provider answers in one of its own.
        monkeypatch.setattr(time, "time", lambda by=apart: real() + by * (threading.get_ident() == here))
        browser = Browser(visitor.app)
        come_back(browser, provider, **ANN, sid="s-1")
        assert who(browser) == "ann@piper.example", apart
        # This message is signed in this thread.
        provider.clock = -apart
        said = browser.client.post("/sign-in/provider/signed-out", data={"logout_token": provider.sign_out(sid="s-1")})
        assert (said.status_code, who(browser)) == (200, None), apart
        provider.clock = 600
        assert "You were not signed in" in complaint(browser, come_back(browser, provider, **ANN))
        provider.clock = 0


def test_each_tab_comes_back_to_its_own_page(configure: Configure, provider: FakeProvider, visitor: Browser) -> None:
    provider.claims = ANN
    first = provider.approve(go_to_provider(visitor, "/leads"))
    second = provider.approve(go_to_provider(visitor, "/customers"))
    assert visitor.open(first).location == "/leads"
    # By now this browser is signed in; the second tab has nothing to complain of.
    late = visitor.open(second)
    assert (late.location, late.follow().flash) == ("/today", "")
    assert who(visitor) == "ann@piper.example"


def test_ways_to_the_provider_that_nobody_finished_dont_lock_out(
    configure: Configure, provider: FakeProvider, visitor: Browser
) -> None:
    """A browser drops a cookie above 4 KB, and then knows nothing of the last attempt."""
    for number in range(12):
        sent = visitor.client.get(f"/sign-in/provider?next=/leads?q={number}{secrets.token_hex(400)}")
        assert all(len(cookie) < 4000 for cookie in sent.headers.getlist("Set-Cookie")), number
    assert visitor.open(provider.approve(go_to_provider(visitor, "/leads"))).status == 303
    provider.claims = ANN
    assert visitor.open(provider.approve(go_to_provider(visitor, "/leads"))).location == "/leads"


def test_the_providers_own_factor_counts_and_a_password_needs_one(
    configure: Configure, provider: FakeProvider, visitor: Browser, session: Session, ann: Employee
) -> None:
    configure(second_factor_roles=("sales",))
    session.add(Authenticator(employee_id=ann.id, secret="JBSWY3DPEHPK3PXP", last_step=0))
    session.execute(update(Employee).where(Employee.id == ann.id).values(has_second_factor=True))
    session.commit()
    assert come_back(visitor, provider, **ANN).location == "/leads?status=new"
    assert visitor.get("leads.list_leads").status == 200
    typing = Browser(visitor.app)
    asked = typing.post("auth.sign_in", {"email": ann.email, "password": PASSWORD})
    assert str(asked.location).startswith("/sign-in/code")
    assert typing.get("leads.list_leads").status == 303


def test_a_link_sets_no_password_where_passwords_are_off(
    configure: Configure, visitor: Browser, session: Session, ann: Employee
) -> None:
    """It may be a week old, and made before they were switched off."""
    with visitor.app.app_context():
        token = create_link(session.merge(ann), lasts=timedelta(days=7))
        db.session.commit()
    page = visitor.get("password_links.edit_password", link=token)
    assert page.status == 200
    configure(password_sign_in=False, break_glass_email="ada@piper.example")
    typed = {"password": "correct horse battery", "repeated_password": "correct horse battery"}
    assert page.form().fill(**typed).submit().status == 410
    assert visitor.get("password_links.edit_password", link=token).status == 410
    assert who(visitor) is None
    configure(password_sign_in=False, break_glass_email=ann.email)
    assert page.form().fill(**typed).submit().status == 303


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example", "/\\evil.example", "/%09/evil.example\t"])
def test_no_way_in_leads_elsewhere(configure: Configure, provider: FakeProvider, visitor: Browser, place: str) -> None:
    provider.claims = ANN
    assert visitor.open(provider.approve(go_to_provider(visitor, place))).location == "/today"
    proxied = Browser(visitor.app)
    proxied.client.environ_base[TRUSTED_USER] = "ann@piper.example"
    to_proxy = proxied.get("auth.show_sign_in", next=place)
    assert str(to_proxy.location).startswith("/sign-in/proxy?")
    assert to_proxy.follow().location == "/today"


def test_a_session_ends_when_the_proxy_names_somebody_else(visitor: Browser) -> None:
    visitor.client.environ_base[TRUSTED_USER] = "ann@piper.example"
    visitor.open("/sign-in/proxy")
    assert who(visitor) == "ann@piper.example"
    visitor.client.environ_base[TRUSTED_USER] = "Bob@piper.example"
    assert visitor.get("leads.list_leads").location == "/sign-in?next=/leads"
    assert visitor.open("/sign-in?next=/leads").follow().location == "/leads"
    assert who(visitor) == "bob@piper.example"
