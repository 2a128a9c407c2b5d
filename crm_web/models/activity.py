"""Activities on leads and customers."""

from datetime import date, time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Text,
    and_,
    case,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, EnumText, Id, LongText, Recorded, Text300, Timestamp
from crm_web.models.customer import Customer
from crm_web.models.employee import Employee
from crm_web.models.lead import Lead

if TYPE_CHECKING:
    from crm_web.models.incoming_email import IncomingEmail
    from crm_web.models.mail import OutgoingMail

ACTIVITY_TEXT = "crm_fold((subject || ' '::text) || COALESCE(body, ''::text))"
"""What search looks through: an expression of its indexes, since a column of its own would hold each note twice."""


class ActivityKind(StrEnum):
    """Only a task has a due date and can be done."""

    NOTE = "note"
    CALL = "call"
    MEETING = "meeting"
    EMAIL = "email"
    TASK = "task"

    @property
    def label(self) -> str:
        return "Email" if self is ActivityKind.EMAIL else self.value.capitalize()


class TaskPriority(StrEnum):
    """How urgent a task is, if not normal."""

    HIGH = "high"
    LOW = "low"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class CallOutcome(StrEnum):
    """How a call ended."""

    REACHED = "reached"
    NO_ANSWER = "no_answer"
    LEFT_MESSAGE = "left_message"
    BUSY = "busy"

    @property
    def label(self) -> str:
        return "Left a message" if self is CallOutcome.LEFT_MESSAGE else self.value.replace("_", " ").capitalize()


