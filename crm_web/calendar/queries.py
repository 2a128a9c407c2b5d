"""Queries for the calendar."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Date,
    DateTime,
    Integer,
    Interval,
    Select,
    any_,
    bindparam,
    cast,
    func,
    select,
    union_all,
)
from sqlalchemy.sql.elements import Grouping

from crm_web.activities.agenda import AgendaEntry, make_entry, select_entries
from crm_web.core.extensions import db
from crm_web.core.prepared import ONE_PLAN, Prepared
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

    Days begin as the reader's time zone has it, not the database's.

    :param employee_ids: who the tasks are assigned to, and who added the calls and meetings
    :param most_a_day: how many of each day at most
    :return: by day; those without a time come first
    """
    count = (days.next_day - days.first_day).days
    each = [days.first_day + timedelta(days=number) for number in range(count)]
    given = {"people": employee_ids, "most_a_day": most_a_day, "first_day": days.first_day, "next_day": days.next_day}
    given |= {"start": days.start, "end": days.end, "starts": [Period(day, day, days.zone).start for day in each]}
    return [Entry(make_entry(row), row.day, row.of_day) for row in _select_entries().all(**given)]


@cache
def _select_entries() -> Prepared:
    """Each row with its place among those of its day."""
    found = union_all(_select_tasks(), _select_appointments()).subquery()
    order = (found.c.time.asc().nulls_first(), found.c.id)
    place = func.row_number().over(partition_by=found.c.day, order_by=order).label("place")
    of_day = func.count().over(partition_by=found.c.day).label("of_day")
    ranked = select(found, place, of_day).subquery()
    query = select(ranked).where(ranked.c.place <= bindparam("most_a_day", type_=Integer))
    return Prepared(query.order_by(ranked.c.day, ranked.c.place).execution_options(prepared=ONE_PLAN))


def list_recurring(assignee_ids: Sequence[int], before: date) -> Sequence[AgendaEntry]:
    """List open tasks that recur and are due before a day, on records outside the trash; some, if there are very many.

    ``ix_activities_recurring`` finds them.
    """
    return [make_entry(row) for row in _select_recurring().all(people=assignee_ids, next_day=before)]


@cache
def _select_recurring() -> Prepared:
    query = _outside_trash().where(Activity.recurrence.is_not(None), Activity.done_at.is_(None))
    query = query.where(Activity.assignee_id == _ANY_OF_THEM, Activity.due_on < _NEXT_DAY)
    query = query.order_by(Activity.due_on, Activity.id).limit(MOST_RECURRING)
    return Prepared(query.execution_options(prepared=ONE_PLAN))


def _select_tasks() -> Select[Any]:
    """``ix_activities_assignee_due`` finds them, open and done."""
    first_day = bindparam("first_day", type_=Date)
    query = _outside_trash().where(Activity.assignee_id == _ANY_OF_THEM)
    query = query.where(Activity.due_on >= first_day, Activity.due_on < _NEXT_DAY)
    day = cast(Activity.due_on - cast(first_day, Date), Integer)
    return query.add_columns(day.label("day"), cast(Activity.due_time, Interval).label("time"))


def _select_appointments() -> Select[Any]:
    """``ix_activities_appointments`` finds them."""
    starts = cast(bindparam("starts"), ARRAY(DateTime(timezone=True)))
    number = func.width_bucket(Activity.happened_at, starts)
    query = _outside_trash().where(
        Activity.kind.in_([ActivityKind.CALL, ActivityKind.MEETING]),
        Activity.created_by_id == _ANY_OF_THEM,
        Activity.happened_at >= bindparam("start"),
        Activity.happened_at < bindparam("end"),
    )
    return query.add_columns((number - 1).label("day"), (Activity.happened_at - Grouping(starts)[number]).label("time"))


_ANY_OF_THEM = any_(bindparam("people", type_=ARRAY(BigInteger)))
_NEXT_DAY = bindparam("next_day", type_=Date)


def _outside_trash() -> Select[Any]:
    return select_entries().where(Lead.deleted_at.is_(None), Customer.deleted_at.is_(None))


def list_recent_leads(owner_id: int, *, limit: int) -> Sequence[Lead]:
    """List a person's open leads, recently updated first."""
    query = LEADS.select(LeadFilter(owner_ids=[owner_id], statuses=StatusKind.OPEN.statuses))
    return db.session.scalars(query.order_by(Lead.updated_at.desc(), Lead.id.desc()).limit(limit)).all()
