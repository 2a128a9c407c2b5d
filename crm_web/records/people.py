"""Employees as others refer to them: possible owners, team members, names."""

from collections.abc import Collection, Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import load_only

from crm_web.core.extensions import db
from crm_web.models import Employee, Role


def list_team_ids(employee: Employee) -> Sequence[int]:
    """List the ids of a person's team: themselves and their direct reports."""
    return [employee.id, *db.session.scalars(select(Employee.id).where(Employee.manager_id == employee.id))]


def list_all_employees() -> Sequence[Employee]:
    """List all employees, active ones first, then by name."""
    return db.session.scalars(
        select(Employee).order_by(Employee.is_active.desc(), func.crm_fold(Employee.name), Employee.id)
    ).all()


def map_employee_names(employee_ids: Collection[int] | None = None) -> dict[int, str]:
    """Map ids to names, deactivated employees included; ``None`` for all employees."""
    query = select(Employee.id, Employee.name)
    if employee_ids is not None:
        query = query.where(Employee.id.in_(employee_ids))
    return {row.id: row.name for row in db.session.execute(query)}


def list_possible_owners(*, but: Employee | None = None) -> Sequence[Employee]:
    """List who may own leads and customers, by name; only the name and the id are loaded.

    :param but: who is left out, such as the one who hands over
    """
    query = select(Employee).where(Employee.is_active, Employee.role != Role.VIEWER).options(load_only(Employee.name))
    if but is not None:
        query = query.where(Employee.id != but.id)
    return db.session.scalars(query.order_by(func.crm_fold(Employee.name), Employee.id)).all()
