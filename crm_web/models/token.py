"""API tokens, and how often they were used lately."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, EnumText, Id, Text50, Text300, Timestamp
from crm_web.models.employee import Employee


class Scope(StrEnum):
    """What a token may do; never more than its employee."""

    READ = "read"
    WRITE = "write"

    @property
    def label(self) -> str:
        return {Scope.READ: "Read only", Scope.WRITE: "Read and write"}[self]


class ApiToken(Base):
    """An API token; the program holds its secret, the table only a hash."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        CheckConstraint("btrim(name) <> ''", name="is_named"),
        CheckConstraint("expires_at > created_at", name="expires_later"),
        CheckConstraint("(revoked_at IS NULL) OR (revoked_by_id IS NOT NULL)", name="revoked_by_someone"),
        Index("ix_api_tokens_employee_id", "employee_id", "id"),
    )

    id: Mapped[Id]
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))
    name: Mapped[Text300]
    scope: Mapped[Scope] = mapped_column(EnumText(Scope))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    secret_end: Mapped[Text50]
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[Timestamp]
    last_used_at: Mapped[Timestamp | None]
    revoked_at: Mapped[Timestamp | None]
    revoked_by_id: Mapped[int | None] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"))

    employee: Mapped[Employee] = relationship(foreign_keys=employee_id)


class ApiUse(Base):
    """The number of a token's requests in a minute, across all instances."""

    __tablename__ = "api_uses"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    token_id: Mapped[int] = mapped_column(ForeignKey("api_tokens.id", ondelete="CASCADE"), primary_key=True)
    began_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    requests: Mapped[int] = mapped_column(server_default=text("1"))
