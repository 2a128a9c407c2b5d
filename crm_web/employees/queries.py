"""Queries for the pages of employees."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Text, case, func, or_, select, union
from sqlalchemy.orm import joinedload

from crm_web.auth.queries import name_browser
from crm_web.core.extensions import db
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import PAGE_SIZE, Page, load_page
from crm_web.models import Activity, Customer, Employee, Lead, SignIn, SignInMethod


@dataclass(frozen=True)
class Belongings:
    """How many records an employee owns, in the trash or not, and their open tasks."""

    leads: int = 0
    customers: int = 0
    tasks: int = 0

    @property
    def are_some(self) -> bool:
        return self.leads + self.customers + self.tasks > 0

    def in_words(self) -> str:
        """List them for a sentence."""
        counts = [(self.leads, "lead"), (self.customers, "customer"), (self.tasks, "open task")]
        parts = [_count(number, noun) for number, noun in counts if number]
        return " and ".join([part for part in (", ".join(parts[:-1]), *parts[-1:]) if part]) or "nothing"

    def of(self, name: str) -> str:
        """Format in a sentence what somebody owns."""
        owned = Belongings(self.leads, self.customers)
        parts = [f"owns {owned.in_words()}"] if owned.are_some else []
        parts += [f"has {_count(self.tasks, 'open task')}"] if self.tasks else []
        return f"{name} {' and '.join(parts)}."


@dataclass(frozen=True)
class SignInEntry:
    """A row of the audit of sign-ins.

    :param method: ``None`` for one from before methods were kept
    :param ended_at: ``None`` while the session is active
    """

    person: Employee
    started_at: datetime
    method: SignInMethod | None
    remote_address: str | None
    browser: str
    is_new_device: bool
    ended_at: datetime | None


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def list_employees(*, cursor: str | None, size: int = PAGE_SIZE) -> Page:
    """Load a page of employees with their managers: active ones first, then by name."""
    name = func.crm_fold(Employee.name, type_=Text())
    order = case((Employee.is_active, "0"), else_="1").op("||", return_type=Text())(name).collate("C")
    query = select(Employee).options(joinedload(Employee.manager))
    return load_page(query, Sort(order, Employee.id.expression, descending=False), cursor=cursor, size=size)


def list_last_seen(employees: Sequence[Employee]) -> dict[int, datetime]:
    """Find when people were last active."""
    last_seen = func.max(SignIn.last_seen_at)
    query = select(SignIn.employee_id, last_seen).where(SignIn.employee_id.in_([person.id for person in employees]))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(SignIn.employee_id))}


def list_sign_ins(employee_id: int | None, *, cursor: str | None, size: int = PAGE_SIZE) -> Page:
    """Load a page of sign-ins, active and ended, newest first.

    :param employee_id: whose; ``None`` for everybody's
    """
    end = func.least(SignIn.ended_at, SignIn.expires_at)
    query = (
        select(SignIn, case((end <= func.now(), end)).label("over_since"))
        .where(SignIn.awaits_factor.is_(False))
        .options(joinedload(SignIn.employee))
    )
    if employee_id is not None:
        query = query.where(SignIn.employee_id == employee_id)
    sort = Sort(SignIn.created_at.expression, SignIn.id.expression, descending=True)
    page = load_page(query, sort, cursor=cursor, size=size)
    return replace(page, rows=[_entry_of(row.SignIn, row.over_since) for row in page.rows])


def _entry_of(sign_in: SignIn, ended_at: datetime | None) -> SignInEntry:
    return SignInEntry(
        sign_in.employee,
        sign_in.created_at,
        sign_in.method,
        sign_in.remote_address,
        name_browser(sign_in.user_agent),
        sign_in.is_new_device,
        ended_at,
    )


def find_employee(employee_id: int) -> Employee | None:
    """Find an employee, active or not, with their manager."""
    query = select(Employee).where(Employee.id == employee_id).options(joinedload(Employee.manager))
    return db.session.scalar(query)


def list_leaders(employee: Employee | None) -> Sequence[Employee]:
    """List who could be an employee's manager, by name: everybody else who is active, and the present manager.

    :param employee: ``None`` for a new one
    """
    query = select(Employee).where(Employee.is_active)
    if employee is not None:
        query = select(Employee).where(
            or_(Employee.is_active, Employee.id == employee.manager_id), Employee.id != employee.id
        )
    return db.session.scalars(query.order_by(func.crm_fold(Employee.name), Employee.id)).all()


def count_belongings(employee: Employee) -> Belongings:
    """Count what an employee owns, including the trash, and their open tasks."""
    counts = (
        select(func.count()).select_from(model).where(*conditions).scalar_subquery()
        for model, *conditions in (
            (Lead, Lead.owner_id == employee.id),
            (Customer, Customer.owner_id == employee.id),
            (Activity, Activity.assignee_id == employee.id, Activity.is_open_task),
        )
    )
    return Belongings(*db.session.execute(select(*counts)).one())


def list_with_belongings(employee_ids: Collection[int]) -> Collection[int]:
    """List those of some employees who own something, including the trash, or have open tasks."""
    owned = (
        select(column).where(column.in_(employee_ids), *conditions)
        for column, *conditions in (
            (Lead.owner_id,),
            (Customer.owner_id,),
            (Activity.assignee_id, Activity.is_open_task),
        )
    )
    return set(db.session.scalars(union(*owned)))
