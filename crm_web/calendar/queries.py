"""Queries for the calendar."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, DateTime, Interval, Select, cast, func, literal, select, union_all
from sqlalchemy.sql.elements import Grouping

from crm_web.activities.agenda import AgendaEntry, make_entry, select_entries
from crm_web.core.extensions import db
from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
from crm_web.models import Activity, ActivityKind, Customer, Lead, StatusKind
from crm_web.stats.periods import Period

MOST_RECURRING = 200


class Entry(NamedTuple):
    """An activity on its day.

    :param day: its place among the days asked about, from 0
    :param of_day: how many entries the day has
    """

    activity: AgendaEntry
    day: int
    of_day: int


def list_entries(employee_ids: Sequence[int], days: Period, *, most_a_day: int) -> list[Entry]:
    """List tasks on the day they are due, and calls and meetings on theirs, on records outside the trash.

    :param employee_ids: who the tasks are assigned to, and who added the calls and meetings
    :param most_a_day: how many of each day at most
    :return: by day; those without a time come first
    """
    found = union_all(_select_tasks(employee_ids, days), _select_appointments(employee_ids, days)).subquery()
    order = (found.c.time.asc().nulls_first(), found.c.id)
    place = func.row_number().over(partition_by=found.c.day, order_by=order).label("place")
    of_day = func.count().over(partition_by=found.c.day).label("of_day")
    ranked = select(found.c.id, found.c.day, place, of_day).subquery()
    query = select_entries().add_columns(ranked.c.day, ranked.c.of_day).join(ranked, ranked.c.id == Activity.id)
    query = query.where(ranked.c.place <= most_a_day).order_by(ranked.c.day, ranked.c.place)
    return [Entry(make_entry(row), row.day, row.of_day) for row in db.session.execute(query).all()]


def list_recurring(assignee_ids: Sequence[int], before: date) -> Sequence[AgendaEntry]:
    """List open tasks that recur and are due before a day, on records outside the trash; some, if there are very many.

    ``ix_activities_recurring`` finds them.
    """
    query = select_entries().where(Lead.deleted_at.is_(None), Customer.deleted_at.is_(None))
    query = query.where(Activity.recurrence.is_not(None), Activity.done_at.is_(None), Activity.due_on < before)
    query = query.where(Activity.assignee_id.in_(assignee_ids)).order_by(Activity.due_on, Activity.id)
    return [make_entry(row) for row in db.session.execute(query.limit(MOST_RECURRING)).all()]


def _select_tasks(assignee_ids: Sequence[int], days: Period) -> Select[Any]:
    """``ix_activities_assignee_due`` finds them, open and done."""
    query = _outside_trash(select(Activity.id)).where(
        Activity.assignee_id.in_(assignee_ids), Activity.due_on >= days.first_day, Activity.due_on < days.next_day
    )
    day = Activity.due_on - days.first_day
    return query.add_columns(day.label("day"), cast(Activity.due_time, Interval).label("time"))


def _select_appointments(author_ids: Sequence[int], days: Period) -> Select[Any]:
    """``ix_activities_appointments`` finds them. Days begin as the reader's time zone has it, not the database's."""
    count = (days.next_day - days.first_day).days
    each = [days.first_day + timedelta(days=number) for number in range(count)]
    starts = literal([Period(day, day, days.zone).start for day in each], ARRAY(DateTime(timezone=True)))
    number = func.width_bucket(Activity.happened_at, starts)
    query = _outside_trash(select(Activity.id)).where(
        Activity.kind.in_([ActivityKind.CALL, ActivityKind.MEETING]),
        Activity.created_by_id.in_(author_ids),
        Activity.happened_at >= days.start,
        Activity.happened_at < days.end,
    )
    return query.add_columns((number - 1).label("day"), (Activity.happened_at - Grouping(starts)[number]).label("time"))


def _outside_trash(query: Select[Any]) -> Select[Any]:
    query = query.outerjoin(Activity.lead).outerjoin(Activity.customer)
    return query.where(Lead.deleted_at.is_(None), Customer.deleted_at.is_(None))


def list_recent_leads(owner_id: int, *, limit: int) -> Sequence[Lead]:
    """List a person's open leads, recently updated first."""
    query = LEADS.select(LeadFilter(owner_ids=[owner_id], statuses=StatusKind.OPEN.statuses))
    return db.session.scalars(query.order_by(Lead.updated_at.desc(), Lead.id.desc()).limit(limit)).all()
