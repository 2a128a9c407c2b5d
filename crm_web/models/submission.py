"""Idempotency keys of forms, with the response to each."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, Timestamp


class Submission(Base):
    """A form sent by a person; a second one with the same key gets the same response and creates nothing."""

    __tablename__ = "submissions"

    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"), primary_key=True)
    key: Mapped[UUID] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"), index=True)
