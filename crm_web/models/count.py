"""Aggregates kept by triggers, so that reports on a million leads read a few hundred rows.

Triggers add the changes of each statement to ``count_deltas``; the worker compacts these into
``counts``. Nobody waits for anybody, and the sum of both is exact at any moment: ``crm_web/stats/aggregates.py`` reads
it.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import BigInteger, Identity, Index, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, EnumText, Id, Text50, Text300, Timestamp
from crm_web.models.lead import LeadStatus


class Metric(StrEnum):
    """What an aggregate counts, and what month its ``starts_on`` is.

    Leads outside the trash as they are now (no month), by month of creation, of closing, or of expected close (open
    ones only); status periods by the month in which they ended; activities by the month in which they took place.
    Months are in UTC, except that of the expected close, which is a date. Customers and contacts outside the trash are
    only counted, for their lists.
    """

    STANDING = "standing"
    CREATED = "created"
    CLOSED = "closed"
    EXPECTED = "expected"
    STAYED = "stayed"
    ACTIVITY = "activity"
    CUSTOMERS = "customers"
    CONTACTS = "contacts"


class _Counted:
    """The key of an aggregate, and its sums."""

    figure: Mapped[Metric] = mapped_column(EnumText(Metric))
    starts_on: Mapped[date | None]
    # The status of a lead, or the kind of an activity.
    status: Mapped[Text50]
    # Of leads created the furthest status reached, of closed ones why they were lost, of stays how many days they took.
    detail: Mapped[Text50]
    currency: Mapped[Text50]
    how_many: Mapped[int]
    how_many_priced: Mapped[int]
    amount: Mapped[Decimal] = mapped_column(Numeric(24, 2))
    # Amount times probability in percent, so that no cent is lost to rounding.
    weighted: Mapped[Decimal] = mapped_column(Numeric(24, 2))
    seconds: Mapped[int] = mapped_column(BigInteger)


class CountDelta(_Counted, Base):
    """What one statement changed in one aggregate. Owner 0 means unassigned; an empty source or currency means none."""

    __tablename__ = "count_deltas"

    # A queue that is read and emptied as a whole: an index of its ids would be written for nothing.
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    owner_id: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[Text300]

    __mapper_args__ = {"primary_key": [id]}


class Count(_Counted, Base):
    """An aggregate for one owner and source; ``NULL`` in either means all of them."""

    __tablename__ = "counts"
    __table_args__ = (
        Index(
            "uq_counts_cell",
            "figure",
            "level",
            "starts_on",
            "owner_id",
            "source",
            "status",
            "detail",
            "currency",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    id: Mapped[Id]
    # 0: one owner and one source, 1: one owner, 2: one source, 3: all, as GROUPING(owner_id, source) says it.
    level: Mapped[int]
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    source: Mapped[Text300 | None]
    how_many: Mapped[int] = mapped_column(BigInteger)
    how_many_priced: Mapped[int] = mapped_column(BigInteger)


class StatusPeriod(Base):
    """How long a lead stayed in a status that it left, and who owned it then. Like history it outlives its lead."""

    __tablename__ = "lead_status_history"
    __table_args__ = (
        Index("ix_lead_status_history_left", "left_at"),
        Index("ix_lead_status_history_lead", "lead_id", "status", "left_at"),
    )

    id: Mapped[Id]
    lead_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[LeadStatus] = mapped_column(EnumText(LeadStatus))
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    source: Mapped[Text300 | None]
    entered_at: Mapped[Timestamp]
    left_at: Mapped[Timestamp]
