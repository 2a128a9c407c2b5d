"""Tokens of the API: made, used, revoked."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from crm_web.auth.queries import hash_token
from crm_web.clock import now
from crm_web.errors import Conflict
from crm_web.extensions import db
from crm_web.models import ApiToken, ApiUse, Employee, Scope, record_by
from crm_web.tokens.queries import counts

MOST_TOKENS = 50
BEGINNING = "piper_"
"""By which scanners for leaked secrets know ours."""
WINDOW = timedelta(minutes=1)


class TooManyTokens(Conflict):
    """Somebody has as many tokens as anybody needs."""


def create_token(name: str, scope: Scope, lifetime: timedelta, *, by: Employee) -> tuple[ApiToken, str]:
    """
    Make a token of one's own.

    :param name: what it is for, in the person's words
    :param scope: whether it may write
    :param lifetime: for how long it counts
    :param by: the employee in whose name it acts
    :return: the token, and its secret, which nobody can read again
    :raise TooManyTokens: where the employee has as many as there may be
    """
    record_by(by)
    count = db.session.scalar(select(func.count()).where(ApiToken.employee_id == by.id, ApiToken.revoked_at.is_(None)))
    if (count or 0) >= MOST_TOKENS:
        raise TooManyTokens(f"You have {MOST_TOKENS} tokens. Revoke one that is not used any more first.")
    secret = BEGINNING + secrets.token_urlsafe(32)
    token = ApiToken(
        employee_id=by.id,
        name=name,
        scope=scope,
        secret_hash=hash_token(secret),
        secret_end=secret[-4:],
        expires_at=now() + lifetime,
    )
    db.session.add(token)
    db.session.flush()
    return token, secret


def revoke_token(token: ApiToken, *, by: Employee) -> None:
    """
    End a token at once; one that is revoked already stays so.

    :param token: the token
    :param by: the employee who revokes it
    """
    record_by(by)
    still = update(ApiToken).where(ApiToken.id == token.id, ApiToken.revoked_at.is_(None))
    db.session.execute(still.values(revoked_at=func.now(), revoked_by_id=by.id))
    db.session.refresh(token)


@dataclass(frozen=True)
class Use:
    """
    How much a token is used in the present minute.

    :param requests: how many requests it has made in it, with this one
    :param seconds: how many seconds it still lasts
    """

    requests: int
    seconds: int


def count_request(secret: str) -> Use | None:
    """
    Count a request that is made with a token, and note once a minute that it is used.

    :param secret: what the program sent
    :return: how much the token is used; ``None`` where it doesn't count any more, or never did
    """
    # A minute's count may be lost with the power; no request has to wait for the disk because of it.
    db.session.execute(text("SET LOCAL synchronous_commit = off"))
    is_over = ApiUse.began_at <= func.now() - WINDOW
    counted = insert(ApiUse).from_select(["token_id"], select(ApiToken.id).where(*counts(secret)))
    counted = counted.on_conflict_do_update(
        index_elements=[ApiUse.token_id],
        set_={
            "requests": case((is_over, 1), else_=ApiUse.requests + 1),
            "began_at": case((is_over, func.now()), else_=ApiUse.began_at),
        },
    )
    left = func.ceil(func.extract("epoch", ApiUse.began_at + WINDOW - func.now()))
    use = db.session.execute(counted.returning(ApiUse.token_id, ApiUse.requests, left)).one_or_none()
    if use is None:
        return None
    token_id, requests, seconds = use
    if requests == 1:
        db.session.execute(update(ApiToken).where(ApiToken.id == token_id).values(last_used_at=func.now()))
    return Use(requests, max(1, int(seconds)))
