"""Finding second factors, and sign-ins that wait for one."""

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager

from crm_web.auth.queries import hash_token
from crm_web.core.extensions import db
from crm_web.models import Employee, RecoveryCode, SignIn


def find_awaiting(token: str) -> SignIn | None:
    """Find a sign-in that waits for its second factor, with its employee.

    :return: ``None`` if it ended or took too long, or the person was deactivated
    """
    query = (
        select(SignIn)
        .join(SignIn.employee)
        .where(
            SignIn.token_hash == hash_token(token),
            SignIn.awaits_factor,
            SignIn.ended_at.is_(None),
            SignIn.expires_at > func.now(),
            Employee.is_active,
        )
        .options(contains_eager(SignIn.employee))
    )
    return db.session.scalar(query)


def count_codes(employee: Employee) -> int:
    """Count the recovery codes that somebody has left."""
    query = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.employee_id == employee.id)
    return db.session.scalar(query) or 0
