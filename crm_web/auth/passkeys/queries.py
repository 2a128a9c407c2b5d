"""Finding passkeys."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.models import Employee, Passkey


def list_passkeys(employee: Employee) -> Sequence[Passkey]:
    """List somebody's passkeys in the order in which they were added."""
    return db.session.scalars(select(Passkey).where(Passkey.employee_id == employee.id).order_by(Passkey.id)).all()


def find_own_passkey(employee: Employee, passkey_id: int) -> Passkey | None:
    """Find one of a person's own passkeys."""
    return db.session.scalar(select(Passkey).where(Passkey.id == passkey_id, Passkey.employee_id == employee.id))


def find_passkey(passkey_id: int) -> Passkey | None:
    """Find anybody's passkey, with its owner."""
    return db.session.scalar(select(Passkey).where(Passkey.id == passkey_id).options(joinedload(Passkey.employee)))
