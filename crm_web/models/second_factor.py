"""Second factors: authenticator apps and recovery codes."""

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from crm_web.models.base import Base, Id, Text50, Timestamp


class Authenticator(Base):
    """The authenticator app of an employee, which shows a new code every 30 seconds (TOTP, RFC 6238)."""

    __tablename__ = "authenticators"

    employee_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret: Mapped[Text50]
    last_step: Mapped[int] = mapped_column(BigInteger)
    """The period of 30 seconds whose code was used last; neither it nor an earlier one works again."""
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))


class RecoveryCode(Base):
    """A code for when the app is lost, as a hash; it is deleted when it is used."""

    __tablename__ = "recovery_codes"

    id: Mapped[Id]
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
