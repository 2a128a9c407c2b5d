"""Employees as others refer to them: possible owners, team members, names."""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, inspect, select
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from crm_web.core.extensions import db
from crm_web.core.versioned_cache import VersionedCache
from crm_web.models import Customer, Employee, Lead, Role


class Person(NamedTuple):
    """What lists and forms have to know of an employee."""

    id: int
    name: str
    email: str
    role: Role
    is_active: bool
    manager_id: int | None


def list_people() -> Sequence[Person]:
    """List all employees, active ones first, then by name."""
    return _people.get(None)


def list_team_ids(employee: Employee) -> Sequence[int]:
    """List the ids of a person's team: themselves and their direct reports."""
    return [employee.id, *(person.id for person in list_people() if person.manager_id == employee.id)]


def map_employee_names(employee_ids: Collection[int] | None = None) -> dict[int, str]:
    """Map ids to names, deactivated employees included; ``None`` for all employees."""
    names = {person.id: person.name for person in list_people()}
    if employee_ids is None:
        return names
    # Somebody may have been hired since this request began.
    if not names.keys() >= set(employee_ids) - {None}:
        names = {person.id: person.name for person in _load_people(None)}
    return {key: names[key] for key in employee_ids if key in names}


def list_possible_owners(*, but: Employee | None = None) -> Sequence[Person]:
    """List who may own leads and customers, by name.

    :param but: who is left out, such as the one who hands over
    """
    able = (person for person in list_people() if person.is_active and person.role.sells)
    return [person for person in able if but is None or person.id != but.id]


def find_employee(employee_id: int, *, writes_nothing_yet: bool = False) -> Employee | None:
    """Find an employee, in the session or else among those that are kept, active or not.

    :param writes_nothing_yet: whether this request has surely not changed anything before
    """
    known = db.session.identity_map.get(identity_key(Employee, employee_id))
    if known is not None and not inspect(known).expired:
        return known
    kept = _employees.get(employee_id, writes_nothing_yet=writes_nothing_yet)
    return None if kept is None else db.session.merge(kept, load=False)


def name_owner(record: Lead | Customer) -> None:
    """Give a record the employee who owns it, of those that are kept: found without a join, and asked for by forms."""
    if record.owner_id is not None:
        set_committed_value(record, "owner", find_employee(record.owner_id))


def _load_people(_: None) -> Sequence[Person]:
    query = select(*(getattr(Employee, name) for name in Person._fields))
    query = query.order_by(Employee.is_active.desc(), func.crm_fold(Employee.name), Employee.id)
    return [Person(*row) for row in db.session.execute(query)]


def _load_employee(employee_id: int) -> Employee | None:
    """Load an employee who belongs to no session, without the password."""
    row = db.session.execute(_select_employee(), {"employee_id": employee_id}).one_or_none()
    if row is None:
        return None
    employee = Employee()
    for name, value in row._mapping.items():
        set_committed_value(employee, name, value)
    make_transient_to_detached(employee)
    return employee


def find_employee_by_email(email: str) -> Employee | None:
    """Find an employee, active or not, by email in any case."""
    return db.session.scalar(select(Employee).where(Employee.email_normalised == func.lower(email.strip())))


@cache
def _select_employee() -> Select[Any]:
    attributes = [getattr(Employee, it.key) for it in inspect(Employee).column_attrs if not it.deferred]
    shown = [attribute for attribute in attributes if attribute is not Employee.password_hash]
    return select(*shown).where(Employee.id == bindparam("employee_id"))


_people = VersionedCache(_load_people, "employees")
_employees = VersionedCache(_load_employee, "employees")
