"""Erasures: that a person was erased, by whom and when, without who it was."""

from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import ACTOR, Base, EnumText, Id, Text300, Timestamp
from crm_web.models.duplicate import RecordKind
from crm_web.models.employee import Employee


class ErasureState(StrEnum):
    """How far an erasure is. Until it is done, nothing is erased; one that is canceled never is."""

    WAITING = "waiting"
    FAILED = "failed"
    DONE = "done"
    CANCELED = "canceled"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class Erasure(Base):
    """The receipt of an erasure, and until then what the worker is asked for.

    :param records: kinds of records to ids, once they are erased
    :param counts: how much was erased of what
    :param erased_by: who asked for it
    :param entity: the kind of one of the person's records, until they are erased
    :param record_id: its id
    :param mentions: keys of the texts about others that somebody chose
    :param problem: why the worker could not do it
    :param searched: how far the search of history is, of ``to_search``
    :param attempts: how often a worker began
    """

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("(state = 'done') = (erased_at IS NOT NULL)", name="erased_at"),
        CheckConstraint(
            "num_nonnulls(entity, record_id, mentions)"
            " = CASE state WHEN 'done' THEN 0 WHEN 'canceled' THEN 2 ELSE 3 END",
            name="whom",
        ),
        CheckConstraint("(state = 'failed') = (problem IS NOT NULL)", name="problem"),
        CheckConstraint(
            "num_nonnulls(canceled_at, canceled_by_id) = CASE state WHEN 'canceled' THEN 2 ELSE 0 END",
            name="canceled",
        ),
        Index(
            *("uq_erasures_open", "entity", "record_id"),
            unique=True,
            postgresql_where=text("state IN ('waiting', 'failed')"),
        ),
        Index("ix_erasures_canceled_by_id", "canceled_by_id"),
        Index("ix_erasures_due", "id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[Id]
    records: Mapped[dict[str, list[int]]] = mapped_column(JSONB)
    counts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    # The default is for what the release before writes.
    erased_at: Mapped[Timestamp | None] = mapped_column(server_default=text("now()"))
    erased_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("employees.id", ondelete="RESTRICT"), server_default=text(ACTOR)
    )
    state: Mapped[ErasureState] = mapped_column(EnumText(ErasureState), server_default="done")
    entity: Mapped[RecordKind | None] = mapped_column(EnumText(RecordKind))
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    mentions: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    problem: Mapped[Text300 | None]
    searched: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    to_search: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    seen_at: Mapped[Timestamp | None]
    canceled_at: Mapped[Timestamp | None]
    canceled_by_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))

    erased_by: Mapped[Employee | None] = relationship(foreign_keys=erased_by_id)
    canceled_by: Mapped[Employee | None] = relationship(foreign_keys=canceled_by_id)
