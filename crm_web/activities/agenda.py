"""Activities as Today and the calendar show them: rows that look like activities, without being records of the session.

Both show hundreds and change none; to make the session's records of them takes several times as long.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Select, select

from crm_web.models import Activity, ActivityKind, Customer, Employee, Lead

_OWN = (
    "id",
    "kind",
    "subject",
    "lead_id",
    "customer_id",
    "happened_at",
    "due_on",
    "due_time",
    "done_at",
    "priority",
    "recurrence",
    "remind_at",
    "assignee_id",
    "created_by_id",
)
_OF_RECORD = ("name", "owner_id", "deleted_at")


class AgendaEntry(SimpleNamespace):
    """An activity with its ``record`` and the name of its ``assignee``, as an activity tells them."""

    @property
    def is_task(self) -> bool:
        return self.kind is ActivityKind.TASK

    @property
    def is_open_task(self) -> bool:
        return self.is_task and self.done_at is None


def select_entries() -> Select[Any]:
    """Select what ``make_entry`` reads, from activities with their lead or customer."""
    records = [getattr(it, name).label(f"{it.__name__}_{name}") for it in (Lead, Customer) for name in _OF_RECORD]
    own = [getattr(Activity, name) for name in _OWN]
    names = Employee.name.label("assignee_name")
    query = select(*own, *records, names).select_from(Activity).outerjoin(Activity.lead)
    return query.outerjoin(Activity.customer).outerjoin(Activity.assignee)


def make_entry(row: Sequence[Any]) -> AgendaEntry:
    """Make an entry of a row, whatever follows its columns."""
    count, width = len(_OWN), len(_OF_RECORD)
    entry = AgendaEntry(**dict(zip(_OWN, row[:count], strict=True)))
    at = count if entry.lead_id else count + width
    entry.record = SimpleNamespace(**dict(zip(_OF_RECORD, row[at : at + width], strict=True)))
    name = row[count + 2 * width]
    entry.assignee = None if name is None else SimpleNamespace(name=name)
    return entry
