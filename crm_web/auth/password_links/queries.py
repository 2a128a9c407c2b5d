"""Finding links by which people set their password."""

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager

from crm_web.auth.queries import hash_token
from crm_web.core.extensions import db
from crm_web.models import Employee, PasswordLink


def get_link(token: str) -> PasswordLink | None:
    """Find a link that works, with its employee.

    :return: ``None`` if it was used, is too old, or the person is deactivated or has another email by now
    """
    query = (
        select(PasswordLink)
        .join(PasswordLink.employee)
        .where(
            PasswordLink.token_hash == hash_token(token),
            PasswordLink.expires_at > func.now(),
            PasswordLink.email == Employee.email,
            Employee.is_active,
        )
        .options(contains_eager(PasswordLink.employee))
    )
    return db.session.scalar(query)
