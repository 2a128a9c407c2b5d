"""Matching of the owners and team members that a file names with employees."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import select

from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.employees.operations import create_employee
from crm_web.imports.users import part_person
from crm_web.models import Employee, Role
from crm_web.records.folding import fold
from crm_web.records.parsing import read_email

# A domain that is reserved for examples: nothing sent there ever reaches anybody.
UNKNOWN_DOMAIN = "imported.example"
# A company that gives leads to more new people than this more likely took the wrong column for the owners.
MOST_NEW_EMPLOYEES = 300
MOST_OWNERS = 10_000


class TooManyOwners(DomainError):
    """The owner column names more people than a sales team has."""


class Owner(NamedTuple):
    """What an owner's name means: an employee, or the reason why nobody."""

    word: str
    employee_id: int | None
    reason: str | None


@dataclass
class Staff:
    """The employees as a file may name them.

    :param creates: whether unknown owners become employees
    :param by_id: whether the file has IDs of owners; an unknown one is nobody, as is a number
    """

    by: Employee
    creates: bool
    by_id: bool = False
    created: list[Employee] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._named: dict[str, list[Employee]] = defaultdict(list)
        self._emails: dict[str, Employee] = {}
        for employee in db.session.scalars(select(Employee).order_by(Employee.id)):
            self._remember(employee)

    def _remember(self, employee: Employee) -> None:
        self._named[_fold(employee.name)].append(employee)
        self._emails[employee.email.lower()] = employee

    def find_owner(self, word: str) -> Owner:
        """Find out who a word means."""
        found = self._find(word)
        entitled = [employee for employee in found if employee.can_own]
        if len(entitled) > 1:
            return Owner(word, None, f"{len(entitled)} employees are named {word}. Use email addresses instead.")
        if entitled:
            return Owner(word, entitled[0].id, None)
        if found:
            reason = f"{found[0].name} can’t own leads. Choose an active employee with a Sales, Manager or Admin role."
            return Owner(word, None, reason)
        if is_id(word) or (self.by_id and "@" not in word):
            return Owner(word, None, None)
        if not self.creates:
            return Owner(word, None, f"No employee is named {word}. Choose who gets their rows with --owner.")
        return Owner(word, self.hire(word, Role.SALES).id, None)

    def _find(self, word: str) -> list[Employee]:
        if "@" in word:
            name, address = part_person(word)
            employee = self._emails.get(address.lower())
            return [employee] if employee else self._named.get(_fold(name), []) if name else []
        return self._named.get(_fold(word), [])

    def hire(self, word: str, role: Role) -> Employee:
        """Add someone whom the file names and nobody knows; they can't sign in until they are given a password."""
        named, address = part_person(word)
        email = _read_address(address)
        name = named or (_name_from(email) if email else " ".join(word.split()))
        values = {"name": name, "email": email or self._make_up_address(name), "role": role}
        employee = create_employee(values, password=None, by=self.by)
        self._remember(employee)
        self.created.append(employee)
        return employee

    def _make_up_address(self, name: str) -> str:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
        stem = ".".join(re.findall(r"[a-z0-9]+", plain))[:50] or "employee"
        addresses = (f"{stem}{number}@{UNKNOWN_DOMAIN}" for number in ("", *range(2, 1000)))
        return next(address for address in addresses if address not in self._emails)

    def lead_team(self, member: str, leader: str) -> bool:
        """Put someone under their manager, unless they have one."""
        above = next(iter(self._find(leader)), None) or self.hire(leader, Role.MANAGER)
        below = next(iter(self._find(member)), None) or self.hire(member, Role.SALES)
        if below.manager_id is not None or below in _line_up(above):
            return False
        below.manager = above
        db.session.flush()
        return True


def is_id(word: str) -> bool:
    """Return whether a word is a number of another system’s user, and not a name."""
    return word.isdigit()


def find_owners(staff: Staff, words: Sequence[str], fallback: Employee | None) -> list[Owner]:
    """Find out who each word in the column of owners means.

    :param fallback: who gets the leads of those who can't own any; ``None`` to refuse these rows
    :raise TooManyOwners: if far too many people would become employees
    """
    owners: list[Owner] = []
    for word in words:
        owner = staff.find_owner(word)
        if len(staff.created) > MOST_NEW_EMPLOYEES or len(owners) == MOST_OWNERS:
            raise TooManyOwners(
                f"The owner column names {len(owners):,} people or more, too many for a sales team. "
                "If these are not owners, skip the column with: --map owner="
            )
        owners.append(owner if owner.employee_id or not fallback else Owner(word, fallback.id, None))
    return owners


def _fold(name: str) -> str:
    return " ".join(fold(name).split())


def _read_address(word: str) -> str | None:
    try:
        return read_email(word) if "@" in word else None
    except ValueError:
        return None


def _name_from(email: str) -> str:
    words = re.findall(r"[^\W\d_]+", email.partition("@")[0])
    return " ".join(word.capitalize() for word in words) or email


def _line_up(employee: Employee) -> Iterator[Employee]:
    """The employee and everybody above."""
    seen: set[int] = set()
    step: Employee | None = employee
    while step is not None and step.id not in seen:
        seen.add(step.id)
        yield step
        step = step.manager
