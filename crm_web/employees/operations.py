"""What administrators do with employees, and how records change hands."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from psycopg2 import errors as refused
from sqlalchemy import ColumnElement, CursorResult, and_, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from crm_web.auth.operations import check_new_password, end_sign_ins, hash_password
from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.employees.queries import Belongings, count_belongings
from crm_web.models import Activity, Base, Customer, Employee, Lead, Role, set_audit_actor
from crm_web.records.merging import Merge
from crm_web.records.operations import merge_with_saved
from crm_web.records.phones import set_values

# Changes to employees take turns, so that two administrators who demote or hand over to each other never meet halfway.
# The trigger that keeps the last administrator holds the same lock.
TURN = 7430002


class EmailTaken(Conflict):
    """Somebody has that e-mail address already."""


class LastAdministrator(Conflict):
    """Without this administrator nobody could keep the employees any more."""


class SuccessorNeeded(Conflict):
    """Somebody who owns records can't stop selling before it is said who gets them."""


class SuccessorNotEntitled(Conflict):
    """The person who should get the records is not active or does not sell."""


class EmployeeChangedMeanwhile(Conflict):
    """Someone saved the employee in the very same moment."""


class ManagerNotThere(Conflict):
    """The person who should be the manager is unknown."""


class LeadsThemselves(Conflict):
    """Following the managers upwards would never end."""


@dataclass(frozen=True)
class Handover:
    """
    The decision on somebody's leads, customers and open tasks.

    :param to: who gets them; ``None`` for nobody, so that they are free to take
    """

    to: Employee | None


def create_employee(values: Mapping[str, Any], *, password: str | None, by: Employee | None) -> Employee:
    """
    Add an employee.

    :param values: column names to values, as the form gives them
    :param password: what they sign in with at first; ``None`` where they can't sign in yet
    :param by: the administrator who adds them; ``None`` for the installation itself
    :return: the new employee
    :raise EmailTaken: where somebody has that e-mail address
    :raise PhoneRefused: where no such phone number can exist
    :raise PasswordTooWeak: where the password is too short, too long or too easily guessed
    """
    set_audit_actor(by)
    employee = Employee()
    set_values(employee, values, country=None, by=by)
    if password is not None:
        check_new_password(password, name=employee.name, email=employee.email)
        employee.password_hash = hash_password(password)
    with _refusals_in_words():
        db.session.add(employee)
        db.session.flush()
    return employee


def change_employee(
    employee: Employee, values: Mapping[str, Any], *, version: int, handover: Handover | None, by: Employee
) -> tuple[Belongings, Merge]:
    """
    Save the employee form.

    :param employee: the employee
    :param values: column names to values, those that were sent; nothing else changes
    :param version: the version that the form was opened with
    :param handover: who gets their records if they stop selling; ``None`` where that is undecided
    :param by: the administrator who saves
    :return: what was handed over, and what was saved with what others had changed since
    :raise ChangedMeanwhile: where someone changed the same field since
    :raise EmployeeChangedMeanwhile: where someone saved just now
    :raise EmailTaken: where somebody else has that e-mail address
    :raise LastAdministrator: where nobody else could keep the employees
    :raise PhoneRefused: where no such phone number can exist
    :raise SuccessorNeeded: where they own records or have open tasks, stop selling, and ``handover`` is undecided
    :raise LeadsThemselves: where they would stand above themselves
    """
    _take_turn(employee, by)
    merged = merge_with_saved(employee, values, version=version, by=by)
    _check_leaders(employee, merged.values.get("manager_id"))
    handed_over = Belongings()
    if employee.can_own and not Role(merged.values.get("role", employee.role)).sells:
        handed_over = _give_up_records(employee, handover, by)
    with _refusals_in_words():
        set_values(employee, merged.values, country=None, by=by)
        db.session.flush()
    return handed_over, merged


