"""Imports that people run in the browser: the uploaded file, how to read it, how far it is, and what became of it."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, EnumText, Id, LongText, Text50, Text300, Timestamp
from crm_web.models.bulk_edit import UndoOutcome
from crm_web.models.change import TransactionId
from crm_web.models.employee import Employee

FILE_CHUNK = 1024 * 1024
"""Bytes of a file in one row."""


class ImportState(StrEnum):
    """How far an import is. In three states it waits for the worker, in the others for a person or for nothing."""

    DRAFT = "draft"
    CHECKING = "checking"
    CHECKED = "checked"
    IMPORTING = "importing"
    IMPORTED = "imported"
    UNDOING = "undoing"
    UNDONE = "undone"

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def is_due(self) -> bool:
        """Whether the worker has something to do."""
        return self in DUE_STATES

    @property
    def is_open(self) -> bool:
        """Whether nothing is imported yet, so that it can be changed or cancelled."""
        return self in OPEN_STATES


DUE_STATES = (ImportState.CHECKING, ImportState.IMPORTING, ImportState.UNDOING)
OPEN_STATES = (ImportState.DRAFT, ImportState.CHECKING, ImportState.CHECKED, ImportState.IMPORTING)
_LABELS = {
    ImportState.DRAFT: "Not checked yet",
    ImportState.CHECKING: "Checking…",
    ImportState.CHECKED: "Ready to import",
    ImportState.IMPORTING: "Importing…",
    ImportState.IMPORTED: "Imported",
    ImportState.UNDOING: "Undoing…",
    ImportState.UNDONE: "Undone",
}


class ImportOutcome(StrEnum):
    """What an import does with a row; every row has one."""

    CREATED = "created"
    UPDATED = "updated"
    FILLED = "filled"
    SAME = "same"
    REFUSED = "refused"

    @property
    def label(self) -> str:
        return _OUTCOME_LABELS[self]


_OUTCOME_LABELS = {
    ImportOutcome.CREATED: "Created",
    ImportOutcome.UPDATED: "Updated",
    ImportOutcome.FILLED: "Filled in",
    ImportOutcome.SAME: "Nothing new",
    ImportOutcome.REFUSED: "Refused",
}


class Import(Base):
    """One file on its way in. Whoever uploaded it is who imports, whoever presses the last button.

    :param options: how to read the file, as ``crm_web.imports.stored.settings`` writes it
    :param report: the counts of the check, or of the import
    :param problem: why the worker could not do what was asked
    :param header_hash: of the file's headings, by which an earlier choice of columns is found again
    :param xact: the transaction that imported it, as history knows it
    :param set_id: the first of the related files that are checked, imported and undone together; ``None`` for itself
    """

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint("(state IN ('imported', 'undoing', 'undone')) = (imported_at IS NOT NULL)", name="imported_at"),
        CheckConstraint("(state = 'undone') = (undone_at IS NOT NULL)", name="undone_at"),
        Index("ix_imports_due", "id", postgresql_where=text("state IN ('checking', 'importing', 'undoing')")),
        Index("ix_imports_header_hash", "header_hash", "id", postgresql_where=text("imported_at IS NOT NULL")),
        Index("ix_imports_set_id", "set_id", postgresql_where=text("set_id IS NOT NULL")),
        Index("ix_imports_files", "created_at", postgresql_where=text("file_deleted_at IS NULL")),
    )

    id: Mapped[Id]
    filename: Mapped[Text300]
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[ImportState] = mapped_column(EnumText(ImportState), server_default="draft")
    options: Mapped[dict[str, Any]] = mapped_column(JSONB)
    report: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    problem: Mapped[LongText | None]
    header_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    file_deleted_at: Mapped[Timestamp | None]
    imported_at: Mapped[Timestamp | None]
    xact: Mapped[int | None] = mapped_column(TransactionId, deferred=True)
    set_id: Mapped[int | None] = mapped_column(ForeignKey("imports.id", ondelete="RESTRICT"))
    undone_at: Mapped[Timestamp | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))

    made_by: Mapped[Employee] = relationship(foreign_keys=made_by_id)
    undone_by: Mapped[Employee | None] = relationship(foreign_keys=undone_by_id)


class ImportChunk(Base):
    """A piece of an uploaded file."""

    __tablename__ = "import_chunks"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="RESTRICT"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportProgress(Base):
    """How far the worker is with an import, written by a transaction of its own while that of the import runs.

    :param stage: what it does now
    :param done: how much of that is done, of ``total``
    :param rows: how many rows of the file are read
    :param attempts: how often a worker began
    """

    __tablename__ = "import_progress"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="RESTRICT"), primary_key=True)
    stage: Mapped[Text50] = mapped_column(server_default=text("''"))
    done: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    total: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    rows: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    requested_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    started_at: Mapped[Timestamp | None]
    seen_at: Mapped[Timestamp | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    is_cancelled: Mapped[bool] = mapped_column(server_default=text("false"))


class ImportResult(Base):
    """What becomes of one row of a file. Like history it outlives the records.

    :param line: the line of the file on which the row begins
    :param label: what the row calls its record
    :param cells: the cells of a refused row, to be mended
    """

    __tablename__ = "import_results"
    __table_args__ = (
        CheckConstraint("undo_outcome <> 'left' OR undo_reason IS NOT NULL", name="left_has_reason"),
        Index("ix_import_results_outcome", "import_id", "outcome", "line"),
        Index("ix_import_results_left", "import_id", "line", postgresql_where=text("undo_outcome = 'left'")),
    )

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="RESTRICT"), primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    outcome: Mapped[ImportOutcome] = mapped_column(EnumText(ImportOutcome))
    label: Mapped[LongText | None]
    reason: Mapped[LongText | None]
    lead_id: Mapped[int | None] = mapped_column(BigInteger)
    customer_id: Mapped[int | None] = mapped_column(BigInteger)
    contact_id: Mapped[int | None] = mapped_column(BigInteger)
    activity_id: Mapped[int | None] = mapped_column(BigInteger)
    cells: Mapped[list[str] | None] = mapped_column(JSONB)
    undo_outcome: Mapped[UndoOutcome | None] = mapped_column(EnumText(UndoOutcome))
    undo_reason: Mapped[LongText | None]


class ImportCorrection(Base):
    """The cells that a person typed in place of those of one row."""

    __tablename__ = "import_corrections"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id", ondelete="RESTRICT"), primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    cells: Mapped[list[str]] = mapped_column(JSONB)
