"""What a provider sends that is forged, comes again, or is not what an app expects."""

import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.page import Browser
from tests.single_sign_on.coming_in import ANN, ROLES, Configure, come_back, complaint, go_to_provider, who
from tests.single_sign_on.fake_provider import SIGNED_OUT, FakeProvider

ADA: dict[str, Any] = {"sub": "u-ada", "email": "ada@piper.example", "email_verified": True}
NEW: dict[str, Any] = {"sub": "u-new", "email": "new@piper.example", "email_verified": True, "name": "Nia New"}


def say(app: Flask, token: str) -> int:
    """Give the app a message of signing out; anybody can."""
    return app.test_client().post("/sign-in/provider/signed-out", data={"logout_token": token}).status_code


@pytest.mark.parametrize("named", [["RS256"], ["none", "HS256", "RS256"], ["none"], []])
@pytest.mark.filterwarnings("ignore:JWS algorithm")
def test_only_the_providers_own_key_signs_whatever_it_offers_others(
    configure: Configure, provider: FakeProvider, visitor: Browser, named: list[str]
) -> None:
    provider.algorithms = named
    public = provider.key.as_pem(private=False)
    for algorithm, key in (("none", b""), ("HS256", public), ("HS256", b"hush")):
        back = provider.approve(go_to_provider(visitor))
        nonce = next(iter(provider._asked.values()))["nonce"]
        provider.forged = provider.forge(algorithm, key, **ANN, nonce=nonce)
        assert "You were not signed in" in complaint(visitor, visitor.open(back))
        message = provider.forge(algorithm, key, sub="u-ann", jti="x", events={SIGNED_OUT: {}})
        assert say(visitor.app, message) == 400
    provider.forged = ""
    come_back(visitor, provider, **ANN)
    assert who(visitor) == "ann@piper.example"


def test_a_message_of_signing_out_that_comes_again_ends_nothing_new(
    configure: Configure, provider: FakeProvider, visitor: Browser
) -> None:
    come_back(visitor, provider, **ANN, sid="s-desk")
    an_hour_ago = int(time.time()) - 3600
    for whom in ({"sub": "u-ann"}, {"sid": "s-desk"}):
        assert say(visitor.app, provider.sign_out(**whom, iat=an_hour_ago, exp=None)) == 200
    assert who(visitor) == "ann@piper.example"


def test_messages_with_unknown_keys_dont_have_the_provider_asked_each_time(
    configure: Configure, provider: FakeProvider, visitor: Browser
) -> None:
    come_back(visitor, provider, **ANN)
    known, provider.keys_given = provider.key, 0
    provider.rotate()
    forged = provider.sign_out(sub="u-ann")
    provider.key = known
    assert [say(visitor.app, forged) for _ in range(5)] == [400] * 5
    assert provider.keys_given == 1
    assert say(visitor.app, provider.sign_out(sub="u-ann")) == 200


@pytest.mark.parametrize(
    "message",
    [{"sid": 5}, {"sub": {"a": 1}}, {"sub": "a\x00"}, {"sub": ""}, {"sub": "u-ann", "events": SIGNED_OUT}],
)
def test_a_message_of_signing_out_may_hold_anything(
    configure: Configure, provider: FakeProvider, visitor: Browser, message: dict[str, Any]
) -> None:
    assert say(visitor.app, provider.sign_out(**message)) == (200 if message == {"sid": 5} else 400)


@pytest.mark.parametrize(
    ("said", "name", "email"),
    [
        ({"name": " " + "N" * 500}, "N" * 300, "new@piper.example"),
        ({"name": "a\x00b"}, "new@piper.example", "new@piper.example"),
        ({"name": {"given": "Nia"}}, "new@piper.example", "new@piper.example"),
        ({"email": "nobody"}, None, None),
        ({"email": "x" * 400 + "@piper.example"}, None, None),
        ({"email": ["ann@piper.example"]}, None, None),
        ({"email": "a\x00@piper.example"}, None, None),
        ({"sid": "s" * 400}, "Nia New", "new@piper.example"),
        ({"sid": 5}, "Nia New", "new@piper.example"),
    ],
)
def test_what_a_provider_says_of_somebody_may_be_anything(
    configure: Configure,
    provider: FakeProvider,
    visitor: Browser,
    session: Session,
    said: dict[str, Any],
    name: str | None,
    email: str | None,
) -> None:
    configure(oidc_creates_employees=True, oidc_default_role="viewer")
    come_back(visitor, provider, **(NEW | said))
    assert who(visitor) == email
    assert session.scalar(select(Employee.name).order_by(Employee.id.desc()).limit(1)) == (name or "Vera Rossi")


@pytest.mark.parametrize("subject", ["s" * 400, "a\x00", " "])
def test_an_id_that_can_not_be_kept_opens_nothing(
    configure: Configure, provider: FakeProvider, visitor: Browser, subject: str
) -> None:
    page = come_back(visitor, provider, **(ANN | {"sub": subject}))
    assert "You were not signed in" in complaint(visitor, page)


def test_one_email_is_not_verified_by_what_is_said_of_another(
    configure: Configure, provider: FakeProvider, visitor: Browser
) -> None:
    provider.more_claims = {"email": "mine@elsewhere.example", "email_verified": True}
    page = come_back(visitor, provider, sub="u-x", email="ann@piper.example")
    assert "You don’t have an account" in complaint(visitor, page)
    provider.more_claims = {"email": "ann@piper.example"}
    page = come_back(visitor, provider, sub="u-y", email_verified=True)
    assert "You don’t have an account" in complaint(visitor, page)


def test_the_last_admin_whom_the_provider_demotes_is_told_who_can_help(
    configure: Configure, provider: FakeProvider, visitor: Browser, session: Session, ada: Employee
) -> None:
    configure(**ROLES)
    page = come_back(visitor, provider, **ADA, groups=["crm sales"])
    assert "Have your identity provider name one" in complaint(visitor, page)
    session.refresh(ada)
    assert ada.role == "admin"
