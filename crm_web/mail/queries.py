"""Emails that could not be sent."""

from collections.abc import Sequence

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import Employee, OutgoingMail


def list_failed_mails(employee: Employee) -> Sequence[OutgoingMail]:
    """List the emails to an employee that failed for good, newest first."""
    failed = select(OutgoingMail).where(OutgoingMail.employee_id == employee.id, OutgoingMail.failed_at.is_not(None))
    return db.session.scalars(failed.order_by(OutgoingMail.failed_at.desc()).limit(5)).all()
