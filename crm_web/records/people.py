"""Employees as others refer to them: possible owners, members of a team, names by id."""

from collections.abc import Sequence

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import Employee


def list_team_ids(employee: Employee) -> Sequence[int]:
    """
    List who belongs to an employee's team: they themselves and whoever reports to them.

    :param employee: the one whose team it is
    :return: the ids
    """
    return [employee.id, *db.session.scalars(select(Employee.id).where(Employee.manager_id == employee.id))]
