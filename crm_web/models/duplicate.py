"""Possible duplicates: by which keys records are compared, the pairs that were found, and how far the search is."""

from enum import IntEnum, StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, EnumText, Id, Timestamp
from crm_web.models.change import TransactionId


class RecordKind(StrEnum):
    """The kinds of record that can be duplicates."""

    LEAD = "lead"
    CUSTOMER = "customer"
    CONTACT = "contact"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class Strength(IntEnum):
    """How sure it is that two records are the same."""

    POSSIBLE = 1
    LIKELY = 2
    VERY_LIKELY = 3

    @property
    def label(self) -> str:
        return self.name.replace("_", " ").capitalize()


class DuplicateKey(Base):
    """A key of a record: records that share one are compared. It is a hash, and says nothing about anybody."""

    __tablename__ = "duplicate_keys"
    __table_args__ = (Index("ix_duplicate_keys_record", "record_id", "entity"),)

    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    record_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entity: Mapped[RecordKind] = mapped_column(EnumText(RecordKind), primary_key=True)


class DuplicatePair(Base):
    """Two records that may be the same, the one with the lower kind and id first.

    ``reasons`` is a list of texts with their points. ``group_id`` is the strongest pair of those that hang together;
    it is its own in that pair. A dismissed pair belongs to no group, and stays to be remembered.
    """

    __tablename__ = "duplicate_pairs"
    __table_args__ = (
        Index("uq_duplicate_pairs_records", "record_id", "other_id", "entity", "other_entity", unique=True),
        Index("ix_duplicate_pairs_other", "other_id", "other_entity"),
        Index("ix_duplicate_pairs_group", "group_id"),
        Index("ix_duplicate_pairs_strongest", "points", "id", postgresql_where=text("id = group_id")),
        CheckConstraint("(entity, record_id) <> (other_entity, other_id)", name="two_records"),
        CheckConstraint("strength BETWEEN 1 AND 3", name="strength_known"),
        CheckConstraint("dismissed_at IS NULL OR group_id IS NULL", name="dismissed_has_no_group"),
    )

    id: Mapped[Id]
    entity: Mapped[RecordKind] = mapped_column(EnumText(RecordKind))
    record_id: Mapped[int] = mapped_column(BigInteger)
    other_entity: Mapped[RecordKind] = mapped_column(EnumText(RecordKind))
    other_id: Mapped[int] = mapped_column(BigInteger)
    points: Mapped[int]
    strength: Mapped[int]
    reasons: Mapped[list[list[Any]]] = mapped_column(JSONB)
    group_id: Mapped[int | None] = mapped_column(BigInteger)
    found_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    dismissed_at: Mapped[Timestamp | None]
    dismissed_by_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))


class DuplicateScan(Base):
    """How far the search for duplicates is: through the records that were there before it, and in the change feed."""

    __tablename__ = "duplicate_scan"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entity: Mapped[RecordKind | None] = mapped_column(EnumText(RecordKind))
    """Which records it goes through; empty once it has been through all."""
    record_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    """The last of them that it has compared."""
    xact: Mapped[int | None] = mapped_column(TransactionId)
    change_id: Mapped[int | None] = mapped_column(BigInteger)
