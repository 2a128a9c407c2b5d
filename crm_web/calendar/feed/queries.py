"""Queries for calendar feeds."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from crm_web.auth.queries import hash_token
from crm_web.core.extensions import db
from crm_web.models import Activity, ActivityKind, CalendarFeed, Customer, Employee, Lead


def find_feed(employee: Employee) -> CalendarFeed | None:
    """Find a person's feed."""
    return db.session.get(CalendarFeed, employee.id)


def find_feed_owner(key: str) -> Employee | None:
    """Find whose feed an address shows; ``None`` if it was replaced or its owner is deactivated."""
    query = select(Employee).join(CalendarFeed, CalendarFeed.employee_id == Employee.id)
    return db.session.scalar(query.where(CalendarFeed.key_hash == hash_token(key), Employee.is_active))


def list_events(employee: Employee, since: datetime, until: datetime, *, limit: int) -> Sequence[Activity]:
    """List a person's open tasks with a due date, and their calls and meetings, on records outside the trash.

    :param limit: how many of each kind at most, the latest
    """
    tasks = select(Activity).where(Activity.is_open_task, Activity.assignee_id == employee.id)
    tasks = tasks.where(Activity.due_on.between(since.date(), until.date())).order_by(Activity.due_on.desc())
    appointments = select(Activity).where(
        Activity.kind.in_([ActivityKind.CALL, ActivityKind.MEETING]),
        Activity.created_by_id == employee.id,
        Activity.happened_at.between(since, until),
    )
    found: list[Activity] = []
    for query in (tasks, appointments.order_by(Activity.happened_at.desc())):
        query = query.outerjoin(Activity.lead).outerjoin(Activity.customer).options(*_NAMES)
        query = query.where(Lead.deleted_at.is_(None), Customer.deleted_at.is_(None))
        found += db.session.scalars(query.order_by(Activity.id.desc()).limit(limit))
    return found


_NAMES = (
    contains_eager(Activity.lead).load_only(Lead.name),
    contains_eager(Activity.customer).load_only(Customer.name),
)
