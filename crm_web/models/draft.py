"""Drafts: forms that were sent after their session had ended."""

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, Id, LongText, Timestamp

LARGEST_DRAFT = 100_000
"""Characters of JSON."""


class Draft(Base):
    """A form that was not saved, kept for an hour until its author signs in again."""

    __tablename__ = "drafts"
    # JSONB is written with blanks, and with a backslash before each quotation mark.
    __table_args__ = (CheckConstraint(f"char_length(fields::text) <= {3 * LARGEST_DRAFT}", name="fields_length"),)

    id: Mapped[Id]
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"), index=True)
    place: Mapped[LongText]
    fields: Mapped[list[Any]] = mapped_column(JSONB)
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"), index=True)
