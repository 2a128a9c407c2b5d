"""Emails that came in: what was read of each, and what became of it."""

from enum import StrEnum
from typing import Annotated

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.activity import Activity
from crm_web.models.base import Base, Email, EnumText, Id, LongText, Text50, Text300, Timestamp, index_values
from crm_web.models.employee import Employee

WholeText = Annotated[str, mapped_column(Text, info={"limit": 200_000}, deferred=True)]


class EmailKind(StrEnum):
    """Who or what wrote an email; nobody is notified of what a program wrote."""

    PERSONAL = "personal"
    AUTOMATIC = "automatic"
    BOUNCE = "bounce"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class PlacingState(StrEnum):
    """Whether an email is on a record, waits for somebody to place it, or belongs nowhere."""

    WAITING = "waiting"
    PLACED = "placed"
    IGNORED = "ignored"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class IncomingEmail(Base):
    """An email that came in. Placed on a lead or customer, it is an activity there.

    The same email is kept once, however often and by however many ways it comes: ``content_hash`` is of what it says,
    not of the way it took. Another one with the same ``message_id`` is an email of its own, so that none gets lost.

    ``activity_id`` refers to no row: it stays when the activity is removed, so that restoring that finds the email.

    :param reason: why it is where it is, in words
    :param co_senders: the addresses of the others in From, separated by commas
    :param reply_to: the addresses to which answers are wanted, where they are others, separated by commas
    :param is_reply: whether it answers an email of that record
    :param employee_id: who forwarded it or sent it in copy; ``None`` if it came from outside
    """

    __tablename__ = "incoming_emails"
    __table_args__ = (
        UniqueConstraint("message_id", "content_hash", name="uq_incoming_emails_message"),
        CheckConstraint("(state = 'placed') = (activity_id IS NOT NULL)", name="placed_as_activity"),
        CheckConstraint("(state = 'placed') = (placed_at IS NOT NULL)", name="placed_at_some_time"),
        Index("ix_incoming_emails_list", "state", "received_at", "id"),
        index_values("ix_incoming_emails_activity_id", "activity_id"),
        index_values("ix_incoming_emails_placed_at", "placed_at"),
        Index("ix_incoming_emails_sender_email", "sender_email"),
    )

    id: Mapped[Id]
    message_id: Mapped[Text300]
    content_hash: Mapped[Text50]
    received_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    sent_at: Mapped[Timestamp]
    kind: Mapped[EmailKind] = mapped_column(EnumText(EmailKind))
    state: Mapped[PlacingState] = mapped_column(EnumText(PlacingState))
    reason: Mapped[Text300]
    sender_name: Mapped[Text300]
    sender_email: Mapped[Email]
    co_senders: Mapped[LongText] = mapped_column(server_default=text("''"))
    reply_to: Mapped[LongText] = mapped_column(server_default=text("''"))
    recipients: Mapped[LongText]
    subject: Mapped[Text300]
    body: Mapped[WholeText]
    is_reply: Mapped[bool] = mapped_column(server_default=text("false"))
    employee_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))
    activity_id: Mapped[int | None] = mapped_column(BigInteger)
    placed_at: Mapped[Timestamp | None]

    employee: Mapped[Employee | None] = relationship()
    activity: Mapped[Activity | None] = relationship(
        viewonly=True, primaryjoin=lambda: IncomingEmail.activity_id == Activity.id, foreign_keys=activity_id
    )
    attachments: Mapped[list["IncomingAttachment"]] = relationship(
        viewonly=True, order_by=lambda: IncomingAttachment.id
    )

    @property
    def sender(self) -> str:
        """Who sent it, by name and address."""
        if not self.sender_name:
            return self.sender_email or "an unknown sender"
        return f"{self.sender_name} <{self.sender_email}>" if self.sender_email else self.sender_name

    @property
    def is_placed(self) -> bool:
        return self.state is PlacingState.PLACED


class IncomingAttachment(Base):
    """A file that came with an email, until it is a file of its activity.

    :param left_out: why it is not kept, in words; ``None`` if it is
    """

    __tablename__ = "incoming_attachments"
    __table_args__ = (Index("ix_incoming_attachments_email_id", "email_id"),)

    id: Mapped[Id]
    email_id: Mapped[int] = mapped_column(ForeignKey("incoming_emails.id", ondelete="CASCADE"))
    name: Mapped[Text300]
    size: Mapped[int] = mapped_column(BigInteger)
    left_out: Mapped[Text300 | None]


class IncomingAttachmentChunk(Base):
    """A piece of an attachment."""

    __tablename__ = "incoming_attachment_chunks"

    attachment_id: Mapped[int] = mapped_column(
        ForeignKey("incoming_attachments.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class MailboxCheck(Base):
    """When the mailbox was last read, and since when and why it can't be; one row.

    :param free_at: from when another worker may read the mailbox
    """

    __tablename__ = "mailbox_checks"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default=text("1"))
    free_at: Mapped[Timestamp] = mapped_column(server_default=text("'-infinity'"))
    read_at: Mapped[Timestamp | None]
    failed_at: Mapped[Timestamp | None]
    error: Mapped[Text300 | None]
