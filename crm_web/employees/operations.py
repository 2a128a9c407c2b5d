"""Managing employees, and handing over their records."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from psycopg2 import errors as refused
from sqlalchemy import ColumnElement, CursorResult, and_, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from crm_web.auth.operations import check_new_password, end_links, end_sign_ins, hash_password
from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.employees.queries import Belongings, count_belongings, list_with_belongings
from crm_web.models import Activity, Base, Customer, Employee, Lead, Role, set_audit_actor
from crm_web.records.merging import Merge
from crm_web.records.operations import merge_with_saved
from crm_web.records.phones import set_values

# Changes to employees take turns, so that two administrators who demote or hand over to each other never meet halfway.
# The trigger that keeps the last administrator holds the same lock.
TURN = 7430002


class EmailTaken(Conflict):
    """Another employee has that email."""


class LastAdministrator(Conflict):
    """This is the last active administrator."""


class SuccessorNeeded(Conflict):
    """Somebody who owns records can't stop selling before it is decided who takes over."""


class SuccessorNotEntitled(Conflict):
    """The person who should take over is deactivated or has a role without records."""


class EmployeeChangedMeanwhile(Conflict):
    """Somebody else saved the employee at the same moment."""


class ManagerNotThere(Conflict):
    """The chosen manager does not exist."""


class LeadsThemselves(Conflict):
    """The chain of managers would be a circle."""


@dataclass(frozen=True)
class Handover:
    """The decision on somebody's leads, customers and open tasks.

    :param to: who takes over; ``None`` leaves them unassigned
    """

    to: Employee | None


def create_employee(values: Mapping[str, Any], *, password: str | None, by: Employee | None) -> Employee:
    """Add an employee.

    :param password: ``None`` if they can't sign in yet
    :param by: ``None`` for the system
    :raise EmailTaken: if another employee has that email
    :raise PhoneRefused: if no such phone number can exist
    :raise PasswordTooWeak: if the password is too short, too long or too easily guessed
    """
    set_audit_actor(by)
    employee = Employee()
    set_values(employee, values, country=None, by=by)
    if password is not None:
        check_new_password(password, name=employee.name, email=employee.email)
        employee.password_hash = hash_password(password)
        employee.must_change_password = by is not None
    with _refusals_in_words():
        db.session.add(employee)
        db.session.flush()
    return employee


def change_employee(
    employee: Employee, values: Mapping[str, Any], *, version: int, handover: Handover | None, by: Employee | None
) -> tuple[Belongings, Merge]:
    """Change an employee.

    :param values: the columns to change
    :param version: the version that the form was opened with
    :param handover: who takes over if they stop selling; ``None`` if undecided
    :param by: ``None`` for the system
    :raise ChangedMeanwhile: if someone changed the same field since
    :raise EmployeeChangedMeanwhile: if someone saved at the same moment
    :raise EmailTaken: if another employee has that email
    :raise LastAdministrator: if nobody else could manage the employees
    :raise PhoneRefused: if no such phone number can exist
    :raise SuccessorNeeded: if they own records or have open tasks, stop selling, and ``handover`` is undecided
    :raise LeadsThemselves: if the chain of managers would be a circle
    """
    _begin(employee, by)
    merged = merge_with_saved(employee, values, version=version, by=by or employee)
    _check_leaders(employee, merged.values.get("manager_id"))
    handed_over = Belongings()
    if employee.can_own and not Role(merged.values.get("role", employee.role)).sells:
        handed_over = _give_up_records(employee, handover, by)
    with _refusals_in_words():
        set_values(employee, merged.values, country=None, by=by)
        db.session.flush()
    return handed_over, merged


def give_role(employees: Collection[Employee], role: Role, *, by: Employee) -> Collection[Employee]:
    """Give many employees a role with one statement.

    :return: those who keep theirs, because they have something to hand over first: see ``change_employee``
    :raise LastAdministrator: if nobody else could manage the employees
    """
    set_audit_actor(by)
    take_turn()
    ids = [employee.id for employee in employees]
    busy = () if role.sells else list_with_belongings(ids)
    given = update(Employee).where(Employee.id.in_(ids), Employee.id.not_in(busy)).values(role=role)
    with _refusals_in_words():
        db.session.execute(given, execution_options={"synchronize_session": False})
    again = select(Employee).where(Employee.id.in_(ids)).execution_options(populate_existing=True)
    db.session.scalars(again).all()
    return [employee for employee in employees if employee.id in busy]


def deactivate(employee: Employee, *, handover: Handover | None, by: Employee | None) -> Belongings:
    """Deactivate an employee: sign them out everywhere, end their links, and hand over their records and open tasks.

    Does nothing if they are deactivated already.

    :param handover: who takes over; ``None`` if undecided
    :param by: ``None`` for the system
    :raise LastAdministrator: if nobody else could manage the employees
    :raise SuccessorNeeded: if they own records or have open tasks, and ``handover`` is undecided
    """
    _begin(employee, by)
    if not employee.is_active:
        return Belongings()
    handed_over = _give_up_records(employee, handover, by)
    with _refusals_in_words():
        employee.is_active = False
        db.session.flush()
    end_sign_ins(employee)
    end_links(employee)
    return handed_over


