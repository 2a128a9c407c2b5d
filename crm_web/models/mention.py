"""Who was mentioned in a note."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.activity import Activity
from crm_web.models.base import Base, Id, Timestamp
from crm_web.models.customer import Customer
from crm_web.models.employee import Employee
from crm_web.models.lead import Lead


def _unique_per(column: str) -> Index:
    return Index(
        f"uq_mentions_{column}_employee_id",
        column,
        "employee_id",
        unique=True,
        postgresql_where=text(f"{column} IS NOT NULL"),
    )


class Mention(Base):
    """An employee who is named, as ``@Ann Keller``, in the text of exactly one activity, lead or customer."""

    __tablename__ = "mentions"
    __table_args__ = (
        CheckConstraint("num_nonnulls(activity_id, lead_id, customer_id) = 1", name="in_one_text"),
        Index("ix_mentions_mentioned_at", "mentioned_at"),
        *(_unique_per(column) for column in ("activity_id", "lead_id", "customer_id")),
    )

    id: Mapped[Id]
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))
    activity_id: Mapped[int | None] = mapped_column(ForeignKey("activities.id", ondelete="CASCADE"))
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    mentioned_by_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))
    mentioned_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))

    activity: Mapped[Activity | None] = relationship()
    lead: Mapped[Lead | None] = relationship()
    customer: Mapped[Customer | None] = relationship()
    employee: Mapped[Employee] = relationship(foreign_keys=employee_id)
    mentioned_by: Mapped[Employee] = relationship(foreign_keys=mentioned_by_id)
