"""Finding second factors, and sign-ins that wait for one."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager

from crm_web.auth.queries import hash_token
from crm_web.core.extensions import db
from crm_web.models import Authenticator, Employee, Passkey, RecoveryCode, SignIn


@dataclass(frozen=True)
class Factors:
    """What somebody can show after their password.

    :param codes: how many recovery codes are left
    """

    has_app: bool
    passkeys: int
    codes: int

    @property
    def are_more(self) -> bool:
        """Whether one of the app and the passkeys can be removed without ending the second factor."""
        return self.has_app + self.passkeys > 1


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


def find_factors(employee: Employee) -> Factors:
    """Find what somebody can show after their password."""
    counts = [
        select(func.count()).select_from(factor).where(factor.employee_id == employee.id).scalar_subquery()
        for factor in (Authenticator, Passkey, RecoveryCode)
    ]
    apps, passkeys, codes = db.session.execute(select(*counts)).one()
    return Factors(apps > 0, passkeys, codes)
