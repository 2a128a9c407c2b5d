"""The time of the last activity on a record: one narrow row each, kept by triggers on activities.

A column of the record would mean a new version of a wide row and of its index entries for each logged call, and lock
the row against whoever edits it.
"""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, Timestamp

# Word for word as the lists sort by it; nothing noted yet comes first.
_KEY = "coalesce(at, '0001-01-01 00:00:00+00'::timestamptz)"


class LeadLastActivity(Base):
    """The latest activity on a lead; each lead has a row from its creation."""

    __tablename__ = "lead_last_activity"
    __table_args__ = (Index("ix_lead_last_activity_at", text(_KEY), "lead_id"),)

    lead_id: Mapped[int] = mapped_column(ForeignKey("leads.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[Timestamp | None]


class CustomerLastActivity(Base):
    """The latest activity on a customer or one of its leads; each customer has a row from its creation."""

    __tablename__ = "customer_last_activity"
    __table_args__ = (Index("ix_customer_last_activity_at", text(_KEY), "customer_id"),)

    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[Timestamp | None]
