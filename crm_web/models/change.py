"""History: every change to a record, written by triggers and never altered."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    ForeignKey,
    Index,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.types import UserDefinedType

from crm_web.core.extensions import db
from crm_web.models.activity import ActivityKind
from crm_web.models.base import Base, EnumText, Id, Text50, Timestamp
from crm_web.models.employee import Employee


class ChangeSource(StrEnum):
    """What made a change: a page, the API, an import, …."""

    WEB = "web"
    API = "api"
    IMPORT = "import"
    BULK = "bulk"
    COMMAND = "command"
    SQL = "sql"
    EMAIL = "email"


class ChangeAction(StrEnum):
    """What happened to the row."""

    CREATED = "created"
    CHANGED = "changed"
    DELETED = "deleted"

    @property
    def label(self) -> str:
        return "Updated" if self is ChangeAction.CHANGED else self.value.capitalize()


class TransactionId(UserDefinedType[int]):
    """A PostgreSQL transaction id (``xid8``), assigned in the order in which transactions begin."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "xid8"

    def bind_expression(self, bindvalue: Any) -> Any:
        """PostgreSQL casts text to this type, but no number."""
        return cast(cast(bindvalue, Text), self)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """The driver returns it as text."""
        return lambda value: None if value is None else int(value)


# So that Alembic knows the type when it compares the models with the database.
ischema_names["xid8"] = TransactionId


# The worker and `flask mail receive` write as commands do, and of what those create, emails and files come in by email
# alone. A source of its own in the column would stop releases that don't know it from reading history.
IS_RECEIVED_EMAIL: ColumnElement[bool] = literal_column(
    "(source = 'command' AND action = 'created'"
    " AND (entity = 'activity' AND fields #>> '{kind,1}' = 'email' OR entity = 'file'))",
    Boolean(),
)


class Change(Base):
    """The change of one row: ``fields`` maps each changed field to ``[old, new]``. It outlives its record."""

    __tablename__ = "changes"
    __table_args__ = (
        Index("ix_changes_record", "entity", "entity_id", "id"),
        Index("ix_changes_actor", "actor_id", "id"),
        Index("ix_changes_at", "at", "id"),
        Index("ix_changes_xact", "xact", "id"),
        Index("ix_changes_deleted", "at", "id", postgresql_where=text("action = 'deleted'")),
        Index("ix_changes_source", "source", "at", "id", postgresql_where=text("source IN ('web', 'api', 'bulk')")),
        Index("ix_changes_email", "at", "id", postgresql_where=IS_RECEIVED_EMAIL),
    )

    id: Mapped[Id]
    entity: Mapped[Text50]
    entity_id: Mapped[int] = mapped_column(BigInteger)
    action: Mapped[ChangeAction] = mapped_column(EnumText(ChangeAction))
    fields: Mapped[dict[str, list[Any]]] = mapped_column(JSONB)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))
    at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    stored_source: Mapped[ChangeSource] = mapped_column("source", EnumText(ChangeSource, unstored=ChangeSource.EMAIL))
    request_id: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int | None]
    xact: Mapped[int] = mapped_column(TransactionId, server_default=text("crm_xact()"), deferred=True)

    actor: Mapped[Employee | None] = relationship()

    @property
    def source(self) -> ChangeSource:
        """What made the change; ``IS_RECEIVED_EMAIL`` finds those by email."""
        is_created_by_worker = self.stored_source is ChangeSource.COMMAND and self.action is ChangeAction.CREATED
        is_email = self.entity == "activity" and self.fields.get("kind") == [None, ActivityKind.EMAIL]
        is_received = is_created_by_worker and (is_email or self.entity == "file")
        return ChangeSource.EMAIL if is_received else self.stored_source


def set_change_source(source: ChangeSource, request_id: str | None = None) -> None:
    """Set the source of this session's changes for history."""
    db.session.info.update(source=source, request_id=request_id)


@contextmanager
def using_change_source(source: ChangeSource) -> Iterator[None]:
    """Set another source for the changes inside a block."""
    info = db.session.info
    usual = info.get("source", ChangeSource.COMMAND)
    info["source"] = source
    try:
        yield
    finally:
        info["source"] = usual


def set_audit_actor(actor: Employee | None) -> None:
    """Set who makes the following changes of this transaction.

    :param actor: ``None`` for the system
    """
    # Past the session, which takes longer than the statement.
    db.session.connection().execute(_SET_AUDIT, audit_values(actor))


# Built once, since every write sends them.
AUDIT_SETTINGS: list[ColumnElement[str]] = [
    func.set_config(f"crm.{name}", bindparam(f"audit_{name}"), True) for name in ("actor_id", "source", "request_id")
]
"""Columns for a SELECT that set who makes the following changes, for a statement that does more than that."""
_SET_AUDIT = select(*AUDIT_SETTINGS).execution_options(prepared=True)


def audit_values(actor: Employee | None) -> dict[str, str]:
    """Return the values for ``AUDIT_SETTINGS``.

    :param actor: ``None`` for the system
    """
    info = db.session.info
    return {
        "audit_actor_id": "" if actor is None else str(actor.id),
        "audit_source": info.get("source", ChangeSource.COMMAND).value,
        "audit_request_id": info.get("request_id") or "",
    }
