"""Emails that wait to be sent."""

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, Email, Id, LongText, Text300, Timestamp


class OutgoingMail(Base):
    """An email to an employee, written in the transaction that causes it.

    It is deleted once it is sent, and loses its text once it has failed for good: it may hold a secret link.
    """

    __tablename__ = "outgoing_mails"
    __table_args__ = (
        Index("ix_outgoing_mails_due", "next_attempt_at", postgresql_where=text("failed_at IS NULL")),
        Index("ix_outgoing_mails_failed", "employee_id", "failed_at", postgresql_where=text("failed_at IS NOT NULL")),
    )

    id: Mapped[Id]
    employee_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("employees.id", ondelete="CASCADE"))
    recipient: Mapped[Email]
    subject: Mapped[Text300]
    body: Mapped[LongText]
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    failed_at: Mapped[Timestamp | None]
    error: Mapped[Text300 | None]
