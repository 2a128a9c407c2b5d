"""Queries for the employees and groups that an identity provider sees."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from crm_web.core.extensions import db
from crm_web.models import Employee, ProvisionedEmployee, ProvisionedGroup, ProvisionedMember


class SeenEmployee(NamedTuple):
    """An employee, and how the identity provider knows them; ``None`` if it doesn't yet."""

    employee: Employee
    known: ProvisionedEmployee | None


def list_employees(*conditions: ColumnElement[bool]) -> Sequence[SeenEmployee]:
    """List the employees that the identity provider sees, by id.

    Those that it deleted are deactivated here, and it no longer sees them.
    """
    query = (
        select(Employee, ProvisionedEmployee)
        .outerjoin(ProvisionedEmployee, ProvisionedEmployee.employee_id == Employee.id)
        .where(or_(Employee.is_active, ProvisionedEmployee.employee_id.is_not(None)), *conditions)
        .options(joinedload(Employee.manager))
        .order_by(Employee.id)
    )
    return [SeenEmployee(*row) for row in db.session.execute(query)]


def find_employee(employee_id: int) -> SeenEmployee | None:
    """Find an employee that the identity provider sees."""
    return next(iter(list_employees(Employee.id == employee_id)), None)


def has_user_name(user_name: str) -> ColumnElement[bool]:
    """Match a user name, or the email of an employee that the identity provider doesn't know yet."""
    name = func.lower(user_name)
    by_email = ProvisionedEmployee.employee_id.is_(None) & (Employee.email_normalised == name)
    return or_(func.lower(ProvisionedEmployee.user_name) == name, by_email)


def has_external_id(external_id: str) -> ColumnElement[bool]:
    """Match the identity provider's own ID."""
    return ProvisionedEmployee.external_id == external_id


def map_groups(employee_ids: Collection[int]) -> dict[int, list[ProvisionedGroup]]:
    """Map employees to the groups that they are in."""
    query = (
        select(ProvisionedMember.employee_id, ProvisionedGroup)
        .join(ProvisionedGroup, ProvisionedGroup.id == ProvisionedMember.group_id)
        .where(ProvisionedMember.employee_id.in_(employee_ids))
        .order_by(ProvisionedGroup.id)
    )
    groups: dict[int, list[ProvisionedGroup]] = {}
    for employee_id, group in db.session.execute(query):
        groups.setdefault(employee_id, []).append(group)
    return groups


def list_groups(*conditions: ColumnElement[bool], with_members: bool = True) -> Sequence[ProvisionedGroup]:
    """List groups by id."""
    query = select(ProvisionedGroup).where(*conditions).order_by(ProvisionedGroup.id)
    if with_members:
        query = query.options(selectinload(ProvisionedGroup.members))
    return db.session.scalars(query).all()


def find_group(group_id: int) -> ProvisionedGroup | None:
    """Find a group with its members."""
    return next(iter(list_groups(ProvisionedGroup.id == group_id)), None)
