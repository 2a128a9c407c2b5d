"""Saved views, and what each person chose for those that they see."""

from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, EnumText, Id, Recorded, Text50, Trashable
from crm_web.models.employee import Employee


class ListName(StrEnum):
    """The lists that can have saved views."""

    LEADS = "leads"
    CUSTOMERS = "customers"

    @property
    def label(self) -> str:
        return self.value.capitalize()


class SavedView(Recorded, Trashable, Base):
    """A name for the query string of a list; others see it if it is shared."""

    __tablename__ = "saved_views"
    __table_args__ = (
        UniqueConstraint("id", "list"),
        Index(
            "uq_saved_views_name",
            "owner_id",
            "list",
            text("lower(name)"),
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_saved_views_shared", "list", postgresql_where=text("is_shared AND deleted_at IS NULL")),
    )

    id: Mapped[Id]
    list: Mapped[ListName] = mapped_column(EnumText(ListName))
    name: Mapped[Text50]
    address: Mapped[str] = mapped_column(Text, info={"limit": 4000}, server_default="")
    is_shared: Mapped[bool] = mapped_column(server_default=text("false"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"), index=True)

    owner: Mapped[Employee] = relationship(foreign_keys=owner_id)


class ViewChoice(Base):
    """Whether a person has pinned a view, and whether it is their default."""

    __tablename__ = "view_choices"
    __table_args__ = (
        ForeignKeyConstraint(["view_id", "list"], ["saved_views.id", "saved_views.list"], ondelete="CASCADE"),
        Index("ix_view_choices_view", "view_id"),
        Index("uq_view_choices_default", "employee_id", "list", unique=True, postgresql_where=text("is_default")),
    )

    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="RESTRICT"), primary_key=True)
    view_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    list: Mapped[ListName] = mapped_column(EnumText(ListName))
    is_pinned: Mapped[bool] = mapped_column(server_default=text("false"))
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
