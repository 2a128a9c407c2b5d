"""Creating, counting the use of, and revoking API tokens."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from math import ceil
from typing import Any, cast

from sqlalchemy import Table, case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from crm_web.auth.operations import count_invalid_token
from crm_web.auth.queries import hash_token
from crm_web.auth.throttle import WINDOW as TRIES_WINDOW
from crm_web.auth.tokens.queries import is_valid
from crm_web.core.errors import Conflict
from crm_web.core.extensions import db
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


def count_invalid(remote_address: str | None) -> RateLimitUse:
    """Count a request with an invalid token. Valid ones from the same IP address are never held back."""
    requests, rest = count_invalid_token(remote_address)
    return RateLimitUse("wrong-tokens", requests, MOST_WRONG, TRIES_WINDOW, max(1, ceil(rest.total_seconds())))


def count_request(secret: str, *, most: int) -> RateLimitUse | None:
    """Count a request with a token, and record once a minute that it is in use.

    :return: the use of its rate limit; ``None`` if the token is not valid
    """
    use = db.session.execute(_count(), {"secret_hash": hash_token(secret)}).one_or_none()
    if use is None:
        return None
    token_id, requests, seconds, employee_id, _ = use
    if requests == 1:
        db.session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=func.now()))
    return RateLimitUse("minute", requests, most, WINDOW, max(1, int(seconds)), employee_id)


@cache
def _count() -> ReturningInsert[Any]:
    """Built once, since every request of a program runs it."""
    is_over = ApiUse.began_at <= func.now() - WINDOW
    # Of the table: the session would take the parameter for a value of a new ``ApiUse``.
    counted = insert(cast(Table, ApiUse.__table__)).execution_options(prepared=True)
    counted = counted.from_select(["token_id"], select(ApiToken.id).where(*is_valid()))
    counted = counted.on_conflict_do_update(
        index_elements=[ApiUse.token_id],
        set_={
            "requests": case((is_over, 1), else_=ApiUse.requests + 1),
            "began_at": case((is_over, func.now()), else_=ApiUse.began_at),
        },
    )
    left = func.ceil(func.extract("epoch", ApiUse.began_at + WINDOW - func.now()))
    # By its secret: SQLAlchemy ties no query in RETURNING to the row, and would look through those of all tokens.
    whose = select(ApiToken.employee_id).where(*is_valid()).scalar_subquery()
    # Losing a minute's count in a power failure is harmless, so no request waits for the disk.
    hurry = func.set_config("synchronous_commit", "off", True)
    return counted.returning(ApiUse.token_id, ApiUse.requests, left, whose, hurry)
