"""Writing emails, and keeping account of those that are being sent."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select, update

from crm_web.core.extensions import db
from crm_web.models import Employee, OutgoingMail, limit_of
from crm_web.records.retention import delete_portion

LEASE = timedelta(minutes=5)
"""Longer than sending a round of emails can take; what a killed worker was sending, another sends again afterwards."""
PAUSES = tuple(timedelta(seconds=s) for s in (30, 120, 600, 1800, 7200, 21600))
KEPT_FOR = timedelta(days=30)


@dataclass(frozen=True)
class PendingMail:
    """A claimed email.

    :param attempt: the number of this attempt, from 1
    """

    id: int
    attempt: int
    recipient: str
    subject: str
    body: str


def write_mail(employee: Employee, *, subject: str, body: str) -> None:
    """Write an email to an employee; the worker sends it after the commit.

    :param body: plain text
    """
    mail = OutgoingMail(employee_id=employee.id, recipient=employee.email, subject=subject, body=body)
    db.session.add(mail)
    db.session.flush()


def claim_mails(limit: int) -> list[PendingMail]:
    """Claim emails that are due; once committed, no other worker sends them before the lease ends."""
    due = (
        select(OutgoingMail.id)
        .where(OutgoingMail.failed_at.is_(None), OutgoingMail.next_attempt_at <= func.now())
        .order_by(OutgoingMail.next_attempt_at)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    claimed = (
        update(OutgoingMail)
        .where(OutgoingMail.id.in_(due))
        .values(attempts=OutgoingMail.attempts + 1, next_attempt_at=func.now() + LEASE)
        .returning(
            OutgoingMail.id, OutgoingMail.attempts, OutgoingMail.recipient, OutgoingMail.subject, OutgoingMail.body
        )
    )
    rows = db.session.execute(claimed, execution_options=_WITHOUT_OBJECTS)
    return sorted((PendingMail(*row) for row in rows), key=lambda mail: mail.id)


def delete_sent(mail: PendingMail) -> None:
    """Delete an email that was sent."""
    db.session.execute(delete(OutgoingMail).where(OutgoingMail.id == mail.id), execution_options=_WITHOUT_OBJECTS)


def record_failure(mail: PendingMail, error: str, *, is_final: bool) -> None:
    """Record that an email could not be sent.

    :param error: why, in words
    :param is_final: whether trying again is of no use
    """
    values: dict[str, Any] = {"error": error[: limit_of(OutgoingMail.error)]}
    if is_final or mail.attempt > len(PAUSES):
        values |= {"failed_at": func.now(), "body": ""}
    else:
        values["next_attempt_at"] = func.now() + PAUSES[mail.attempt - 1]
    failed = update(OutgoingMail).where(OutgoingMail.id == mail.id).values(**values)
    db.session.execute(failed, execution_options=_WITHOUT_OBJECTS)


def delete_expired_mails() -> bool:
    """Delete some emails that failed long ago; returns whether there may be more."""
    return delete_portion(OutgoingMail, OutgoingMail.failed_at < func.now() - KEPT_FOR)


_WITHOUT_OBJECTS = {"synchronize_session": False}
