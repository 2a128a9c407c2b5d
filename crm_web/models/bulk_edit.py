"""Bulk edits: the selected records, the action, and the result for each. An applied edit never changes."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, EnumText, Id, LongText, Timestamp
from crm_web.models.employee import Employee


class BulkEntity(StrEnum):
    LEAD = "lead"
    CUSTOMER = "customer"


class BulkAction(StrEnum):
    """What is done to each record."""

    ASSIGN = "assign"
    STATUS = "status"
    SOURCE = "source"
    TRASH = "trash"


class BulkOutcome(StrEnum):
    """The result for a record: skipped ones needed no change or could not have it, refused ones broke a rule."""

    PENDING = "pending"
    DONE = "done"
    SKIPPED = "skipped"
    REFUSED = "refused"


class UndoOutcome(StrEnum):
    """The result of the undo for a record."""

    UNDONE = "undone"
    LEFT = "left"


class BulkEdit(Base):
    """One action on many records. ``values`` is what it sets, such as ``{"owner_id": 3}``.

    ``items`` is the fixed set of records from when they were selected. Until it is applied the edit is a draft, which
    may be deleted; afterwards only its undo is added.
    """

    __tablename__ = "bulk_edits"
    __table_args__ = (
        CheckConstraint("entity = 'lead' OR action <> 'source'", name="action_fits"),
        CheckConstraint("(undone_at IS NULL) = (undone_by_id IS NULL)", name="undone_by_someone"),
        CheckConstraint("undone_at IS NULL OR applied_at IS NOT NULL", name="applied_before_undone"),
        Index("ix_bulk_edits_maker", "made_by_id", "id"),
        Index("ix_bulk_edits_drafts", "created_at", postgresql_where=text("applied_at IS NULL")),
    )

    id: Mapped[Id]
    entity: Mapped[BulkEntity] = mapped_column(EnumText(BulkEntity))
    action: Mapped[BulkAction] = mapped_column(EnumText(BulkAction))
    values: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    place: Mapped[LongText]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    applied_at: Mapped[Timestamp | None]
    undone_at: Mapped[Timestamp | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))

    made_by: Mapped[Employee] = relationship(foreign_keys=made_by_id)
    undone_by: Mapped[Employee | None] = relationship(foreign_keys=undone_by_id)

    @property
    def is_applied(self) -> bool:
        return self.applied_at is not None

    @property
    def is_undone(self) -> bool:
        return self.undone_at is not None


class BulkItem(Base):
    """A record in a bulk edit. Like history it outlives the record.

    ``before`` has the values that the edit changes, from when the record was selected; a record that was changed in
    these since is skipped. ``version_seen`` and ``version_after`` are its versions then and after the edit.
    """

    __tablename__ = "bulk_items"
    __table_args__ = (
        CheckConstraint("(outcome = 'done') = (version_after IS NOT NULL)", name="done_has_version"),
        CheckConstraint("(outcome IN ('skipped', 'refused')) = (reason IS NOT NULL)", name="others_have_reason"),
        CheckConstraint("undo_outcome IS NULL OR outcome = 'done'", name="only_done_is_undone"),
        Index("ix_bulk_items_outcome", "bulk_edit_id", "outcome", "record_id"),
    )

    bulk_edit_id: Mapped[int] = mapped_column(ForeignKey("bulk_edits.id", ondelete="RESTRICT"), primary_key=True)
    record_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version_seen: Mapped[int]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    outcome: Mapped[BulkOutcome] = mapped_column(EnumText(BulkOutcome), server_default="pending")
    reason: Mapped[LongText | None]
    version_after: Mapped[int | None]
    undo_outcome: Mapped[UndoOutcome | None] = mapped_column(EnumText(UndoOutcome))
    undo_reason: Mapped[LongText | None]
