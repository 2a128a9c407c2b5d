"""Keep employees and their roles in step with an identity provider."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.employees.operations import (
    EmailTaken,
    Handover,
    change_employee,
    create_employee,
    deactivate,
    give_role,
    reactivate,
    take_turn,
)
from crm_web.employees.roles import GroupRoles
from crm_web.models import Employee, ProvisionedEmployee, ProvisionedGroup, ProvisionedMember, Role
from crm_web.records.people import find_employee_by_email
from crm_web.scim.queries import find_employee, map_groups
from crm_web.scim.reading import Description, GroupDescription


class AlreadyThere(Conflict):
    """Another user or group has that name or external id."""


def provision_user(said: Description, roles: GroupRoles, *, by: Employee) -> Employee:
    """Add an employee, or reactivate one that the identity provider deleted.

    :param roles: has the role of those in no group; without one they are viewers
    :raise AlreadyThere: if the user name or external id is another one's
    :raise EmailTaken: if another employee has that email
    :raise DomainError: if a value is invalid
    """
    take_turn()
    employee = find_employee_by_email(said.values["email"])
    if employee is None:
        values = said.values | {"role": roles.default or Role.VIEWER}
        employee = create_employee(values, password=None, by=by)
    elif find_employee(employee.id) is not None:
        raise EmailTaken("This email is already in use.", "email")
    change_user(employee, said, version=employee.version, by=by)
    return employee


def change_user(employee: Employee, said: Description, *, version: int, by: Employee) -> None:
    """Change an employee. If they are deactivated, their records go to their manager.

    :param version: the version that the change was made from
    :raise ChangedMeanwhile: if someone changed the same field since
    :raise AlreadyThere: if the user name or external id is another one's
    :raise EmailTaken: if another employee has that email
    :raise LastAdministrator: if nobody else could manage the employees
    :raise LeadsThemselves: if the chain of managers would be a circle
    :raise DomainError: if a value is invalid
    """
    if employee.is_active and not said.is_active:
        deactivate(employee, handover=_choose_successor(employee), by=by)
    elif said.is_active:
        reactivate(employee, by=by)
    change_employee(employee, said.values, version=version, handover=None, by=by)
    with _conflicts_in_words():
        db.session.merge(ProvisionedEmployee(employee_id=employee.id, **said.known))
        db.session.flush()
    db.session.refresh(employee, ["manager"])


def remove_user(employee: Employee, *, by: Employee) -> None:
    """Deactivate an employee that the identity provider deleted; history keeps them.

    :raise LastAdministrator: if nobody else could manage the employees
    """
    deactivate(employee, handover=_choose_successor(employee), by=by)
    for model in (ProvisionedMember, ProvisionedEmployee):
        db.session.execute(delete(model).where(model.employee_id == employee.id))


def save_group(group: ProvisionedGroup, said: GroupDescription, roles: GroupRoles, *, by: Employee) -> None:
    """Save a new or changed group with its members, and give everyone affected the role of their groups.

    :param roles: which group gives which role
    :raise AlreadyThere: if another group has the name or external id
    :raise DomainError: if a member does not exist
    :raise LastAdministrator: if nobody else could manage the employees
    """
    take_turn()
    is_renamed = (group.name, group.external_id) != (said.name, said.external_id)
    before = set(group.members)
    group.name, group.external_id = said.name, said.external_id
    group.members = _find_members(said.member_ids)
    with _conflicts_in_words():
        db.session.add(group)
        db.session.flush()
    _give_roles(before | set(group.members) if is_renamed else before ^ set(group.members), roles, by)


def remove_group(group: ProvisionedGroup, roles: GroupRoles, *, by: Employee) -> None:
    """Remove a group, and give its members the role of their other groups.

    :raise LastAdministrator: if nobody else could manage the employees
    """
    take_turn()
    members = set(group.members)
    db.session.delete(group)
    db.session.flush()
    _give_roles(members, roles, by)


def _find_members(member_ids: Collection[int]) -> list[Employee]:
    query = select(Employee).where(Employee.id.in_(member_ids)).order_by(Employee.id)
    members = list(db.session.scalars(query))
    if len(members) < len(set(member_ids)):
        raise DomainError("A member doesn’t exist. Send the IDs of existing users.", "members")
    return members


def _give_roles(employees: Collection[Employee], roles: GroupRoles, by: Employee) -> None:
    """If no group gives a role, roles are managed here."""
    if not roles.by_group:
        return
    groups = map_groups([employee.id for employee in employees])
    changing: dict[Role, list[Employee]] = {}
    for employee in sorted(employees, key=lambda employee: employee.id):
        names = {name for group in groups.get(employee.id, ()) for name in (group.name, group.external_id) if name}
        role = roles.choose(names) or Role.VIEWER
        if role is not employee.role:
            changing.setdefault(role, []).append(employee)
    # New admins come first, so that the last one may go.
    for role in sorted(changing, key=list(Role).index, reverse=True):
        for employee in give_role(changing[role], role, by=by):
            handover = _choose_successor(employee)
            change_employee(employee, {"role": role}, version=employee.version, handover=handover, by=by)


def _choose_successor(employee: Employee) -> Handover:
    manager = employee.manager
    return Handover(manager if manager is not None and manager.can_own else None)


@contextmanager
def _conflicts_in_words() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        constraint: Any = getattr(getattr(error.orig, "diag", None), "constraint_name", "")
        if not str(constraint).startswith("uq_provisioned"):
            raise
        raise AlreadyThere("Another user or group already has this name or external id.") from error
