"""The secret addresses at which calendar apps read people's calendars."""

from sqlalchemy import ForeignKey, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, Timestamp
from crm_web.models.employee import Employee


class CalendarFeed(Base):
    """A person's feed; the address holds its key, the table only a hash."""

    __tablename__ = "calendar_feeds"

    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[Timestamp] = mapped_column(server_default=text("now()"))

    employee: Mapped[Employee] = relationship()