class Activity(Recorded, Base):
    """A note, call, meeting, email or task on exactly one lead or customer.

    ``due_time`` is the time of day for whoever it is assigned to; a task without a priority has the normal one.
    ``recurrence`` is an RRULE: see ``crm_web.records.recurrence``.
    """

    __tablename__ = "activities"
    __table_args__ = (
        CheckConstraint("num_nonnulls(lead_id, customer_id) = 1", name="on_one_record"),
        CheckConstraint("due_on BETWEEN '1900-01-01' AND '2199-12-31'", name="due_on_sane"),
        CheckConstraint("btrim(subject) <> ''", name="has_subject"),
        CheckConstraint(
            "kind = 'task' OR (due_on IS NULL AND done_at IS NULL AND assignee_id IS NULL)", name="only_tasks_due"
        ),
        CheckConstraint("due_time IS NULL OR due_on IS NOT NULL", name="due_time_of_day"),
        CheckConstraint("kind = 'task' OR priority IS NULL", name="only_tasks_have_priority"),
        CheckConstraint("kind = 'call' OR outcome IS NULL", name="only_calls_have_outcome"),
        CheckConstraint("recurrence IS NULL OR due_on IS NOT NULL", name="recurs_from_due_date"),
        CheckConstraint("kind = 'task' OR (recurrence IS NULL AND remind_at IS NULL)", name="only_tasks_recur"),
        Index(
            "ix_activities_remind_at", "remind_at", postgresql_where=text("remind_at IS NOT NULL AND done_at IS NULL")
        ),
        Index("ix_activities_lead_happened", "lead_id", "happened_at", "id"),
        Index("ix_activities_customer_happened", "customer_id", "happened_at", "id"),
        Index("ix_activities_happened", "happened_at"),
        Index(
            "ix_activities_search",
            literal_column(ACTIVITY_TEXT).label("folded_text"),
            postgresql_using="gin",
            postgresql_ops={"folded_text": "gin_trgm_ops"},
        ),
        Index(
            "ix_activities_signs",
            text(f"crm_signs({ACTIVITY_TEXT})"),
            postgresql_using="gin",
            postgresql_where=text(f"octet_length({ACTIVITY_TEXT}) > char_length({ACTIVITY_TEXT})"),
        ),
        Index("ix_activities_created_by_id", "created_by_id"),
        Index("ix_activities_assignee_due", "assignee_id", "due_on"),
        Index(
            "ix_activities_open_tasks",
            "assignee_id",
            "due_on",
            postgresql_where=text("kind = 'task' AND done_at IS NULL"),
        ),
        Index(
            "ix_activities_recurring",
            "assignee_id",
            "due_on",
            postgresql_where=text("recurrence IS NOT NULL AND done_at IS NULL"),
        ),
        Index(
            "ix_activities_appointments",
            "created_by_id",
            "happened_at",
            postgresql_where=text("kind IN ('call', 'meeting')"),
        ),
        Index(
            "ix_activities_open_tasks_of_lead",
            "lead_id",
            "due_on",
            postgresql_where=text("kind = 'task' AND done_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    kind: Mapped[ActivityKind] = mapped_column(EnumText(ActivityKind))
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="RESTRICT"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="RESTRICT"))
    subject: Mapped[Text300]
    body: Mapped[LongText | None]
    happened_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    due_on: Mapped[date | None]
    due_time: Mapped[time | None]
    priority: Mapped[TaskPriority | None] = mapped_column(EnumText(TaskPriority))
    recurrence: Mapped[Text300 | None]
    remind_at: Mapped[Timestamp | None]
    done_at: Mapped[Timestamp | None]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))
    outcome: Mapped[CallOutcome | None] = mapped_column(EnumText(CallOutcome))

    lead: Mapped[Lead | None] = relationship()
    customer: Mapped[Customer | None] = relationship()
    assignee: Mapped[Employee | None] = relationship(foreign_keys=assignee_id)
    created_by: Mapped[Employee | None] = relationship(foreign_keys="Activity.created_by_id")
    outgoing_mail: Mapped["OutgoingMail | None"] = relationship(viewonly=True)
    incoming_email: Mapped["IncomingEmail | None"] = relationship(
        viewonly=True, primaryjoin="IncomingEmail.activity_id == Activity.id", foreign_keys="IncomingEmail.activity_id"
    )

    @classmethod
    def folded_text(cls) -> ColumnElement[str]:
        """``ACTIVITY_TEXT``, which ``ix_activities_search`` finds by its words."""
        return func.crm_fold(cls.whole_text())

    @classmethod
    def whole_text(cls) -> ColumnElement[str]:
        """Its subject and its note."""
        note = func.coalesce(cls.body, literal_column("''", Text))
        return cls.subject.op("||")(literal_column("' '", Text)).op("||")(note)

    @hybrid_property
    def is_open_task(self) -> bool:
        return self.kind is ActivityKind.TASK and self.done_at is None

    @is_open_task.inplace.expression
    @classmethod
    def _is_open_task(cls) -> ColumnElement[bool]:
        return and_(cls.kind == ActivityKind.TASK, cls.done_at.is_(None))

    @classmethod
    def open_tasks_first(cls) -> tuple[ColumnElement[Any], ...]:
        """Order open tasks by urgency, then what happened, latest first."""
        due_on, due_time = (case((cls.is_open_task, column)) for column in (cls.due_on, cls.due_time))
        return (
            cls.is_open_task.desc(),
            due_on.nulls_last(),
            due_time.nulls_last(),
            cls.happened_at.desc(),
            cls.id.desc(),
        )

    @property
    def is_task(self) -> bool:
        return self.kind is ActivityKind.TASK

    @property
    def name(self) -> str:
        """What it is called where records of any kind are named."""
        return self.subject

    @property
    def record(self) -> Lead | Customer:
        """The lead or customer that it is on; a constraint ensures that it is exactly one."""
        return self.lead or cast(Customer, self.customer)


class NextTask(Base):
    """Which task followed a recurring one when it was completed."""

    __tablename__ = "next_tasks"

    done_id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), primary_key=True)
    next_id: Mapped[int] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"), unique=True)


NEXT_DUE = (
    select(func.min(Activity.due_on))
    .where(Activity.lead_id == Lead.id, Activity.is_open_task)
    .correlate(Lead)
    .scalar_subquery()
)
"""When a lead's first open task is due; ``ix_activities_open_tasks_of_lead`` finds it."""
