"""Queries for Today. Each has one plan for all people and days, since indexes find the first rows of each part."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Select,
    Subquery,
    TableValuedAlias,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased

from crm_web.activities.agenda import AgendaEntry, make_entry, select_entries
from crm_web.core.prepared import ONE_PLAN, Prepared
from crm_web.leads.queries import unnest_statuses
from crm_web.models import (
    Activity,
    ActivityKind,
    Change,
    Customer,
    Lead,
    LeadLastActivity,
    LeadStatus,
    StatusKind,
    TaskPriority,
)
from crm_web.records.people import map_employee_names
from crm_web.stats.periods import Period

OPEN = StatusKind.OPEN.statuses
LATELY = 200
"""How many open leads that were updated lately are looked through for those that were assigned."""
LONGEST_UNTOUCHED = 50
"""How many leads of each person and status are looked through for those that are quiet."""


class LeadGroup(StrEnum):
    """Why a lead waits for somebody."""

    ASSIGNED = "assigned"
    UNPLANNED = "unplanned"
    QUIET = "quiet"
    CLOSING = "closing"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True)
class Times:
    """The times that the page asks about.

    :param days: the days that the page shows, from today on
    :param lately: since when an assigned lead counts as new
    :param quiet_since: without an activity since then, a lead is quiet
    """

    now: datetime
    days: Period
    lately: datetime
    quiet_since: datetime


class WaitingLead(NamedTuple):
    """A lead that waits for somebody, without being a record of the session."""

    id: int
    name: str
    amount: Decimal | None
    currency: str | None
    status: LeadStatus
    expected_close_on: date | None
    updated_at: datetime
    last_activity_at: datetime | None
    owner_name: str | None


def list_agenda(people: Sequence[int], times: Times, *, limit: int, most_overdue: int) -> Sequence[AgendaEntry]:
    """List open tasks, and the calls and meetings of the days ahead, on records outside the trash.

    :param people: who the tasks are assigned to, and who added the calls and meetings
    :param limit: how many tasks at most that are not overdue, so that these never fill the page; as many appointments
    :return: tasks by due date and priority, those without a date last; and appointments
    """
    given = {"people": people, "today": times.days.first_day, "next_day": times.days.next_day, "now": times.now}
    given |= {"end": times.days.end}
    return [make_entry(row) for row in _select_agenda(limit, most_overdue).all(**given)]


_PEOPLE = bindparam("people", type_=ARRAY(BigInteger))
_TODAY, _NEXT_DAY = bindparam("today", type_=Date), bindparam("next_day", type_=Date)
_URGENCY = case((Activity.priority == TaskPriority.HIGH, 0), (Activity.priority == TaskPriority.LOW, 2), else_=1)
# What has no date or no time comes last.
_URGENT_FIRST = (Activity.due_on, _URGENCY, Activity.due_time, Activity.id)


@cache
def _select_agenda(limit: int, most_overdue: int) -> Prepared:
    """Limits are part of the statement, so that PostgreSQL knows how few rows it is about."""
    due_on = Activity.due_on
    overdue = _first_tasks(due_on < _TODAY, limit=most_overdue)
    others = [
        _first_tasks(due_on >= _TODAY, due_on < _NEXT_DAY, limit=limit),
        _first_tasks(due_on.is_(None), limit=limit),
    ]
    first = union_all(*(part.subquery().select() for part in others)).subquery()
    keys = [column for column in first.c if column is not first.c.id]
    appointments = _first_activities(
        Activity.created_by_id,
        (Activity.happened_at, Activity.id),
        Activity.kind.in_([ActivityKind.CALL, ActivityKind.MEETING]),
        Activity.happened_at > bindparam("now"),
        Activity.happened_at < bindparam("end"),
        limit=limit,
    )
    parts = [part.subquery() for part in (overdue, select(first).order_by(*keys).limit(limit), appointments)]
    query = select_entries().where(Activity.id.in_(union_all(*(select(part.c.id) for part in parts))))
    return Prepared(query.order_by(*_URGENT_FIRST).execution_options(prepared=ONE_PLAN))


def _first_tasks(*conditions: Any, limit: int) -> Select[Any]:
    return _first_activities(Activity.assignee_id, _URGENT_FIRST, Activity.is_open_task, *conditions, limit=limit)


def _first_activities(person: Any, order: Sequence[Any], *conditions: Any, limit: int) -> Select[Any]:
    """Select the first activities of these people, looking at no more of each than are wanted of all.

    :param person: the column with whose they are
    """
    people, keys = _unnest_people(), [key.label(f"key{place}") for place, key in enumerate(order)]
    theirs = select(Activity.id, *keys).outerjoin(Activity.lead).outerjoin(Activity.customer)
    theirs = theirs.where(Lead.deleted_at.is_(None), Customer.deleted_at.is_(None), person == people.c.id, *conditions)
    first = theirs.order_by(*order).limit(limit).correlate(people).lateral("first")
    return select(first).select_from(people.join(first, true())).order_by(*list(first.c)[1:]).limit(limit)


def _unnest_people() -> TableValuedAlias:
    return func.unnest(cast(_PEOPLE, ARRAY(BigInteger))).table_valued("id", name="people").render_derived()


def list_lead_groups(owner_ids: Sequence[int], times: Times, *, limit: int) -> dict[LeadGroup, list[WaitingLead]]:
    """List the open leads that wait for these people, in one statement.

    :param limit: how many of each group at most
    :return: the leads of each group
    """
    given = {"people": owner_ids, "next_day": times.days.next_day, "now": times.now, "lately": times.lately}
    given |= {"quiet_since": times.quiet_since}
    rows = _select_groups(limit).all(**given)
    names = map_employee_names({row.owner_id for row in rows})
    groups: dict[LeadGroup, list[WaitingLead]] = {group: [] for group in LeadGroup}
    for row in rows:
        groups[LeadGroup(row.group)].append(WaitingLead._make([*row[:-2], names.get(row.owner_id)]))
    return groups


@cache
def _select_groups(limit: int) -> Prepared:
    parts = (_select_assigned(), _select_unplanned(limit), _select_quiet(), _select_closing(), _select_unassigned())
    found = union_all(*(part.limit(limit).subquery().select() for part in parts)).subquery()
    shown = (getattr(Lead, name) for name in WaitingLead._fields[:-2])
    query = select(*shown, LeadLastActivity.at, Lead.owner_id, found.c.name.label("group"))
    query = query.join(found, found.c.id == Lead.id).outerjoin(Lead.last_touch).order_by(found.c.place)
    return Prepared(query.execution_options(prepared=ONE_PLAN))


def _first(group: LeadGroup, row_id: Any, query: Select[Any], *order: Any) -> Select[Any]:
    place = func.row_number().over(order_by=order).label("place")
    return query.with_only_columns(literal(group.value).label("name"), row_id, place).order_by(*order)


def _first_of_each(*conditions: Any, limit: int, latest_first: bool = False) -> Subquery:
    """Select open leads of each person and status, those first that were not updated for longest.

    The order is that of ``ix_leads_owner_status``, and all columns are in it: however many leads there are, no more are
    read than are wanted.
    """
    people, statuses, columns = _unnest_people(), unnest_statuses(OPEN), (Lead.updated_at, Lead.id)
    leads = select(Lead.id, Lead.owner_id, Lead.updated_at).where(Lead.deleted_at.is_(None), *conditions)
    leads = leads.where(Lead.status == statuses.c.status, Lead.owner_id == people.c.id)
    leads = leads.order_by(*(column.desc() if latest_first else column for column in columns)).limit(limit)
    first = leads.correlate(people, statuses).lateral("first")
    return select(first).select_from(people.join(statuses, true()).join(first, true())).subquery()


def _select_unplanned(limit: int) -> Select[Any]:
    of_lead = select(Activity.id).where(Activity.lead_id == Lead.id)
    ahead = of_lead.where(Activity.happened_at > bindparam("now"))
    first = _first_of_each(~of_lead.where(Activity.is_open_task).exists(), ~ahead.exists(), limit=limit)
    return _first(LeadGroup.UNPLANNED, first.c.id, select(first), first.c.updated_at, first.c.id)


def _select_quiet() -> Select[Any]:
    """Looked for among those that were not updated for longest: hardly any was created since, so it is asked last."""
    first, late = _first_of_each(limit=LONGEST_UNTOUCHED), aliased(Lead)
    since = bindparam("quiet_since", type_=DateTime(timezone=True))
    created_at = select(late.created_at).where(late.id == first.c.id).scalar_subquery()
    is_old = or_(first.c.updated_at < since, created_at < since)
    # With a limit each is looked up: not knowing the values, PostgreSQL would rather read all of them.
    of_lead = select(LeadLastActivity.at).where(LeadLastActivity.lead_id == first.c.id).limit(1).lateral("activity")
    last = of_lead.c.at
    query = select(first).join(of_lead, true()).where(or_(last < since, and_(last.is_(None), is_old)))
    return _first(LeadGroup.QUIET, first.c.id, query, last.asc().nulls_first(), first.c.id)


def _select_closing() -> Select[Any]:
    """All that this asks for is in ``ix_leads_owner_status``."""
    query = select(Lead).where(Lead.deleted_at.is_(None), Lead.status.in_(OPEN), Lead.owner_id == any_(_PEOPLE))
    query = query.where(Lead.expected_close_on < _NEXT_DAY)
    return _first(LeadGroup.CLOSING, Lead.id, query, Lead.expected_close_on, Lead.id)


def _select_unassigned() -> Select[Any]:
    """In the words of an index, which holds nothing else."""
    query = select(Lead).where(Lead.owner_id.is_(None), Lead.closed_at.is_(None), Lead.deleted_at.is_(None))
    return _first(LeadGroup.UNASSIGNED, Lead.id, query, Lead.updated_at.desc(), Lead.id.desc())


def _select_assigned() -> Select[Any]:
    """Given to somebody by somebody else: history knows, and is asked only about leads that were updated lately."""
    since = bindparam("lately", type_=DateTime(timezone=True))
    late = _first_of_each(Lead.updated_at > since, limit=LATELY, latest_first=True)
    lately = select(late).order_by(late.c.updated_at.desc()).limit(LATELY).subquery("lately")
    new_owner: ColumnElement[int] = Change.fields["owner_id"][1].astext.cast(BigInteger)
    given = select(Change.id).where(
        Change.entity == "lead",
        Change.entity_id == lately.c.id,
        Change.at > since,
        Change.fields.has_key("owner_id"),
        new_owner == lately.c.owner_id,
        Change.actor_id.is_distinct_from(lately.c.owner_id),
    )
    query = select(lately).where(given.exists())
    return _first(LeadGroup.ASSIGNED, lately.c.id, query, lately.c.updated_at.desc(), lately.c.id.desc())
