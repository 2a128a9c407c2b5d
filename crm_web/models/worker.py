"""What workers leave in the database, so that others know about them."""

from datetime import timedelta

from sqlalchemy import BigInteger, CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, Text50, Timestamp

WORKER_SILENT_AFTER = timedelta(minutes=1)
"""How long after the last sign of life pages say that no worker is running."""


class WorkerHeartbeat(Base):
    """When any worker was last seen at work; one row."""

    __tablename__ = "worker_heartbeat"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, server_default=text("1"))
    seen_at: Mapped[Timestamp]


class WorkerJob(Base):
    """How often all workers together ran a job, how often it failed, and how long that took."""

    __tablename__ = "worker_jobs"

    name: Mapped[Text50] = mapped_column(primary_key=True)
    period_ms: Mapped[int] = mapped_column(BigInteger)
    """The milliseconds between two runs when nothing is due."""
    runs: Mapped[int] = mapped_column(BigInteger)
    failures: Mapped[int] = mapped_column(BigInteger)
    took_ms: Mapped[int] = mapped_column(BigInteger)
    ran_at: Mapped[Timestamp]
    succeeded_at: Mapped[Timestamp | None]
