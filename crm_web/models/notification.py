"""What people are notified of, and how they chose to be."""

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, EnumText, Id, Text50, Timestamp
from crm_web.models.change import TransactionId
from crm_web.models.employee import Employee


class NotificationKind(StrEnum):
    """What a notification is about."""

    ASSIGNED = "assigned"
    MENTIONED = "mentioned"
    TASK_DUE = "task_due"
    LEAD_WON = "lead_won"
    IMPORTED = "imported"
    NEW_BROWSER = "new_browser"
    EMAIL_RECEIVED = "email_received"


class NotificationChannel(StrEnum):
    """Where somebody wants to read notifications of a kind."""

    PAGE = "page"
    EMAIL = "email"
    DIGEST = "digest"
    OFF = "off"

    @property
    def label(self) -> str:
        return {
            "page": "In Piper",
            "email": "In Piper and by email",
            "digest": "In Piper and in a daily email",
            "off": "Off",
        }[self.value]


class Notification(Base):
    """One thing that an employee is notified of. It holds no text, so there is nothing to erase or rename in it.

    :param entity: the kind of record that it is about, as in history, or ``import`` or ``sign_in``
    :param actor_id: who did it; ``None`` for the system
    :param xact: the transaction whose changes it counts together, so that a bulk edit makes one notification
    :param count: how many records it is about, of which ``entity_id`` is the first
    :param awaits_digest: whether the next daily email is to list it
    """

    __tablename__ = "notifications"
    __table_args__ = (
        CheckConstraint("count > 0", name="count_positive"),
        Index("uq_notifications_xact", "employee_id", "kind", "xact", unique=True),
        Index("ix_notifications_list", "employee_id", "created_at", "id"),
        Index("ix_notifications_unread", "employee_id", postgresql_where=text("read_at IS NULL")),
        Index("ix_notifications_awaiting", "employee_id", postgresql_where=text("awaits_digest")),
        Index("ix_notifications_record", "entity_id", "kind"),
    )

    id: Mapped[Id]
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"))
    kind: Mapped[NotificationKind] = mapped_column(EnumText(NotificationKind))
    entity: Mapped[Text50]
    entity_id: Mapped[int] = mapped_column(BigInteger)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"), index=True)
    xact: Mapped[int | None] = mapped_column(TransactionId, deferred=True)
    count: Mapped[int] = mapped_column(server_default=text("1"))
    awaits_digest: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    read_at: Mapped[Timestamp | None]

    employee: Mapped[Employee] = relationship(foreign_keys=employee_id)
    actor: Mapped[Employee | None] = relationship(foreign_keys=actor_id)


class NotificationChoice(Base):
    """The channel that somebody chose for a kind; without one it is the page."""

    __tablename__ = "notification_choices"

    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[NotificationKind] = mapped_column(EnumText(NotificationKind), primary_key=True)
    channel: Mapped[NotificationChannel] = mapped_column(EnumText(NotificationChannel))


class NotificationCursor(Base):
    """How far the worker has read the change feed for notifications; one row, locked by the worker that reads."""

    __tablename__ = "notification_cursor"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default=text("1"))
    mark_xact: Mapped[int] = mapped_column(TransactionId, server_default=text("crm_settled_before()"))
    mark_change_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
