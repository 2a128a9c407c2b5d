"""Queries about API tokens."""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.orm import contains_eager, joinedload

from crm_web.auth.queries import hash_token
from crm_web.core.extensions import db
from crm_web.models import ApiToken, Employee


def find_token(secret: str) -> ApiToken | None:
    """Find a valid token by its secret, with its employee.

    :return: ``None`` if it is unknown, revoked or expired, or its employee is deactivated
    """
    return db.session.scalar(_select_token(), {"secret_hash": hash_token(secret)})


@cache
def _select_token() -> Select[ApiToken]:
    """Built once, since every request of a program runs it."""
    query = select(ApiToken).join(ApiToken.employee).where(*is_valid(), Employee.is_active)
    return query.options(contains_eager(ApiToken.employee)).execution_options(prepared=True)


_IS_CURRENT = (ApiToken.revoked_at.is_(None), ApiToken.expires_at > func.now())


def is_valid() -> tuple[ColumnElement[bool], ...]:
    """Build the conditions under which the token of a ``secret_hash`` is valid, apart from its employee's."""
    return ApiToken.secret_hash == bindparam("secret_hash"), *_IS_CURRENT


def get_own_token(employee: Employee, token_id: int) -> ApiToken | None:
    """Find one of an employee's own tokens."""
    return db.session.scalar(select(ApiToken).where(ApiToken.id == token_id, ApiToken.employee_id == employee.id))


def get_token(token_id: int) -> ApiToken | None:
    """Find any token, with its employee."""
    return db.session.get(ApiToken, token_id, options=[joinedload(ApiToken.employee)])


def list_own_tokens(employee: Employee, *, limit: int = 100) -> Sequence[ApiToken]:
    """List an employee's tokens that are not revoked, newest first."""
    mine = select(ApiToken).where(ApiToken.employee_id == employee.id, ApiToken.revoked_at.is_(None))
    return db.session.scalars(mine.order_by(ApiToken.id.desc()).limit(limit)).all()


def list_all_tokens(*, limit: int = 500) -> Sequence[ApiToken]:
    """List all tokens that are not revoked with their employees, newest first."""
    every = select(ApiToken).where(ApiToken.revoked_at.is_(None)).options(joinedload(ApiToken.employee))
    return db.session.scalars(every.order_by(ApiToken.id.desc()).limit(limit)).all()
