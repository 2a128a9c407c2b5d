"""Writing emails, and keeping account of those that are being sent."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, text, update

from crm_web.core.errors import Conflict
from crm_web.core.extensions import db
from crm_web.models import Activity, Employee, OutgoingMail, limit_of
from crm_web.records.operations import lock
from crm_web.records.retention import delete_portion

LEASE = timedelta(minutes=5)
"""Longer than sending a round of emails can take; what a killed worker was sending, another sends again afterwards."""
PAUSES = tuple(timedelta(seconds=s) for s in (30, 120, 600, 1800, 7200, 21600))
KEPT_FOR = timedelta(days=30)
UNDO_TIME = timedelta(seconds=20)
"""How long an email from a record waits, so that it can be canceled."""


class MailIsOut(Conflict):
    """An email that is sent, or being sent, can't be canceled."""


class NothingToRetry(Conflict):
    """An email is sent, or waits anyway, or has lost its text."""


@dataclass(frozen=True)
class PendingMail:
    """A claimed email.

    :param attempt: the number of this attempt, from 1
    :param sender_name: who wrote it on a record; ``None`` for one to an employee
    """

    id: int
    attempt: int
    recipient: str
    subject: str
    body: str
    sender_name: str | None = None
    sender_email: str | None = None
    thread_token: str | None = None


def write_mail(employee: Employee, *, subject: str, body: str) -> None:
    """Write an email to an employee; the worker sends it after the commit.

    :param body: plain text
    """
    mail = OutgoingMail(employee_id=employee.id, recipient=employee.email, subject=subject, body=body)
    db.session.add(mail)
    db.session.flush()


def write_mail_of_activity(activity: Activity, recipient: str, *, by: Employee) -> OutgoingMail:
    """Write the email that an activity tells of; the worker sends it after the commit and ``UNDO_TIME``.

    :param by: who sends it
    """
    mail = OutgoingMail(
        activity_id=activity.id,
        recipient=recipient,
        subject=activity.subject,
        body=activity.body or "",
        sender_name=by.name,
        sender_email=by.email,
        thread_token=secrets.token_hex(10),
        next_attempt_at=func.now() + UNDO_TIME,
    )
    db.session.add(mail)
    db.session.flush()
    return mail


def cancel_mail(mail: OutgoingMail) -> None:
    """Cancel an email that waits; its activity stays.

    :raise MailIsOut: if it is sent, or being sent
    """
    lock(mail)
    if mail.sent_at is not None or mail.is_under_way:
        raise MailIsOut("This email has been sent already.")
    db.session.delete(mail)
    db.session.flush()


def retry_mail(mail: OutgoingMail) -> None:
    """Send an email again, from its first attempt on.

    :raise NothingToRetry: if it is sent or waits anyway, or has lost its text
    """
    lock(mail)
    if not mail.can_retry:
        raise NothingToRetry("This email can’t be sent again.")
    mail.failed_at, mail.error, mail.attempts, mail.next_attempt_at = None, None, 0, func.now()
    db.session.flush()


def claim_mails(limit: int) -> list[PendingMail]:
    """Claim emails that are due; once committed, no other worker sends them before the lease ends."""
    due = (
        select(OutgoingMail.id)
        .where(
            OutgoingMail.failed_at.is_(None),
            OutgoingMail.sent_at.is_(None),
            OutgoingMail.next_attempt_at <= func.now(),
        )
        .order_by(OutgoingMail.next_attempt_at)
        .limit(limit)
        .with_for_update(key_share=True, skip_locked=True)
    )
    claimed = (
        update(OutgoingMail)
        .where(OutgoingMail.id.in_(due))
        .values(attempts=OutgoingMail.attempts + 1, next_attempt_at=func.now() + LEASE, error=None)
        .returning(OutgoingMail.id, OutgoingMail.attempts, *(getattr(OutgoingMail, name) for name in _WORDS))
    )
    rows = db.session.execute(claimed, execution_options=_WITHOUT_OBJECTS)
    return sorted((PendingMail(*row) for row in rows), key=lambda mail: mail.id)


_WORDS = ("recipient", "subject", "body", "sender_name", "sender_email", "thread_token")


def record_sent(mail: PendingMail, saved_as: str | None) -> None:
    """Record that an email was sent, and forget its text.

    :param saved_as: the name of its file, if there is no mail server
    """
    # A worker of the release before 061, still running during an upgrade, looks at the next attempt alone.
    never = text("'infinity'")
    _update(mail, {"sent_at": func.now(), "saved_as": saved_as, "body": "", "next_attempt_at": never})


def record_failure(mail: PendingMail, error: str, *, is_final: bool) -> None:
    """Record that an email could not be sent.

    :param error: why, in words
    :param is_final: whether trying again is of no use
    """
    values: dict[str, Any] = {"error": error[: limit_of(OutgoingMail.error)]}
    if is_final or mail.attempt > len(PAUSES):
        values["failed_at"] = func.now()
        if mail.thread_token is None:
            values["body"] = ""
    else:
        values["next_attempt_at"] = func.now() + PAUSES[mail.attempt - 1]
    _update(mail, values)


def _update(mail: PendingMail, values: dict[str, Any]) -> None:
    statement = update(OutgoingMail).where(OutgoingMail.id == mail.id).values(**values)
    db.session.execute(statement, execution_options=_WITHOUT_OBJECTS)


def delete_expired_mails() -> bool:
    """Delete some emails to employees that were sent or failed long ago; returns whether there may be more."""
    long_ago = func.coalesce(OutgoingMail.sent_at, OutgoingMail.failed_at) < func.now() - KEPT_FOR
    return delete_portion(OutgoingMail, OutgoingMail.activity_id.is_(None) & long_ago)


_WITHOUT_OBJECTS = {"synchronize_session": False}
