"""Webhooks and their deliveries."""

from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, EnumText, Id, Recorded, Text50, Text300, Timestamp, Url
from crm_web.models.change import Change, TransactionId
from crm_web.models.employee import Employee

EVERYTHING = "*"


class PauseReason(StrEnum):
    PERSON = "person"
    FAILING = "failing"
    GONE = "gone"


class DeliveryState(StrEnum):
    """The state of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class Webhook(Recorded, Base):
    """A URL that receives some events.

    Its cursor in the change feed advances in the same transaction in which deliveries are created. ``secret`` is for
    the release before this one; see ``crm_web.core.sealing``.
    """

    __tablename__ = "webhooks"
    __table_args__ = (
        CheckConstraint("jsonb_array_length(events) BETWEEN 1 AND 50", name="has_events"),
        CheckConstraint("(paused_at IS NULL) = (paused_because IS NULL)", name="paused_for_a_reason"),
        CheckConstraint("num_nonnulls(secret, sealed_secret) > 0", name="has_secret"),
    )

    id: Mapped[Id]
    url: Mapped[Url]
    description: Mapped[Text300 | None]
    events: Mapped[list[str]] = mapped_column(JSONB)
    secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    paused_at: Mapped[Timestamp | None]
    paused_because: Mapped[PauseReason | None] = mapped_column(EnumText(PauseReason))
    first_failed_at: Mapped[Timestamp | None]
    removed_at: Mapped[Timestamp | None]
    mark_xact: Mapped[int] = mapped_column(TransactionId, server_default=text("crm_settled_before()"), deferred=True)
    mark_change_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"), deferred=True)

    author: Mapped[Employee | None] = relationship(
        primaryjoin="Webhook.created_by_id == Employee.id", foreign_keys="Webhook.created_by_id", viewonly=True
    )

    @property
    def host(self) -> str:
        """The host of its URL, for display."""
        return urlsplit(self.url).hostname or self.url

    @property
    def is_active(self) -> bool:
        return self.paused_at is None


class WebhookDelivery(Base):
    """One message to one webhook; the change is read from history each time it is sent.

    The sender holds it until ``lease_ends_at``; if the sender is killed the next one takes over then.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("change_id", "webhook_id"),
        CheckConstraint("(state = 'waiting') = (next_try_at IS NOT NULL)", name="tried_while_waiting"),
        CheckConstraint("lease_ends_at IS NULL OR state = 'waiting'", name="sent_while_waiting"),
        Index("ix_webhook_deliveries_log", "webhook_id", "id"),
        Index(
            "ix_webhook_deliveries_due",
            "webhook_id",
            "next_try_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_webhook_deliveries_created_at", "created_at"),
    )

    id: Mapped[Id]
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="RESTRICT"))
    change_id: Mapped[int] = mapped_column(ForeignKey("changes.id", ondelete="RESTRICT"))
    event: Mapped[Text50]
    state: Mapped[DeliveryState] = mapped_column(EnumText(DeliveryState), server_default=text("'waiting'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    next_try_at: Mapped[Timestamp | None] = mapped_column(server_default=text("now()"))
    lease_ends_at: Mapped[Timestamp | None]
    tried_at: Mapped[Timestamp | None]
    took_ms: Mapped[int | None]
    status: Mapped[int | None]
    error: Mapped[Text300 | None]

    webhook: Mapped[Webhook] = relationship()
    change: Mapped[Change] = relationship()
