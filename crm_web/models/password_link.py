"""Links by which people set their password."""

from sqlalchemy import ForeignKey, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, Email, Id, Timestamp
from crm_web.models.employee import Employee


class PasswordLink(Base):
    """A link that lets an employee set a password once; the link holds the token, the table only its hash."""

    __tablename__ = "password_links"

    id: Mapped[Id]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"), unique=True)
    email: Mapped[Email]
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[Timestamp]

    employee: Mapped[Employee] = relationship()
