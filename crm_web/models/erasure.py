"""Erasures: that a person was erased, by whom and when, without who it was."""

from typing import Any

from sqlalchemy import ForeignKey, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import ACTOR, Base, Id, Timestamp
from crm_web.models.employee import Employee


class Erasure(Base):
    """The receipt of an erasure: kinds of records to ids, and how much was erased of what."""

    __tablename__ = "erasures"

    id: Mapped[Id]
    records: Mapped[dict[str, list[int]]] = mapped_column(JSONB)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    erased_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    erased_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("employees.id", ondelete="RESTRICT"), server_default=text(ACTOR)
    )

    erased_by: Mapped[Employee | None] = relationship()
