"""Creating, counting the use of, and revoking API tokens."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from math import ceil
from typing import cast

from sqlalchemy import Table, case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from crm_web.auth.operations import count_invalid_token
from crm_web.auth.queries import TABLE_VERSIONS, hash_token
from crm_web.auth.throttle import WINDOW as TRIES_WINDOW
from crm_web.auth.tokens.queries import is_valid
from crm_web.core.errors import Conflict
from crm_web.core.extensions import db
from crm_web.core.prepared import Prepared
from crm_web.core.versioned_cache import set_table_versions
from crm_web.models import ApiToken, ApiUse, Employee, Scope, set_audit_actor

MOST_TOKENS = 50
BEGINNING = "piper_"
"""By which scanners for leaked secrets know ours."""
WINDOW = timedelta(minutes=1)
MOST_WRONG = 600
"""How often an address may show tokens that don't count, in the quarter of an hour that wrong passwords have too."""


class TooManyTokens(Conflict):
    """The employee has the maximum number of tokens."""


def create_token(name: str, scope: Scope, lifetime: timedelta, *, by: Employee) -> tuple[ApiToken, str]:
    """Create a token for oneself.

    :raise TooManyTokens: if the employee has the maximum number of tokens
    """
    set_audit_actor(by)
    count = db.session.scalar(select(func.count()).where(ApiToken.employee_id == by.id, ApiToken.revoked_at.is_(None)))
    if (count or 0) >= MOST_TOKENS:
        raise TooManyTokens(f"You have {MOST_TOKENS} tokens, the maximum. Revoke one first.")
    secret = BEGINNING + secrets.token_urlsafe(32)
    token = ApiToken(
        employee_id=by.id,
        name=name,
        scope=scope,
        secret_hash=hash_token(secret),
        secret_end=secret[-4:],
        expires_at=func.now() + lifetime,
    )
    db.session.add(token)
    db.session.flush()
    return token, secret


def revoke_token(token: ApiToken, *, by: Employee) -> None:
    """Revoke a token at once; one that is revoked already keeps its time."""
    set_audit_actor(by)
    still = update(ApiToken).where(ApiToken.id == token.id, ApiToken.revoked_at.is_(None))
    db.session.execute(still.values(revoked_at=func.now(), revoked_by_id=by.id))
    db.session.refresh(token)


@dataclass(frozen=True)
class RateLimitUse:
    """How much of a rate limit is used.

    :param seconds: until the current period ends
    :param employee_id: in whose name; ``None`` if unknown
    """

    what: str
    requests: int
    most: int
    window: timedelta
    seconds: int
    employee_id: int | None = None

    @property
    def is_too_much(self) -> bool:
        return self.requests > self.most


@dataclass(frozen=True)
class ShownToken:
    """A valid token that a request came with, and how much of its rate limit is used."""

    employee_id: int
    scope: Scope
    use: RateLimitUse


def count_invalid(remote_address: str | None) -> RateLimitUse:
    """Count a request with an invalid token. Valid ones from the same IP address are never held back."""
    requests, rest = count_invalid_token(remote_address)
    return RateLimitUse("wrong-tokens", requests, MOST_WRONG, TRIES_WINDOW, max(1, ceil(rest.total_seconds())))


def count_request(secret: str, *, most: int) -> ShownToken | None:
    """Count a request with a token, record once a minute that it is in use, and learn which cached values still hold.

    :return: ``None`` if the token is unknown, revoked or expired
    """
    found = _count().one_or_none(secret_hash=hash_token(secret))
    if found is None:
        return None
    token_id, employee_id, scope, requests, seconds, versions, _ = found
    set_table_versions(versions)
    if requests == 1:
        db.session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=func.now()))
    use = RateLimitUse("minute", requests, most, WINDOW, max(1, int(seconds)), employee_id)
    return ShownToken(employee_id, scope, use)


@cache
def _count() -> Prepared:
    """Built once, since every request of a program runs it."""
    is_over = ApiUse.began_at <= func.now() - WINDOW
    # Of the table: the session would take the parameter for a value of a new ``ApiUse``.
    counting = insert(cast(Table, ApiUse.__table__))
    counting = counting.from_select(["token_id"], select(ApiToken.id).where(*is_valid()))
    counting = counting.on_conflict_do_update(
        index_elements=[ApiUse.token_id],
        set_={
            "requests": case((is_over, 1), else_=ApiUse.requests + 1),
            "began_at": case((is_over, func.now()), else_=ApiUse.began_at),
        },
    )
    left = func.ceil(func.extract("epoch", ApiUse.began_at + WINDOW - func.now())).label("seconds")
    counted = counting.returning(ApiUse.token_id, ApiUse.requests, left).cte("counted")
    # Losing a minute's count in a power failure is harmless, so no request waits for the disk.
    hurry = func.set_config("synchronous_commit", "off", True)
    shown = select(ApiToken.id, ApiToken.employee_id, ApiToken.scope, counted.c.requests, counted.c.seconds)
    shown = shown.add_columns(TABLE_VERSIONS, hurry).join(counted, counted.c.token_id == ApiToken.id)
    return Prepared(shown)
