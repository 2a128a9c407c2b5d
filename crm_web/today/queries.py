"""Queries for My day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Select, case, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased, contains_eager, joinedload

from crm_web.core.extensions import db
from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
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


def list_open_tasks(assignee_ids: Sequence[int], times: Times, *, limit: int) -> Sequence[Activity]:
    """List open tasks on records outside the trash by due date and priority, those without a date last."""
    urgency = case((Activity.priority == TaskPriority.HIGH, 0), (Activity.priority == TaskPriority.LOW, 2), else_=1)
    query = _select_with_record().where(Activity.is_open_task, Activity.assignee_id.in_(assignee_ids))
    query = query.where(or_(Activity.due_on < times.days.next_day, Activity.due_on.is_(None)))
    order = (Activity.due_on.asc().nulls_last(), urgency, Activity.due_time.asc().nulls_last(), Activity.id)
    return db.session.scalars(query.order_by(*order).limit(limit)).all()


def list_appointments(author_ids: Sequence[int], times: Times, *, limit: int) -> Sequence[Activity]:
    """List the calls and meetings of the days ahead, by time."""
    query = _select_with_record().where(
        Activity.kind.in_([ActivityKind.CALL, ActivityKind.MEETING]),
        Activity.created_by_id.in_(author_ids),
        Activity.happened_at > times.now,
        Activity.happened_at < times.days.end,
    )
    return db.session.scalars(query.order_by(Activity.happened_at, Activity.id).limit(limit)).all()


def _select_with_record() -> Select[Any]:
    related = (
        contains_eager(Activity.lead).load_only(Lead.name, Lead.owner_id, Lead.deleted_at),
        contains_eager(Activity.customer).load_only(Customer.name, Customer.owner_id, Customer.deleted_at),
        joinedload(Activity.assignee).load_only(Employee.name),
    )
    query = select(Activity).outerjoin(Activity.lead).outerjoin(Activity.customer).options(*related)
    return query.where(Lead.deleted_at.is_(None), Customer.deleted_at.is_(None))


def list_lead_groups(owner_ids: Sequence[int], times: Times, *, limit: int) -> dict[LeadGroup, list[Lead]]:
    """List the open leads that wait for these people, in one statement.

    :param limit: how many of each group at most
    :return: the leads of each group, each with its owner and last activity
    """
    parts = [
        _first(LeadGroup.ASSIGNED, _select_assigned(owner_ids, times), Lead.updated_at.desc(), limit),
        _first(LeadGroup.UNPLANNED, _select_unplanned(owner_ids, times), Lead.updated_at, limit),
        _first(LeadGroup.QUIET, _select_quiet(owner_ids, times), LeadLastActivity.at.asc().nulls_first(), limit),
        _first(LeadGroup.CLOSING, _select_closing(owner_ids, times), Lead.expected_close_on, limit),
        _first(LeadGroup.UNASSIGNED, _select_open().where(Lead.owner_id.is_(None)), Lead.updated_at.desc(), limit),
    ]
    found = union_all(*(part.subquery().select() for part in parts)).subquery()
    query = select(Lead, found.c.name).join(found, found.c.id == Lead.id).order_by(found.c.place)
    groups: dict[LeadGroup, list[Lead]] = {group: [] for group in LeadGroup}
    for lead, group in db.session.execute(query.options(joinedload(Lead.owner), joinedload(Lead.last_touch))):
        groups[LeadGroup(group)].append(lead)
    return groups


def _first(group: LeadGroup, query: Select[Any], order: Any, limit: int) -> Select[Any]:
    place = func.row_number().over(order_by=(order, Lead.id)).label("place")
    query = query.with_only_columns(literal(group.value).label("name"), Lead.id, place)
    return query.order_by(order, Lead.id).limit(limit)


def _select_open(owner_ids: Sequence[int] | None = None) -> Select[Any]:
    query = select(Lead).where(Lead.deleted_at.is_(None), Lead.status.in_(OPEN))
    return query if owner_ids is None else query.where(Lead.owner_id.in_(owner_ids))


def _select_unplanned(owner_ids: Sequence[int], times: Times) -> Select[Any]:
    of_lead = select(Activity.id).where(Activity.lead_id == Lead.id)
    ahead = of_lead.where(Activity.happened_at > times.now)
    return _select_open(owner_ids).where(~of_lead.where(Activity.is_open_task).exists(), ~ahead.exists())


def _select_quiet(owner_ids: Sequence[int], times: Times) -> Select[Any]:
    last = func.coalesce(LeadLastActivity.at, Lead.created_at)
    query = _select_open(owner_ids).join(LeadLastActivity, LeadLastActivity.lead_id == Lead.id)
    return query.where(last < times.quiet_since)


def _select_closing(owner_ids: Sequence[int], times: Times) -> Select[Any]:
    """In the words of the list of leads, which its index knows."""
    return LEADS.select(LeadFilter(owner_ids=owner_ids, statuses=OPEN, close_to=times.days.next_day))


def _select_assigned(owner_ids: Sequence[int], times: Times) -> Select[Any]:
    """Given to somebody by somebody else: history knows, and is asked only about leads that were updated lately."""
    late = aliased(Lead)
    lately = select(late.id).where(late.owner_id.in_(owner_ids), late.updated_at > times.lately)
    lately = lately.order_by(late.updated_at.desc()).limit(LATELY)
    new_owner = Change.fields["owner_id"][1].astext.cast(BigInteger)
    given = select(Change.id).where(
        Change.entity == "lead",
        Change.entity_id == Lead.id,
        Change.at > times.lately,
        Change.fields.has_key("owner_id"),
        new_owner == Lead.owner_id,
        Change.actor_id.is_distinct_from(Lead.owner_id),
    )
    return _select_open().where(Lead.id.in_(lately.scalar_subquery()), given.exists())
