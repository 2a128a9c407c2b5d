"""CSRF tokens, masked anew in each response and bound to the employee whom the form was shown to.

Responses are compressed, and the compressed size reveals whether text supplied by an attacker repeats something on the
page. A token that looked the same in two responses could be guessed byte by byte (BREACH), so each response shows the
session's secret under a random mask, as Django does.

The secret names the employee it was made for, signed by the installation. A form sent after its session ended thus
still proves who filled it in: see ``crm_web.auth.drafts.interrupted``.
"""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from flask import g, session
from flask_login import current_user
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from wtforms import Field, ValidationError
from wtforms.csrf.core import CSRF
from wtforms.form import BaseForm

from crm_web.core.keys import list_keys

RANDOM_BYTES, ID_BYTES, SIGNATURE_BYTES = 12, 6, 12
SECRET_BYTES = RANDOM_BYTES + ID_BYTES + SIGNATURE_BYTES
NOBODY = 0


class MaskedCSRFProtect(CSRFProtect):  # type: ignore[misc]  # Flask-WTF has no types.
    """Flask-WTF's CSRF protection with masked tokens."""

    def init_app(self, app: Any) -> None:
        """Protect an application; templates get ``csrf_token()``."""
        super().init_app(app)
        app.jinja_env.globals["csrf_token"] = current_token
        app.context_processor(lambda: {"csrf_token": current_token})

    def sent_token(self) -> str | None:
        """Return the masked token of the request, valid or not."""
        token: str | None = super()._get_csrf_token()
        return token

    def _get_csrf_token(self) -> str | None:
        """Return the library's own token if the request carries a masked form of the session's secret."""
        return generate_csrf() if is_current(self.sent_token()) else None


class FormToken(CSRF):
    """The token of a form; the request as a whole was checked before the view ran."""

    def generate_csrf_token(self, csrf_token_field: Field) -> str:
        return current_token()

    def validate_csrf_token(self, form: BaseForm, field: Field) -> None:
        """Refuse a form whose request was not checked."""
        if not g.get("csrf_valid"):
            raise ValidationError("The CSRF token is missing.")


def current_token() -> str:
    """Return the masked token for the forms of this response; the same within one response, another in the next."""
    if "masked_csrf_token" not in g:
        if _find_owner(session.get("csrf_token"), list_keys()) is None:
            session["csrf_token"] = make_secret(current_user.id if current_user.is_authenticated else NOBODY)
        g.masked_csrf_token = mask(session["csrf_token"])
    token: str = g.masked_csrf_token
    return token


def is_current(token: str | None) -> bool:
    """Return whether a token belongs to the current session."""
    known, sent = session.get("csrf_token"), unmask(token)
    return sent is not None and find_owner(known) is not None and hmac.compare_digest(str(known), sent)


def make_secret(employee_id: int) -> str:
    """Make the secret of a new session.

    :param employee_id: who is signed in; ``NOBODY`` for a visitor
    """
    named = secrets.token_bytes(RANDOM_BYTES) + employee_id.to_bytes(ID_BYTES, "big")
    return urlsafe_b64encode(named + _sign(named, list_keys()[0])).decode()


def find_owner(secret: str | None) -> int | None:
    """Return the id of the employee a secret was made for.

    :return: the id or ``NOBODY``; ``None`` if this installation did not make the secret
    """
    return _find_owner.__wrapped__(secret, list_keys())


@lru_cache(maxsize=500)
def _find_owner(secret: str | None, keys: Sequence[str]) -> int | None:
    """Cached for the secrets of sessions, which each page shows, and not for what somebody sends."""
    raw = _decode(secret, SECRET_BYTES)
    if raw is None:
        return None
    named, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    is_ours = any(hmac.compare_digest(signature, _sign(named, key)) for key in keys)
    return int.from_bytes(named[RANDOM_BYTES:], "big") if is_ours else None


def mask(secret: str) -> str:
    """Hide a secret under a random mask; the result is the mask, followed by the masked secret."""
    pad = secrets.token_bytes(SECRET_BYTES)
    return urlsafe_b64encode(pad + _mix(pad, urlsafe_b64decode(secret))).decode()


def unmask(token: str | None) -> str | None:
    """Return the secret in a token, or ``None`` if the token is malformed."""
    raw = _decode(token, 2 * SECRET_BYTES)
    return urlsafe_b64encode(_mix(raw[:SECRET_BYTES], raw[SECRET_BYTES:])).decode() if raw else None


def _decode(text: Any, length: int) -> bytes | None:
    try:
        raw = urlsafe_b64decode(text)
    except (Error, TypeError, ValueError):
        return None
    return raw if len(raw) == length else None


def _mix(pad: bytes, hidden: bytes) -> bytes:
    mixed = int.from_bytes(pad, "big") ^ int.from_bytes(hidden, "big")
    return mixed.to_bytes(len(pad), "big")


def _sign(named: bytes, key: str) -> bytes:
    return hmac.digest(f"csrf {key}".encode(), named, "sha256")[:SIGNATURE_BYTES]
