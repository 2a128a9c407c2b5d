"""The identity provider: OpenID Connect with discovery, PKCE and nonce, by Authlib."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import current_app, redirect, request, session
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from crm_web.core.config import current_settings
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.single_sign_on.identities import Identity, SignedOut, make_identity, read_session, read_subject

SECONDS_TO_ANSWER = 5
CLOCKS_APART = 120
"""How many seconds the provider's clock may be ahead of ours or behind it."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""How a provider may sign: with a key that only it has. Some also offer ``none`` or a shared secret to other apps."""
SECONDS_BETWEEN_KEYS = 10
"""How soon keys are fetched again for a message that names an unknown one, which anybody can send."""
EMAIL = ("email", "email_verified")
SIGNED_OUT = "http://schemas.openid.net/event/backchannel-logout"
SCOPE = "openid email profile"
CLIENT = "provider"
SIGNED_WITH = "id_token_signing_alg_values_supported"
KEYS_FETCHED = "single_sign_on_keys_fetched"
PENDING = f"_state_{CLIENT}_"
"""What Authlib's values in the session begin with: one for each tab that was sent to the provider."""
MOST_PENDING, LONGEST_PLACE = 2000, 1000
"""How many characters of the session they take, and the longest URL that one of them keeps."""


class SignInNotCompleted(DomainError):
    """The provider refused, or its answer proves nothing."""


class ProviderUnavailable(DomainError):
    """The provider can't be reached."""


def begin(callback: str, place: str | None) -> Response:
    """Send the browser to the provider.

    :param callback: the URL to which the provider sends it back
    :param place: the URL to go to once they are in; each tab has its own
    :raise ProviderUnavailable: if it can't be reached
    :raise SignInNotCompleted: if its description of itself is wrong
    """
    with _in_words():
        client = _client()
        asked = client.create_authorization_url(callback)
        url: str = asked.pop("url")
        short = place if place and len(place) <= LONGEST_PLACE else None
        client.save_authorize_data(redirect_uri=callback, place=short, **asked)
        _forget_oldest()
    return redirect(url)


def _forget_oldest() -> None:
    """Forget ways to the provider that nobody finished: browsers drop a cookie above 4 KB, and keep the one before."""
    pending = sorted((name for name in session if name.startswith(PENDING)), key=lambda name: session[name]["exp"])
    for name in pending[:-1]:
        if len(json.dumps([session[left] for left in session if left.startswith(PENDING)])) > MOST_PENDING:
            session.pop(name)


def complete() -> tuple[Identity, str | None]:
    """Read whom the provider vouches for, from the request with which it sends the browser back.

    :return: the person, and the ``place`` that ``begin`` was given
    :raise ProviderUnavailable: if it can't be reached
    :raise SignInNotCompleted: if it refused, or the answer is not meant for this browser, this app or this moment
    """
    with _in_words():
        # A provider that names itself must be the one that was asked (RFC 9207).
        if request.args.get("iss", current_settings().oidc_issuer) != current_settings().oidc_issuer:
            raise ValueError("another provider answered")
        client = _client()
        known = client.framework.get_state_data(session, request.args.get("state")) or {}
        token = client.authorize_access_token(leeway=CLOCKS_APART, claims_cls=_claims_by_our_clock(client))
        return _read_identity(_complete_claims(token)), known.get("place")


def read_sign_out(logout_token: str) -> SignedOut:
    """Check a message by which the provider signs somebody out (OpenID Connect Back-Channel Logout 1.0).

    :raise ProviderUnavailable: if its keys can't be fetched
    :raise SignInNotCompleted: if the message is not from this provider for this app
    """
    with _in_words():
        claims = _decode(logout_token)
        is_message = isinstance(claims["events"], dict) and SIGNED_OUT in claims["events"] and "nonce" not in claims
        subject, ended = claims.get("sub"), read_session(claims.get("sid"))
        if not is_message or (subject is None and ended is None):
            raise ValueError("no message of signing out")
        latest = int(claims["iat"]) + CLOCKS_APART
        return SignedOut(claims["iss"], None if subject is None else read_subject(subject), ended, latest)


