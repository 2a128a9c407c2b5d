"""Queries about API tokens."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.models import ApiToken, Employee

_IS_CURRENT = (ApiToken.revoked_at.is_(None), ApiToken.expires_at > func.now())


def is_valid() -> tuple[ColumnElement[bool], ...]:
    """Build the conditions under which the token of a ``secret_hash`` is valid, whoever its employee is."""
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
