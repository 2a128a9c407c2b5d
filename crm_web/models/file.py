"""Files on leads, customers and activities."""

from enum import StrEnum
from typing import cast
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.activity import Activity
from crm_web.models.base import Base, EnumText, Id, Recorded, Text300, Timestamp, Trashable, index_values
from crm_web.models.customer import Customer
from crm_web.models.employee import Employee
from crm_web.models.lead import Lead


class MediaType(StrEnum):
    """The types that browsers may show, all of them by programs of their own that run nothing."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"
    WEBP = "image/webp"
    PDF = "application/pdf"

    @property
    def label(self) -> str:
        return self.name


class File(Recorded, Trashable, Base):
    """A file on exactly one lead or customer. One that was removed is kept for a time, so that it can be restored.

    One with an activity is on the record of that activity; a trigger moves it along when a merge moves the activity.
    ``media_type`` is what its first bytes are, for the few types that browsers may show; ``None`` for others.
    """

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("num_nonnulls(lead_id, customer_id) = 1", name="on_one_record"),
        CheckConstraint("btrim(name) <> ''", name="has_name"),
        CheckConstraint("(deleted_at IS NULL) OR (deleted_by_id IS NOT NULL)", name="trashed_by_someone"),
        index_values("ix_files_lead_id", "lead_id"),
        index_values("ix_files_customer_id", "customer_id"),
        index_values("ix_files_activity_id", "activity_id"),
        index_values("ix_files_deleted_at", "deleted_at"),
        Index("ix_files_created_by_id", "created_by_id"),
        Index("ix_files_updated_by_id", "updated_by_id"),
        Index("ix_files_deleted_by_id", "deleted_by_id"),
    )

    id: Mapped[Id]
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("leads.id", ondelete="RESTRICT"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id", ondelete="RESTRICT"))
    activity_id: Mapped[int | None] = mapped_column(ForeignKey("activities.id", ondelete="SET NULL"))
    name: Mapped[Text300]
    media_type: Mapped[MediaType | None] = mapped_column(EnumText(MediaType))
    size: Mapped[int] = mapped_column(BigInteger)

    lead: Mapped[Lead | None] = relationship()
    customer: Mapped[Customer | None] = relationship()
    activity: Mapped[Activity | None] = relationship()
    created_by: Mapped[Employee | None] = relationship(foreign_keys="File.created_by_id")

    @property
    def record(self) -> Lead | Customer:
        """The lead or customer that it is on; a constraint ensures that it is exactly one."""
        return self.lead or cast(Customer, self.customer)

    @property
    def place(self) -> Lead | Customer | Activity:
        """What it was added to."""
        return self.activity or self.record


class FileChunk(Base):
    """A piece of a file, in a table of its own: what lists files never reads it."""

    __tablename__ = "file_chunks"

    file_id: Mapped[int] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class FileObject(Base):
    """What a file holds, as an object in a bucket; a file without one has pieces.

    The row is committed before the object is uploaded, so that none is ever forgotten: those that belong to no file are
    deleted, ``expires_at`` at the earliest. ``sha256`` is what the object holds, once it belongs to a file.
    """

    __tablename__ = "file_objects"
    __table_args__ = (
        CheckConstraint("(file_id IS NULL) OR (sha256 IS NOT NULL)", name="hash_known"),
        Index("uq_file_objects_file_id", "file_id", unique=True),
        Index("ix_file_objects_expires_at", "expires_at", postgresql_where=text("file_id IS NULL")),
    )

    key: Mapped[UUID] = mapped_column(primary_key=True)
    file_id: Mapped[int | None] = mapped_column(ForeignKey("files.id", ondelete="SET NULL"))
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
    expires_at: Mapped[Timestamp]
