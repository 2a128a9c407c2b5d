"""Merges: which records became one, and what is needed to take that back."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import ACTOR, Base, EnumText, Id, Timestamp
from crm_web.models.duplicate import RecordKind
from crm_web.models.employee import Employee


class RecordMerge(Base):
    """Records that were merged into one; only its undo is ever added.

    ``details`` holds ids and versions, and no value of any field: ``merged`` maps the id of each merged record to its
    version afterwards, ``kept_versions`` are those of the one that stays before and after, ``moved`` lists
    table, column, from which record, and the ids of what was moved, and ``demoted`` the contacts that are no longer
    primary.
    """

    __tablename__ = "record_merges"
    __table_args__ = (
        CheckConstraint("(undone_at IS NULL) = (undone_by_id IS NULL)", name="undone_by_someone"),
        Index("ix_record_merges_kept", "kept_id", "entity"),
    )

    id: Mapped[Id]
    entity: Mapped[RecordKind] = mapped_column(EnumText(RecordKind))
    kept_id: Mapped[int] = mapped_column(BigInteger)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    merged_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    merged_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("employees.id", ondelete="RESTRICT"), server_default=text(ACTOR)
    )
    undone_at: Mapped[Timestamp | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))

    merged_by: Mapped[Employee | None] = relationship(foreign_keys=merged_by_id)
    undone_by: Mapped[Employee | None] = relationship(foreign_keys=undone_by_id)

    @property
    def is_undone(self) -> bool:
        return self.undone_at is not None

    @property
    def merged_ids(self) -> list[int]:
        return sorted(int(record_id) for record_id in self.details["merged"])
