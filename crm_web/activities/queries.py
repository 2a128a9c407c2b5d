"""What the pages ask about activities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import defer, joinedload

from crm_web.core.extensions import db
from crm_web.lists.pagination import Page, Sort, load_page
from crm_web.lists.record_filters import within
from crm_web.models import Activity, ActivityKind, Change, ChangeAction, Customer, Employee, Lead
from crm_web.records.serialization import from_history

LeadOrCustomer = TypeVar("LeadOrCustomer", Lead, Customer)
NEWEST_FIRST = Sort(Activity.happened_at.expression, Activity.id.expression, descending=True)
"""``ix_activities_happened`` gives the order; only what happened in the same moment is sorted by id."""


@dataclass(frozen=True, kw_only=True)
class ActivityFilter:
    """
    Which activities a list shows; every part left out lets all pass.

    :param author_ids: entered by any of these; 0 stands for nobody known
    :param assignee_ids: tasks for any of these; 0 stands for nobody
    :param kinds: any of these
    :param happened_from: at or after this moment
    :param happened_to: before this moment
    :param is_done: tasks that are done, or tasks still to be done, which nothing in the trash is
    """

    author_ids: Sequence[int] = ()
    assignee_ids: Sequence[int] = ()
    kinds: Sequence[ActivityKind] = ()
    happened_from: datetime | None = None
    happened_to: datetime | None = None
    is_done: bool | None = None


def list_activities(filters: ActivityFilter, *, cursor: str | None) -> Page:
    """
    Load one page of activities, those that happened last first, each with its author and its lead or customer.

    What is on a record in the trash is listed as well, for it was done; only a task there is nothing to do any more.

    :param filters: which activities
    :param cursor: where the page starts; ``None`` for the first
    :return: the page
    """
    within_order = ActivityFilter(happened_from=filters.happened_from, happened_to=filters.happened_to)
    people = (joinedload(Activity.created_by), joinedload(Activity.assignee))
    lead = joinedload(Activity.lead).load_only(Lead.name, Lead.deleted_at)
    customer = joinedload(Activity.customer).load_only(Customer.name, Customer.deleted_at)
    return load_page(
        select_activities(filters).options(*people, lead, customer, defer(Activity.body)),
        NEWEST_FIRST,
        cursor=cursor,
        base_query=None if filters == within_order else select_activities(within_order),
    )


def select_activities(filters: ActivityFilter) -> Select[Any]:
    """
    Build the query behind the list and its count.

    :param filters: which activities
    :return: a select of ``Activity``, without order
    """
    query = select(Activity).where(*within(Activity.happened_at, filters.happened_from, filters.happened_to))
    for column, ids in ((Activity.created_by_id, filters.author_ids), (Activity.assignee_id, filters.assignee_ids)):
        if ids:
            query = query.where(column.in_(ids) | column.is_(None) if 0 in ids else column.in_(ids))
    if filters.assignee_ids or filters.is_done is not None:
        query = query.where(Activity.kind == ActivityKind.TASK)
    if filters.kinds:
        query = query.where(Activity.kind.in_(filters.kinds))
    if filters.is_done is not None:
        query = query.where(Activity.done_at.is_not(None) if filters.is_done else Activity.done_at.is_(None))
    if filters.is_done is False:
        # Asked for each open task, of which there are few; for a join the planner reads all leads and customers.
        for trashed_at, is_its in (
            (Lead.deleted_at, Lead.id == Activity.lead_id),
            (Customer.deleted_at, Customer.id == Activity.customer_id),
        ):
            query = query.where(select(trashed_at).where(is_its).correlate(Activity).scalar_subquery().is_(None))
    return query


def get_activity(activity_id: int) -> Activity | None:
    """
    Load an activity with the lead or customer that it is on.

    :param activity_id: its id
    :return: the activity; ``None`` where there is none
    """
    loaded = (joinedload(Activity.lead), joinedload(Activity.customer))
    return db.session.scalar(select(Activity).where(Activity.id == activity_id).options(*loaded))


@dataclass(frozen=True)
class RemovedActivity:
    """
    An activity that was removed, as history keeps it.

    :param change_id: the line of history that says so
    :param values: its columns to their last values
    :param created_at: when it was added
    :param created_by_id: who added it
    """

    change_id: int
    values: Mapping[str, Any]
    created_at: datetime
    created_by_id: int | None


def find_removed_activity(activity_id: int) -> RemovedActivity | None:
    """
    Find an activity that is gone in history.

    :param activity_id: its id
    :return: what it was; ``None`` where nothing with this id was ever added and removed
    """
    story = select(Change).where(Change.entity == "activity", Change.entity_id == activity_id)
    lines = db.session.scalars(story.where(Change.action != ChangeAction.CHANGED).order_by(Change.id)).all()
    if len(lines) != 2:
        return None
    created, removed = lines
    values = {name: from_history(Activity, name, old) for name, (old, _) in removed.fields.items()}
    return RemovedActivity(removed.id, values, created.at, created.actor_id)


def find_restored_activity(removed: RemovedActivity) -> Activity | None:
    """
    Find the activity that an earlier Undo brought back.

    :param removed: the activity that was removed
    :return: what came back; ``None`` where nothing did
    """
    was_created_since = (
        select(Change.id)
        .where(Change.entity == "activity", Change.entity_id == Activity.id, Change.action == ChangeAction.CREATED)
        .where(Change.id > removed.change_id)
        .exists()
    )
    is_same = and_(
        *(getattr(Activity, name) == removed.values.get(name) for name in ("lead_id", "customer_id", "kind"))
    )
    query = select(Activity).where(is_same, Activity.created_at == removed.created_at, was_created_since)
    return db.session.scalars(query.order_by(Activity.id).limit(1)).first()


def get_record(kind: type[LeadOrCustomer], record_id: int) -> LeadOrCustomer | None:
    """
    Load the lead or customer that an activity is for.

    :param kind: which of the two
    :param record_id: its id
    :return: the record, in the trash or not; ``None`` where there is none
    """
    return db.session.get(kind, record_id)


def list_assignees() -> Sequence[Employee]:
    """
    List to whom a task can be given.

    :return: everybody who works here today, by name
    """
    query = select(Employee).where(Employee.is_active)
    return db.session.scalars(query.order_by(func.crm_fold(Employee.name), Employee.id)).all()
