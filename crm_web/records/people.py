"""Employees as others refer to them: possible owners, team members, names."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, Select, any_, bindparam, func, inspect, or_, select
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from crm_web.core.extensions import db
from crm_web.core.versioned_cache import VersionedCache
from crm_web.models import Base, Customer, Employee, Lead, Role

MOST_COLLEAGUES = 200
"""How many active employees are loaded with one whom a page names."""


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
    known = _find_in_session(employee_id)
    if known is not None:
        return known
    kept = _employees.get(employee_id, writes_nothing_yet=writes_nothing_yet)
    return None if kept is None else db.session.merge(kept, load=False)


def _find_in_session(employee_id: int) -> Employee | None:
    known = db.session.identity_map.get(identity_key(Employee, employee_id))
    return None if known is None or inspect(known).expired else known


def name_owner(record: Lead | Customer) -> None:
    """Give a record the employee who owns it, of those that are kept: found without a join, and asked for by forms."""
    name_people([record], "owner")


def name_people(records: Iterable[Base], *roles: str) -> None:
    """Give records the employees who did or do something with them, of those that are kept: found without joins.

    :param roles: attributes with an employee, such as ``created_by``; each has its id in one such as ``created_by_id``
    """
    named = [(record, role, getattr(record, f"{role}_id")) for record in records for role in roles]
    found = {employee_id: _find_in_session(employee_id) for _, _, employee_id in named if employee_id is not None}
    if missing := [employee_id for employee_id, employee in found.items() if employee is None]:
        kept = _employees.get_many(missing, _load_with_colleagues)
        found |= {key: db.session.merge(employee, load=False) for key, employee in kept.items() if employee}
    for record, role, employee_id in named:
        set_committed_value(record, role, found.get(employee_id))


def name_people_of_rows(rows: Iterable[Any], *roles: str) -> None:
    """Give plain rows the people who did or do something with them, as ``name_people`` does records.

    :param roles: attributes with a ``Person``; each has its id in one such as ``created_by_id``
    """
    known = _people_by_id.get(None)
    for row in rows:
        for role in roles:
            person_id = getattr(row, f"{role}_id")
            if person_id is not None and person_id not in known:  # Hired since this request began.
                known = {person.id: person for person in _load_people(None)}
            setattr(row, role, known.get(person_id))


def _map_people(_: None) -> dict[int, Person]:
    """Of those that are kept, so that a process which knows nobody yet asks once for both."""
    return {person.id: person for person in list_people()}


def _load_people(_: None) -> Sequence[Person]:
    query = select(*(getattr(Employee, name) for name in Person._fields))
    query = query.order_by(Employee.is_active.desc(), func.crm_fold(Employee.name), Employee.id)
    return [Person(*row) for row in db.session.execute(query)]


def _load_employee(employee_id: int) -> Employee | None:
    return _load_employees([employee_id]).get(employee_id)


def _load_with_colleagues(ids: list[int]) -> dict[int, Employee | None]:
    """Load some, and others who will be asked for soon, so that a page never asks twice."""
    return _load_employees(ids, colleagues=MOST_COLLEAGUES)


def _load_employees(ids: list[int], *, colleagues: int = 0) -> dict[int, Employee | None]:
    """Load employees who belong to no session, without their passwords."""
    found: dict[int, Employee | None] = {}
    for row in db.session.execute(_select_employees(), {"ids": ids, "colleagues": colleagues}):
        employee = found[row.id] = Employee()
        for name, value in row._mapping.items():
            set_committed_value(employee, name, value)
        make_transient_to_detached(employee)
    return found


def find_employee_by_email(email: str) -> Employee | None:
    """Find an employee, active or not, by email in any case."""
    return db.session.scalar(select(Employee).where(Employee.email_normalised == func.lower(email.strip())))


@cache
def _select_employees() -> Select[Any]:
    attributes = [getattr(Employee, it.key) for it in inspect(Employee).column_attrs if not it.deferred]
    shown = [attribute for attribute in attributes if attribute is not Employee.password_hash]
    active = select(Employee.id).where(Employee.is_active).order_by(Employee.id).limit(bindparam("colleagues"))
    is_named = Employee.id == any_(bindparam("ids", type_=ARRAY(BigInteger)))
    return select(*shown).where(or_(is_named, Employee.id.in_(active)))


_people = VersionedCache(_load_people, "employees")
_people_by_id = VersionedCache(_map_people, "employees")
_employees = VersionedCache(_load_employee, "employees")