def deactivate(employee: Employee, *, handover: Handover | None, by: Employee | None) -> Belongings:
    """
    Close an employee's account: they are signed out everywhere at once, and their records and open tasks change hands.

    :param employee: the employee; one who is not active stays as they are
    :param handover: who gets their records and open tasks; ``None`` where that is undecided
    :param by: the administrator who does it; ``None`` for the installation itself
    :return: what was handed over
    :raise LastAdministrator: where nobody else could keep the employees
    :raise SuccessorNeeded: where they own records or have open tasks, and ``handover`` is undecided
    """
    _take_turn(employee, by)
    if not employee.is_active:
        return Belongings()
    handed_over = _give_up_records(employee, handover, by)
    with _refusals_in_words():
        employee.is_active = False
        db.session.flush()
    end_sign_ins(employee)
    return handed_over


def reactivate(employee: Employee, *, by: Employee) -> None:
    """
    Open an employee's account again.

    :param employee: the employee; one who is active stays as they are
    :param by: the administrator who does it
    """
    _take_turn(employee, by)
    employee.is_active = True
    db.session.flush()


def hand_over(employee: Employee, successor: Employee | None, *, by: Employee | None) -> Belongings:
    """
    Give all leads, customers and open tasks of one person to another, those in the trash too; history notes each.

    Tasks on their own records pass with these, by a trigger; those that they have on the records of others pass here.

    :param employee: who gives them up
    :param successor: who gets them; ``None`` for nobody
    :param by: the employee who does it; ``None`` for the installation itself
    :return: how many changed hands
    :raise SuccessorNotEntitled: where the successor is not active or does not sell
    """
    set_audit_actor(by)
    if successor is not None and (not successor.can_own or successor.id == employee.id):
        raise SuccessorNotEntitled("Choose somebody else who is active and sells.", "successor_id")
    # Counted first, because those on their own records pass with these.
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
    """Records first, then the employee: whoever changes a lead locks in that order too, so nobody waits in a ring."""
    if handover is not None:
        return hand_over(employee, handover.to, by=by)
    belongings = count_belongings(employee)
    if belongings.are_some:
        raise SuccessorNeeded(f"{belongings.of(employee.name)} Choose who takes over.", "successor_id")
    return belongings


def _take_turn(employee: Employee, by: Employee | None) -> None:
    set_audit_actor(by)
    db.session.execute(select(func.pg_advisory_xact_lock(TURN)))
    db.session.refresh(employee)


def _check_leaders(employee: Employee, leader_id: int | None) -> None:
    """Walk up from the manager: whoever stands above themselves would make every team endless."""
    line = select(Employee.id, Employee.manager_id).where(Employee.id == leader_id).cte("line", recursive=True)
    above = line.union(select(Employee.id, Employee.manager_id).join(line, Employee.id == line.c.manager_id))
    if db.session.scalar(select(func.count()).select_from(above).where(above.c.id == employee.id)):
        raise LeadsThemselves(f"Choose another manager: this one works for {employee.name}.", "manager_id")


@contextmanager
def _refusals_in_words() -> Iterator[None]:
    """Say what the database refuses, whatever way it came, as a sentence beside its field."""
    try:
        yield
    except IntegrityError as error:
        name = cast(refused.IntegrityError, error.orig).diag.constraint_name
        if name not in REFUSALS:
            raise
        kind, sentence, field = REFUSALS[name]
        raise kind(sentence, field) from error
    except StaleDataError as error:
        raise EmployeeChangedMeanwhile("Someone saved changes here just now. Look at them, then try again.") from error


REFUSALS: dict[str | None, tuple[type[DomainError], str, str]] = {
    "uq_employees_email_normalised": (EmailTaken, "Somebody has this e-mail address already.", "email"),
    "ck_employees_one_admin": (
        LastAdministrator,
        "This is the last administrator. Make somebody else an administrator first.",
        "role",
    ),
    "ck_employees_owns_nothing": (
        SuccessorNeeded,
        "They were given a lead or customer just now. Choose who takes over.",
        "successor_id",
    ),
    "ck_employees_has_no_tasks": (
        SuccessorNeeded,
        "They were given a task just now. Choose who takes over.",
        "successor_id",
    ),
    "ck_assignee_active": (SuccessorNotEntitled, "Choose somebody else who is active and sells.", "successor_id"),
    "fk_employees_manager_id": (ManagerNotThere, "Choose a manager from the list.", "manager_id"),
    "ck_owner_entitled": (SuccessorNotEntitled, "Choose somebody else who is active and sells.", "successor_id"),
}
"""What breaking a constraint of the database means to a person: the error, its sentence and its field."""
