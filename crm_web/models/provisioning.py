"""Employees and groups as an identity provider knows them, which keeps them up to date through SCIM."""

from sqlalchemy import ForeignKey, Index, PrimaryKeyConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm_web.models.base import Base, Id, Text300
from crm_web.models.employee import Employee


class ProvisionedEmployee(Base):
    """An employee whom an identity provider keeps up to date.

    ``user_name`` is its name for them, usually their email, and ``external_id`` its own ID. The parts of their name are
    kept as well, so that it can change one of them.
    """

    __tablename__ = "provisioned_employees"
    __table_args__ = (Index("uq_provisioned_employees_user_name", text("lower(user_name)"), unique=True),)

    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"), primary_key=True)
    user_name: Mapped[Text300]
    external_id: Mapped[Text300 | None] = mapped_column(unique=True)
    given_name: Mapped[Text300 | None]
    family_name: Mapped[Text300 | None]

    employee: Mapped[Employee] = relationship()


class ProvisionedGroup(Base):
    """A group of an identity provider; ``OIDC_ROLES`` says which role its members have."""

    __tablename__ = "provisioned_groups"
    __table_args__ = (Index("uq_provisioned_groups_name", text("lower(name)"), unique=True),)

    id: Mapped[Id]
    name: Mapped[Text300]
    external_id: Mapped[Text300 | None] = mapped_column(unique=True)

    members: Mapped[list[Employee]] = relationship(
        secondary="provisioned_members", order_by=Employee.id, passive_deletes=True
    )


class ProvisionedMember(Base):
    """That an employee is in a group."""

    __tablename__ = "provisioned_members"
    __table_args__ = (PrimaryKeyConstraint("group_id", "employee_id"),)

    group_id: Mapped[int] = mapped_column(ForeignKey("provisioned_groups.id", ondelete="CASCADE"))
    employee_id: Mapped[int] = mapped_column(ForeignKey("employees.id", ondelete="CASCADE"), index=True)
