"""Puts people under their managers, as a file of two columns says."""

from typing import BinaryIO

from crm_web.core.errors import DomainError
from crm_web.imports.owners import Staff
from crm_web.imports.tables import open_table
from crm_web.imports.vocabulary import squash
from crm_web.models import ChangeSource, Employee, set_audit_actor, set_change_source


class TeamFileUnclear(DomainError):
    """A file of teams needs a column of people and a column of their managers."""


def import_teams(stream: BinaryIO, *, by: Employee) -> tuple[int, list[Employee]]:
    """Put people under their managers, as a file of two columns says; whoever is not known becomes an employee.

    :param stream: a CSV file with a column of people, such as ``sales_agent``, and a column ``manager``
    :raise TeamFileUnclear: if it has no such columns
    :raise FileUnreadable: if it is no CSV file
    """
    set_change_source(ChangeSource.IMPORT)
    set_audit_actor(by)
    csv = open_table(stream)
    keys = [squash(name) for name in csv.header]
    members = [place for place, key in enumerate(keys) if key in _MEMBERS]
    leaders = [place for place, key in enumerate(keys) if key in _LEADERS]
    if not members or not leaders:
        raise TeamFileUnclear("A team file needs the columns sales_agent and manager.")
    staff = Staff(by, creates=True)
    pairs = [(cells[members[0]], cells[leaders[0]]) for _, cells in csv.rows if len(cells) >= len(keys)]
    moved = sum(staff.lead_team(member, leader) for member, leader in pairs if member.strip() and leader.strip())
    return moved, staff.created


_MEMBERS = frozenset({"salesagent", "agent", "salesrep", "rep", "employee", "name", "email", "member", "salesperson"})
_LEADERS = frozenset({"manager", "salesmanager", "supervisor", "reportsto", "teamleader", "lead"})
