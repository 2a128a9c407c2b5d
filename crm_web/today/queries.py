"""Queries for Today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    DateTime,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import aliased, joinedload

from crm_web.activities.agenda import AgendaEntry, make_entry, select_entries
from crm_web.core.extensions import db
from crm_web.leads.queries import unnest_statuses
from crm_web.models import (
    Activity,
    ActivityKind,
    Change,
    Customer,
    Employee,
    Lead,
    LeadLastActivity,
    StatusKind,
    TaskPriority,
)
from crm_web.stats.periods import Period

OPEN = StatusKind.OPEN.statuses
LATELY = 200
"""How many leads that were updated lately are looked through for those that were assigned."""
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


def list_open_tasks(
    assignee_ids: Sequence[int], times: Times, *, limit: int, most_overdue: int
) -> Sequence[AgendaEntry]:
    """List open tasks on records outside the trash by due date and priority, those without a date last.

    :param limit: how many at most of those that are not overdue, so that these never fill the page
    """
    given = {"people": assignee_ids, "today": times.days.first_day, "next_day": times.days.next_day}
    given |= {"most": limit, "most_overdue": most_overdue}
    return [make_entry(row) for row in db.session.execute(_select_open_tasks(), given).all()]


@cache
def _select_open_tasks() -> Select[Any]:
    urgency = case((Activity.priority == TaskPriority.HIGH, 0), (Activity.priority == TaskPriority.LOW, 2), else_=1)
    order = (Activity.due_on.asc().nulls_last(), urgency, Activity.due_time.asc().nulls_last(), Activity.id)
    theirs = _outside_trash(select(Activity.id).outerjoin(Activity.lead).outerjoin(Activity.customer)).order_by(*order)
    theirs = theirs.where(Activity.is_open_task, Activity.assignee_id.in_(_PEOPLE))
    overdue = (
        theirs.where(Activity.due_on < bindparam("today")).limit(bindparam("most_overdue", type_=Integer)).subquery()
    )
    ahead = and_(Activity.due_on >= bindparam("today"), Activity.due_on < bindparam("next_day"))
    others = theirs.where(or_(ahead, Activity.due_on.is_(None))).limit(_MOST).subquery()
    found = union_all(overdue.select(), others.select())
    return select_entries().where(Activity.id.in_(found)).order_by(*order)


def list_appointments(author_ids: Sequence[int], times: Times, *, limit: int) -> Sequence[AgendaEntry]:
    """List the calls and meetings of the days ahead, by time."""
    given = {"people": author_ids, "now": times.now, "end": times.days.end, "most": limit}
    return [make_entry(row) for row in db.session.execute(_select_appointments(), given).all()]


@cache
def _select_appointments() -> Select[Any]:
    query = _outside_trash(select_entries()).where(
        Activity.kind.in_([ActivityKind.CALL, ActivityKind.MEETING]),
        Activity.created_by_id.in_(_PEOPLE),
        Activity.happened_at > bindparam("now"),
        Activity.happened_at < bindparam("end"),
    )
    return query.order_by(Activity.happened_at, Activity.id).limit(_MOST)


_PEOPLE: BindParameter[int] = bindparam("people", expanding=True)
_MOST = bindparam("most", type_=Integer)


def _outside_trash(query: Select[Any]) -> Select[Any]:
    return query.where(Lead.deleted_at.is_(None), Customer.deleted_at.is_(None))


def list_lead_groups(owner_ids: Sequence[int], times: Times, *, limit: int) -> dict[LeadGroup, list[Lead]]:
    """List the open leads that wait for these people, in one statement.

    :param limit: how many of each group at most
    :return: the leads of each group, each with its owner and last activity
    """
    given = {"people": owner_ids, "next_day": times.days.next_day, "most": limit}
    given |= {"now": times.now, "lately": times.lately, "quiet_since": times.quiet_since}
    groups: dict[LeadGroup, list[Lead]] = {group: [] for group in LeadGroup}
    for lead, group in db.session.execute(_select_groups(), given):
        groups[LeadGroup(group)].append(lead)
    return groups


@cache
def _select_groups() -> Select[Any]:
    latest_first = (Lead.updated_at.desc(), Lead.id.desc())
    parts = [
        _first(LeadGroup.ASSIGNED, _select_assigned(), *latest_first),
        _first(LeadGroup.UNPLANNED, _select_unplanned(), Lead.updated_at, Lead.id),
        _first(LeadGroup.QUIET, _select_quiet(), LeadLastActivity.at.asc().nulls_first(), Lead.id),
        _first(LeadGroup.CLOSING, _select_closing(), Lead.expected_close_on, Lead.id),
        _first(LeadGroup.UNASSIGNED, _select_unassigned(), *latest_first),
    ]
    found = union_all(*(part.subquery().select() for part in parts)).subquery()
    query = select(Lead, found.c.name).join(found, found.c.id == Lead.id).order_by(found.c.place)
    return query.options(joinedload(Lead.owner), joinedload(Lead.last_touch))


def _first(group: LeadGroup, query: Select[Any], *order: Any) -> Select[Any]:
    place = func.row_number().over(order_by=order).label("place")
    query = query.with_only_columns(literal(group.value).label("name"), Lead.id, place)
    return query.order_by(*order).limit(_MOST)


def _first_of_people(*conditions: Any, limit: Any = _MOST) -> Select[Any]:
    """Select the open leads of each person and status that were not updated for longest.

    The order is that of ``ix_leads_owner_status``: however many there are, no more are read than are wanted.
    """
    owners = select(Employee.id).where(Employee.id.in_(_PEOPLE)).subquery("owners")
    statuses = unnest_statuses(OPEN)
    theirs = (Lead.deleted_at.is_(None), Lead.status == statuses.c.status, Lead.owner_id == owners.c.id)
    leads = select(Lead.id).where(*theirs, *conditions).order_by(Lead.updated_at, Lead.id).limit(limit)
    first = leads.correlate(statuses, owners).lateral("first")
    groups = statuses.join(owners, true()).join(first, true())
    return select(Lead).where(Lead.id.in_(select(first.c.id).select_from(groups)))


def _select_unplanned() -> Select[Any]:
    of_lead = select(Activity.id).where(Activity.lead_id == Lead.id)
    ahead = of_lead.where(Activity.happened_at > bindparam("now"))
    return _first_of_people(~of_lead.where(Activity.is_open_task).exists(), ~ahead.exists())


def _select_quiet() -> Select[Any]:
    """Looked for among those that were not updated for longest."""
    last = func.coalesce(LeadLastActivity.at, Lead.created_at)
    query = _first_of_people(limit=LONGEST_UNTOUCHED).join(LeadLastActivity, LeadLastActivity.lead_id == Lead.id)
    return query.where(last < bindparam("quiet_since"))


def _select_closing() -> Select[Any]:
    """All that this asks for is in ``ix_leads_owner_status``."""
    is_open = (Lead.deleted_at.is_(None), Lead.status.in_(OPEN))
    return select(Lead).where(*is_open, Lead.owner_id.in_(_PEOPLE), Lead.expected_close_on < bindparam("next_day"))


def _select_unassigned() -> Select[Any]:
    """In the words of an index, which holds nothing else."""
    return select(Lead).where(Lead.owner_id.is_(None), Lead.closed_at.is_(None), Lead.deleted_at.is_(None))


def _select_assigned() -> Select[Any]:
    """Given to somebody by somebody else: history knows, and is asked only about leads that were updated lately."""
    late, since = aliased(Lead), bindparam("lately", type_=DateTime(timezone=True))
    lately = select(late.id).where(late.owner_id.in_(_PEOPLE), late.updated_at > since)
    lately = lately.order_by(late.updated_at.desc()).limit(LATELY)
    new_owner = Change.fields["owner_id"][1].astext.cast(BigInteger)
    given = select(Change.id).where(
        Change.entity == "lead",
        Change.entity_id == Lead.id,
        Change.at > since,
        Change.fields.has_key("owner_id"),
        new_owner == Lead.owner_id,
        Change.actor_id.is_distinct_from(Lead.owner_id),
    )
    is_open = (Lead.deleted_at.is_(None), Lead.status.in_(OPEN))
    return select(Lead).where(*is_open, Lead.id.in_(lately.scalar_subquery()), given.exists())
