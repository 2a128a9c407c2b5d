"""What the pages about employees ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Text, case, func, or_, select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.lists.pagination import PAGE_SIZE, Page, Sort, load_page
from crm_web.models import Activity, Customer, Employee, Lead, SignIn


@dataclass(frozen=True)
class Belongings:
    """
    What an employee owns, in the trash or not, and what they still have to do.

    :param leads: how many leads
    :param customers: how many customers
    :param tasks: how many open tasks they are assigned, on anybody's records
    """

    leads: int = 0
    customers: int = 0
    tasks: int = 0

    @property
    def are_some(self) -> bool:
        """Whether there is anything at all."""
        return self.leads + self.customers + self.tasks > 0

    def in_words(self) -> str:
        """List them for a sentence."""
        counts = [(self.leads, "lead"), (self.customers, "customer"), (self.tasks, "open task")]
        parts = [_count(number, noun) for number, noun in counts if number]
        return " and ".join([part for part in (", ".join(parts[:-1]), *parts[-1:]) if part]) or "nothing"

    def of(self, name: str) -> str:
        """Say in a sentence what is somebody's."""
        owned = Belongings(self.leads, self.customers)
        parts = [f"owns {owned.in_words()}"] if owned.are_some else []
        parts += [f"has {_count(self.tasks, 'open task')}"] if self.tasks else []
        return f"{name} {' and '.join(parts)}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def list_employees(*, cursor: str | None, size: int = PAGE_SIZE) -> Page:
    """
    Load one page of the list of employees: the active ones first, then by name; each with their manager.

    :param cursor: where the page starts; ``None`` for the first
    :param size: people a page
    :return: the page
    """
    name = func.crm_fold(Employee.name, type_=Text())
    order = case((Employee.is_active, "0"), else_="1").op("||", return_type=Text())(name).collate("C")
    query = select(Employee).options(joinedload(Employee.manager))
    return load_page(query, Sort(order, Employee.id.expression, descending=False), cursor=cursor, size=size)


def list_last_seen(employees: Sequence[Employee]) -> dict[int, datetime]:
    """
    Tell when people were last here.

    :param employees: the people
    :return: by their id, the moment their latest sign-in was used, give or take five minutes
    """
    last_seen = func.max(SignIn.last_seen_at)
    query = select(SignIn.employee_id, last_seen).where(SignIn.employee_id.in_([person.id for person in employees]))
    return {row[0]: row[1] for row in db.session.execute(query.group_by(SignIn.employee_id))}


def find_employee(employee_id: int) -> Employee | None:
    """
    Load an employee, active or not, with their manager.

    :param employee_id: the id
    :return: the employee; ``None`` where there is none
    """
    query = select(Employee).where(Employee.id == employee_id).options(joinedload(Employee.manager))
    return db.session.scalar(query)


def find_employee_by_email(email: str) -> Employee | None:
    """
    Find an employee, active or not, by the address they sign in with.

    :param email: the address in any case
    :return: the employee; ``None`` where nobody has it
    """
    return db.session.scalar(select(Employee).where(Employee.email_normalised == func.lower(email.strip())))


def list_leaders(employee: Employee | None) -> Sequence[Employee]:
    """
    List who could be an employee's manager.

    :param employee: the one who is led; ``None`` for a new one
    :return: everybody else who is active, and the present manager in any case, by name
    """
    query = select(Employee).where(Employee.is_active)
    if employee is not None:
        query = select(Employee).where(
            or_(Employee.is_active, Employee.id == employee.manager_id), Employee.id != employee.id
        )
    return db.session.scalars(query.order_by(func.crm_fold(Employee.name), Employee.id)).all()


def count_belongings(employee: Employee) -> Belongings:
    """
    Count what an employee owns and still has to do, what lies in the trash included.

    :param employee: the employee
    :return: how many leads, customers and open tasks
    """
    counts = (
        select(func.count()).select_from(model).where(*conditions).scalar_subquery()
        for model, *conditions in (
            (Lead, Lead.owner_id == employee.id),
            (Customer, Customer.owner_id == employee.id),
            (Activity, Activity.assignee_id == employee.id, Activity.is_open_task),
        )
    )
    return Belongings(*db.session.execute(select(*counts)).one())
