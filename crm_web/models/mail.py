"""Emails that wait to be sent, what became of them, and templates of emails."""

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.activity import Activity
from crm_web.models.base import Base, Email, Id, LongText, Recorded, Text50, Text300, Timestamp


class MailState(StrEnum):
    """What became of an email: ``SAVED`` without a mail server, as a file; ``BOUNCED`` if it was sent back later."""

    WAITING = "waiting"
    SENT = "sent"
    SAVED = "saved"
    BOUNCED = "bounced"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return "Saved as file" if self is MailState.SAVED else self.value.capitalize()


class OutgoingMail(Base):
    """An email to an employee, or to somebody outside from a lead or customer: then it has an activity there.

    It is written in the transaction that causes it. Once it is sent, its text is only in the activity. One to an
    employee loses its text once it has failed for good, too: it may hold a secret link. ``thread_token`` is in the
    addresses of an email from a record, so that replies find it.
    """

    __tablename__ = "outgoing_mails"
    __table_args__ = (
        CheckConstraint("num_nonnulls(employee_id, activity_id) = 1", name="for_one_purpose"),
        CheckConstraint(
            "activity_id IS NULL"
            " OR (sender_name IS NOT NULL AND sender_email IS NOT NULL AND thread_token IS NOT NULL)",
            name="on_record_by_someone",
        ),
        CheckConstraint("sent_at IS NULL OR failed_at IS NULL", name="sent_or_failed"),
        Index(
            "ix_outgoing_mails_due",
            "next_attempt_at",
            postgresql_where=text("failed_at IS NULL AND sent_at IS NULL"),
        ),
        Index("ix_outgoing_mails_failed", "employee_id", "failed_at", postgresql_where=text("failed_at IS NOT NULL")),
    )

    id: Mapped[Id]
    employee_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("employees.id", ondelete="CASCADE"))
    activity_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("activities.id", ondelete="CASCADE"), unique=True
    )
    sender_name: Mapped[Text300 | None]
    sender_email: Mapped[Email | None]
    recipient: Mapped[Email]
    subject: Mapped[Text300]
    body: Mapped[LongText]
    thread_token: Mapped[Text50 | None] = mapped_column(unique=True)
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    sent_at: Mapped[Timestamp | None]
    saved_as: Mapped[Text300 | None]
    failed_at: Mapped[Timestamp | None]
    bounced_at: Mapped[Timestamp | None]
    error: Mapped[Text300 | None]

    activity: Mapped[Activity | None] = relationship(viewonly=True)

    @property
    def state(self) -> MailState:
        if self.failed_at is not None:
            return MailState.FAILED
        if self.bounced_at is not None:
            return MailState.BOUNCED
        if self.sent_at is not None:
            return MailState.SAVED if self.saved_as else MailState.SENT
        return MailState.WAITING

    @property
    def is_under_way(self) -> bool:
        """Whether a worker is sending it, or was killed while it did."""
        return self.state is MailState.WAITING and self.attempts > 0 and self.error is None

    @property
    def can_retry(self) -> bool:
        """Whether it can be sent again, or sooner than by itself; what has lost its text can't."""
        is_waiting_again = self.state is MailState.WAITING and self.error is not None
        return is_waiting_again or (self.state is MailState.FAILED and bool(self.body))


class MailTemplate(Recorded, Base):
    """A template of emails on records; see ``crm_web.emails.templates.fields`` for what its texts can hold."""

    __tablename__ = "mail_templates"
    __table_args__ = (
        Index("ix_mail_templates_created_by_id", "created_by_id"),
        Index("ix_mail_templates_updated_by_id", "updated_by_id"),
    )

    id: Mapped[Id]
    name: Mapped[Text300]
    subject: Mapped[Text300]
    body: Mapped[LongText]