def reactivate(employee: Employee, *, by: Employee) -> None:
    """Reactivate an employee. Does nothing if they are active."""
    _begin(employee, by)
    employee.is_active = True
    db.session.flush()


def hand_over(employee: Employee, successor: Employee | None, *, by: Employee | None) -> Belongings:
    """Hand over all leads, customers and open tasks of one person to another, including those in the trash.

    A trigger hands over tasks on their own records; those on the records of others are handed over here.

    :param successor: ``None`` leaves them unassigned
    :param by: ``None`` for the system
    :raise SuccessorNotEntitled: if the successor is deactivated or has a role without records
    """
    set_audit_actor(by)
    if successor is not None and (not successor.can_own or successor.id == employee.id):
        raise SuccessorNotEntitled("Choose an active employee with a Sales, Manager or Admin role.", "successor_id")
    # Counted first, because a trigger moves tasks along with their records.
    tasks, to = count_belongings(employee).tasks, successor.id if successor else None
    with _refusals_in_words():
        leads = _give(Lead, Lead.owner_id == employee.id, owner_id=to)
        customers = _give(Customer, Customer.owner_id == employee.id, owner_id=to)
        _give(Activity, and_(Activity.assignee_id == employee.id, Activity.is_open_task), assignee_id=to)
    return Belongings(leads, customers, tasks)


def _give(model: type[Base], whose: ColumnElement[bool], **to: int | None) -> int:
    given = update(model).where(whose).values(**to)
    result = db.session.execute(given, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], result).rowcount


def _give_up_records(employee: Employee, handover: Handover | None, by: Employee | None) -> Belongings:
    """Lock the records first, then the employee, in the order of everyone who changes a record, to avoid deadlocks."""
    if handover is not None:
        return hand_over(employee, handover.to, by=by)
    belongings = count_belongings(employee)
    if belongings.are_some:
        raise SuccessorNeeded(f"{belongings.of(employee.name)} Choose a new owner.", "successor_id")
    return belongings


def take_turn() -> None:
    """Wait until nobody else changes employees, until the end of the transaction."""
    db.session.execute(select(func.pg_advisory_xact_lock(TURN)))


def _begin(employee: Employee, by: Employee | None) -> None:
    set_audit_actor(by)
    take_turn()
    db.session.refresh(employee)


def _check_leaders(employee: Employee, leader_id: int | None) -> None:
    """Walk up the chain of managers and refuse a circle."""
    line = select(Employee.id, Employee.manager_id).where(Employee.id == leader_id).cte("line", recursive=True)
    above = line.union(select(Employee.id, Employee.manager_id).join(line, Employee.id == line.c.manager_id))
    if db.session.scalar(select(func.count()).select_from(above).where(above.c.id == employee.id)):
        raise LeadsThemselves(f"Choose another manager; this one reports to {employee.name}.", "manager_id")


@contextmanager
def _refusals_in_words() -> Iterator[None]:
    """Turn a broken constraint into the error for its field."""
    try:
        yield
    except IntegrityError as error:
        name = cast(refused.IntegrityError, error.orig).diag.constraint_name
        if name not in REFUSALS:
            raise
        kind, sentence, field = REFUSALS[name]
        raise kind(sentence, field) from error
    except StaleDataError as error:
        raise EmployeeChangedMeanwhile("Someone else just saved changes. Review them, then try again.") from error


REFUSALS: dict[str | None, tuple[type[DomainError], str, str]] = {
    "uq_employees_email_normalised": (EmailTaken, "This email is already in use.", "email"),
    "ck_employees_one_admin": (
        LastAdministrator,
        "This is the only admin. Make someone else an admin first.",
        "role",
    ),
    "ck_employees_owns_nothing": (
        SuccessorNeeded,
        "They just got a lead or customer. Choose a new owner.",
        "successor_id",
    ),
    "ck_employees_has_no_tasks": (
        SuccessorNeeded,
        "They just got a task. Choose a new owner.",
        "successor_id",
    ),
    "ck_assignee_active": (
        SuccessorNotEntitled,
        "Choose an active employee with a Sales, Manager or Admin role.",
        "successor_id",
    ),
    "fk_employees_manager_id": (ManagerNotThere, "Choose a manager from the list.", "manager_id"),
    "ck_owner_entitled": (
        SuccessorNotEntitled,
        "Choose an active employee with a Sales, Manager or Admin role.",
        "successor_id",
    ),
}
"""What breaking a constraint of the database means to a person: the error, its sentence and its field."""