def _decode(token: str) -> dict[str, Any]:
    from joserfc import jwt
    from joserfc.errors import InvalidKeyIdError
    from joserfc.jwk import KeySet
    from joserfc.jwt import JWTClaimsRegistry

    client = _client()
    algorithms = client.load_server_metadata()[SIGNED_WITH]
    try:
        found = jwt.decode(token, KeySet.import_key_set(client.fetch_jwk_set()), algorithms=algorithms)
    except InvalidKeyIdError:
        # The provider may have changed its keys.
        keys = KeySet.import_key_set(_fetch_keys_again(client))
        found = jwt.decode(token, keys, algorithms=algorithms)
    JWTClaimsRegistry(
        now=_read_clock(),
        leeway=CLOCKS_APART,
        iss={"essential": True, "value": current_settings().oidc_issuer},
        aud={"essential": True, "value": current_settings().oidc_client_id},
        iat={"essential": True},
        jti={"essential": True},
        events={"essential": True},
    ).validate(found.claims)
    return dict(found.claims)


def _fetch_keys_again(client: Any) -> Any:
    """Fetch the provider's keys, unless that was done a moment ago."""
    known, now = current_app.extensions, time.monotonic()
    if now - known.get(KEYS_FETCHED, -SECONDS_BETWEEN_KEYS) < SECONDS_BETWEEN_KEYS:
        raise ValueError("signed with an unknown key")
    known[KEYS_FETCHED] = now
    return client.fetch_jwk_set(force=True)


def _claims_by_our_clock(client: Any) -> type[Any]:
    """Authlib's checks of an identity token, by the clock that all instances share."""
    from authlib.oidc.core import CodeIDToken

    class ClaimsByOurClock(CodeIDToken):  # type: ignore[misc]  # Authlib has no types.
        def validate(self, now: int | None = None, leeway: int = 0) -> None:
            # Authlib hands it over only to classes of its own.
            self.params["access_token"] = client.token["access_token"]
            super().validate(_read_clock(), leeway)

    return ClaimsByOurClock


def _read_clock() -> int:
    """Return the time by the database: the transaction may have begun before the provider was asked."""
    return int(db.session.scalar(select(func.extract("epoch", func.clock_timestamp()))) or 0)


def _complete_claims(token: dict[str, Any]) -> dict[str, Any]:
    """Add what the provider says of somebody only when it is asked, as some do to keep tokens short."""
    claims = dict(token["userinfo"])
    if "userinfo_endpoint" not in _client().load_server_metadata():
        return claims
    said = _client().userinfo(token=token)
    if said["sub"] != claims["sub"]:
        raise ValueError("the provider speaks of another person")
    # Whether an email is verified is said of that one, not of another that stands elsewhere.
    pair = claims if "email" not in said or claims.keys() >= set(EMAIL) else said
    return {**said, **claims} | {name: pair.get(name) for name in EMAIL}


def _read_identity(claims: dict[str, Any]) -> Identity:
    settings = current_settings()
    is_vouched_for = claims.get("email_verified") is True or settings.oidc_trusts_emails
    groups = claims.get(settings.oidc_groups_claim) or []
    return make_identity(
        claims["iss"],
        claims["sub"],
        email=claims.get("email") if is_vouched_for else None,
        name=claims.get("name") or claims.get("email"),
        groups=frozenset([groups] if isinstance(groups, str) else map(str, groups)),
        session=claims.get("sid"),
    )


@contextmanager
def _in_words() -> Iterator[None]:
    from authlib.common.errors import AuthlibBaseError
    from joserfc.errors import JoseError
    from requests import RequestException

    name = current_settings().oidc_name
    try:
        yield
    except RequestException as error:
        raise ProviderUnavailable(f"{name} can’t be reached. Try again in a moment.") from error
    except (AuthlibBaseError, JoseError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise SignInNotCompleted(f"You were not signed in with {name}. Please try again.") from error


def _client() -> Any:
    """Return the client of the provider, which has to be the one that OIDC_ISSUER names."""
    client = _registered_client()
    said = client.load_server_metadata()
    named, wanted = said.get("issuer"), current_settings().oidc_issuer
    if named != wanted:
        raise ValueError(f"the provider calls itself {named}, and OIDC_ISSUER is {wanted}")
    # Authlib would take each of those that the provider names.
    said[SIGNED_WITH] = [name for name in ALGORITHMS if name in (said.get(SIGNED_WITH) or ())] or ["RS256"]
    return client


def _registered_client() -> Any:
    """Return the client of this process; Authlib is loaded only where there is a provider."""
    if "single_sign_on" not in current_app.extensions:
        from authlib.integrations.flask_client import OAuth

        settings = current_settings()
        current_app.extensions["single_sign_on"] = OAuth(current_app).register(
            CLIENT,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": SCOPE,
                "code_challenge_method": "S256",
                "default_timeout": SECONDS_TO_ANSWER,
            },
        )
    return current_app.extensions["single_sign_on"]
