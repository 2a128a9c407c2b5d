"""Queries for activities."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, union_all
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.lists.record_filters import ListFilter, within
from crm_web.lists.spec import ListSpec
from crm_web.models import Activity, ActivityKind, Change, ChangeAction, Customer, IncomingEmail, Lead, OutgoingMail
from crm_web.records.people import Person, list_people
from crm_web.records.serialization import from_history

EMAILS = {
    "outgoing_mail": ("recipient", "error", "next_attempt_at", "failed_at", "bounced_at", "sent_at", "saved_as"),
    "incoming_email": ("kind", "is_reply"),
}
"""What is read of the email of an activity where a record lists it."""


@dataclass(frozen=True, kw_only=True)
class ActivityFilter(ListFilter):
    """Which activities a list shows; every part left out lets all pass.

    :param author_ids: 0 means unknown
    :param assignee_ids: 0 means unassigned
    :param happened_from: at or after this time
    :param happened_to: before this time
    :param is_done: done tasks, or open ones; records in the trash have no open tasks
    """

    author_ids: Sequence[int] = ()
    assignee_ids: Sequence[int] = ()
    kinds: Sequence[ActivityKind] = ()
    happened_from: datetime | None = None
    happened_to: datetime | None = None
    is_done: bool | None = None

    def list_conditions(self, spec: ListSpec) -> list[ColumnElement[bool]]:
        """The conditions of all parts."""
        conditions = within(Activity.happened_at, self.happened_from, self.happened_to)
        for column, ids in ((Activity.created_by_id, self.author_ids), (Activity.assignee_id, self.assignee_ids)):
            if ids:
                conditions.append(or_(column.in_(ids), column.is_(None)) if 0 in ids else column.in_(ids))
        if self.assignee_ids or self.is_done is not None:
            conditions.append(Activity.kind == ActivityKind.TASK)
        if self.kinds:
            conditions.append(Activity.kind.in_(self.kinds))
        if self.is_done is not None:
            conditions.append(Activity.done_at.is_not(None) if self.is_done else Activity.done_at.is_(None))
        return conditions + (_on_living_records() if self.is_done is False else [])


def _on_living_records() -> list[ColumnElement[bool]]:
    """Asked for each open task, of which there are few; for a join the planner reads all leads and customers."""
    records = (
        (Lead.deleted_at, Lead.id == Activity.lead_id),
        (Customer.deleted_at, Customer.id == Activity.customer_id),
    )
    return [
        select(trashed_at).where(is_its).correlate(Activity).scalar_subquery().is_(None)
        for trashed_at, is_its in records
    ]


def get_activity(activity_id: int) -> Activity | None:
    """Find an activity with its lead or customer."""
    loaded = (joinedload(Activity.lead), joinedload(Activity.customer))
    return db.session.scalar(select(Activity).where(Activity.id == activity_id).options(*loaded))


def is_sent_email(activity: Activity) -> bool:
    """Return whether an activity is an email that was sent from here, or waits to be, or one that came in."""
    return activity.id in find_sent_emails([activity])


def find_sent_emails(activities: Iterable[Activity]) -> set[int]:
    """Find those of some activities that are emails as ``is_sent_email`` says, by their IDs."""
    ids = [it.id for it in activities if it.kind is ActivityKind.EMAIL]
    if not ids:
        return set()
    columns = (OutgoingMail.activity_id, IncomingEmail.activity_id)
    return set(db.session.scalars(union_all(*(select(column).where(column.in_(ids)) for column in columns))))


@dataclass(frozen=True)
class RemovedActivity:
    """A removed activity, from history.

    :param id: the id that it had
    :param change_id: the change that removed it
    :param values: its last values by column
    """

    id: int
    change_id: int
    values: Mapping[str, Any]
    created_at: datetime
    created_by_id: int | None


def find_removed_activity(activity_id: int) -> RemovedActivity | None:
    """Find a removed activity in history; ``None`` if it was never added or is not removed."""
    story = select(Change).where(Change.entity == "activity", Change.entity_id == activity_id)
    lines = db.session.scalars(story.where(Change.action != ChangeAction.CHANGED).order_by(Change.id)).all()
    if len(lines) != 2:
        return None
    created, removed = lines
    values = {name: from_history(Activity, name, old) for name, (old, _) in removed.fields.items()}
    return RemovedActivity(activity_id, removed.id, values, created.at, created.actor_id)


def find_restored_activity(removed: RemovedActivity) -> Activity | None:
    """Find the activity that an earlier undo restored."""
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


def list_assignees() -> Sequence[Person]:
    """List who can be assigned a task: all active employees, by name."""
    return [person for person in list_people() if person.is_active]
