"""Second factors: authenticator apps, passkeys and recovery codes."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, Id, Text50, Timestamp
from crm_web.models.employee import Employee


class Authenticator(Base):
    """The authenticator app of an employee, which shows a new code every 30 seconds (TOTP, RFC 6238)."""

    __tablename__ = "authenticators"
    __table_args__ = (CheckConstraint("num_nonnulls(secret, sealed_secret) > 0", name="has_secret"),)

    employee_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret: Mapped[Text50 | None]
    """For the release before this one; see ``crm_web.core.sealing``."""
    sealed_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger)
    """The period of 30 seconds whose code was used last; neither it nor an earlier one works again."""
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))


class RecoveryCode(Base):
    """A code for when the app is lost, as a hash; it is deleted when it is used."""

    __tablename__ = "recovery_codes"

    id: Mapped[Id]
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)


class Passkey(Base):
    """A key pair of which somebody's device keeps the private half (WebAuthn); it unlocks it by finger, face or PIN."""

    __tablename__ = "passkeys"

    id: Mapped[Id]
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"), index=True)
    name: Mapped[Text50]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """How often the device says that it was used; a copy of it falls behind. Many don't count, and say 0."""
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    last_used_at: Mapped[Timestamp | None]

    employee: Mapped[Employee] = relationship()


class PasskeyChallenge(Base):
    """A challenge that a browser was given to have it signed; it is deleted when it is answered."""

    __tablename__ = "passkey_challenges"

    challenge: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[Timestamp]
