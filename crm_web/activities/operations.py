"""Adding, finishing and removing activities."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from crm_web.activities.queries import RemovedActivity, find_restored_activity
from crm_web.core.clock import now
from crm_web.core.errors import Conflict
from crm_web.core.extensions import db
from crm_web.files.operations import remove_files_with, restore_files_with
from crm_web.files.queries import has_files
from crm_web.models import (
    Activity,
    ActivityKind,
    Customer,
    Employee,
    IncomingEmail,
    Lead,
    NextTask,
    set_audit_actor,
)
from crm_web.records.mentions import save_mentions
from crm_web.records.operations import RecordInTrash, lock, require_outside_trash
from crm_web.records.recurrence import find_next, read_rule

OF_KIND = {
    "due_on": ActivityKind.TASK,
    "due_time": ActivityKind.TASK,
    "priority": ActivityKind.TASK,
    "assignee_id": ActivityKind.TASK,
    "recurrence": ActivityKind.TASK,
    "remind_at": ActivityKind.TASK,
    "outcome": ActivityKind.CALL,
}
"""The fields that only one kind of activity has."""


class NotATask(Conflict):
    """Only a task can be finished or reopened."""


class NotOfItsKind(Conflict):
    """Only another kind of activity has this field."""


class DueDateMissing(Conflict):
    """A task can't have a due time or recur without a due date."""


class ChangedSinceAdded(Conflict):
    """An activity was changed after it was added, so that undoing would lose the change."""


class AssigneeNotActive(Conflict):
    """The assignee is deactivated."""


def add_activity(
    record: Lead | Customer, values: Mapping[str, Any], *, by: Employee | None, mentions: bool = True
) -> Activity:
    """Add an activity to a lead or customer.

    :param values: the form's columns; fields of other kinds are dropped; ``happened_at`` defaults to now
    :param by: ``None`` for the system
    :param mentions: whether its text can mention people; not if somebody from outside wrote it
    :raise RecordInTrash: if the record is in the trash
    :raise AssigneeNotActive: if a task's assignee is deactivated
    """
    set_audit_actor(by)
    lock(record, shared=True)
    require_outside_trash(record)
    left_out = {name for name, kind in OF_KIND.items() if kind is not values["kind"]}
    if "assignee_id" not in left_out:
        check_assignee(values.get("assignee_id"))
    place = {"lead_id": record.id} if isinstance(record, Lead) else {"customer_id": record.id}
    activity = Activity(**place, **{name: value for name, value in values.items() if name not in left_out})
    db.session.add(activity)
    if by is not None and mentions:
        save_mentions(activity, by=by)
    db.session.flush()
    return activity


def check_kind(values: Mapping[str, Any], kind: ActivityKind) -> None:
    """Check that values fit a kind of activity, for those who may send any; a person's form shows only what fits.

    :raise NotOfItsKind: if only another kind has one of them
    :raise DueDateMissing: if it has a due time or recurs without a due date
    """
    for name, owner in OF_KIND.items():
        if values.get(name) is not None and kind is not owner:
            raise NotOfItsKind(f"Only {owner}s can have this.", name)
    if values.get("due_on") is None and any(values.get(name) is not None for name in ("due_time", "recurrence")):
        raise DueDateMissing("Send a due date with the due time or recurrence.", "due_on")


def finish_task(task: Activity, *, by: Employee) -> Activity | None:
    """Complete a task; one that is done keeps its time.

    :return: the next task, if it recurs
    :raise NotATask: if it is another kind of activity
    """
    set_audit_actor(by)
    _lock_task(task)
    if task.done_at is not None:
        return None
    task.done_at = now()
    db.session.flush()
    return _add_next_task(task, by)


def reopen_task(task: Activity, *, by: Employee) -> None:
    """Reopen a task; if its assignee is deactivated, it goes to the owner of its record.

    The task that followed it is removed, unless somebody has changed it.

    :raise NotATask: if it is another kind of activity
    """
    set_audit_actor(by)
    _lock_task(task)
    if task.done_at is not None:
        _remove_next_task(task)
        task.done_at, task.assignee_id = None, _find_active_assignee(task)
        db.session.flush()


def _add_next_task(task: Activity, by: Employee) -> Activity | None:
    """A task that was completed before and reopened has its next one already, if somebody has changed that."""
    if task.recurrence is None or task.due_on is None or task.record.is_in_trash or _find_link(task):
        return None
    zone = ZoneInfo(by.time_zone)
    following = find_next(read_rule(task.recurrence), task.due_on, since=now().astimezone(zone).date())
    if following is None:
        return None
    copied = ("kind", "lead_id", "customer_id", "subject", "body", "due_time", "priority")
    next_task = Activity(**{name: getattr(task, name) for name in copied}, assignee_id=_find_active_assignee(task))
    next_task.due_on, next_task.recurrence = following[0], following[1].rule
    next_task.remind_at = move_reminder(task.remind_at, following[0] - task.due_on, zone)
    db.session.add(next_task)
    db.session.flush()
    db.session.add(NextTask(done_id=task.id, next_id=next_task.id))
    db.session.flush()
    return next_task


def _find_link(task: Activity) -> NextTask | None:
    return db.session.scalar(select(NextTask).where(NextTask.done_id == task.id))


def _remove_next_task(task: Activity) -> None:
    if (link := _find_link(task)) is None:
        return
    next_task = db.session.get_one(Activity, link.next_id)
    lock(next_task)
    if next_task.version == 1 and not has_files(next_task.id):
        db.session.delete(link)
        db.session.flush()
        db.session.delete(next_task)
        db.session.flush()


def move_reminder(remind_at: datetime | None, days: timedelta, zone: tzinfo) -> datetime | None:
    """Return when to remind of a task that moved by some days, at the same time of day.

    :param zone: where the time of day stays
    """
    return None if remind_at is None else remind_at.astimezone(zone) + days


def _find_active_assignee(task: Activity) -> int | None:
    """The assignee, or the owner of its record if the assignee is deactivated."""
    has_left = task.assignee_id is not None and not _is_active(task.assignee_id)
    return task.record.owner_id if has_left else task.assignee_id


def remove_activity(activity: Activity, *, by: Employee) -> None:
    """Delete an activity, and move its files to the trash; history keeps it."""
    set_audit_actor(by)
    lock(activity)
    remove_files_with(activity, by=by)
    db.session.delete(activity)
    db.session.flush()


def undo_adding(activity: Activity, *, by: Employee) -> None:
    """Remove an activity that nobody has changed since it was added.

    :raise ChangedSinceAdded: if somebody has, or has added a file to it
    :raise RecordGone: if it was removed meanwhile
    """
    lock(activity)
    if activity.version != 1 or has_files(activity.id, added_after=activity.created_at):
        raise ChangedSinceAdded(f"{activity.subject} was changed after it was added. Remove it if you don’t need it.")
    remove_activity(activity, by=by)


def restore_activity(removed: RemovedActivity, *, by: Employee) -> Activity:
    """Add a removed activity again with its author, times and files; history shows it as a new one.

    :return: the activity; if it was restored already, that one
    :raise RecordInTrash: if its lead or customer is in the trash or gone
    :raise AssigneeNotActive: if it is an open task of a deactivated employee
    """
    set_audit_actor(by)
    lead_id, customer_id = removed.values.get("lead_id"), removed.values.get("customer_id")
    record = db.session.get(Lead, lead_id) if lead_id else db.session.get(Customer, customer_id)
    if record is None:
        raise RecordInTrash("This can’t be restored: its lead or customer was permanently deleted.")
    # Not shared: of two who press Undo at once, the second finds what the first has brought back.
    lock(record)
    require_outside_trash(record)
    if restored := find_restored_activity(removed):
        return restored
    if removed.values.get("done_at") is None:
        check_assignee(removed.values.get("assignee_id"))
    activity = Activity(**removed.values, created_at=removed.created_at, created_by_id=removed.created_by_id)
    db.session.add(activity)
    db.session.flush()
    restore_files_with(activity, removed.id)
    email = update(IncomingEmail).where(IncomingEmail.activity_id == removed.id).values(activity_id=activity.id)
    db.session.execute(email, execution_options={"synchronize_session": False})
    return activity


def _lock_task(task: Activity) -> None:
    lock(task)
    if task.kind is not ActivityKind.TASK:
        raise NotATask("Only tasks can be completed.")


def check_assignee(assignee_id: int | None) -> None:
    """Check that a person can have open tasks.

    :param assignee_id: ``None`` for nobody
    :raise AssigneeNotActive: if that person is deactivated
    """
    if assignee_id is not None and not _is_active(assignee_id):
        raise AssigneeNotActive("Choose an active employee.", "assignee_id")


def _is_active(employee_id: int) -> bool:
    """Waits for a concurrent deactivation, so that no constraint fails."""
    waiting = {"read": True, "of": Employee}
    found = db.session.get(Employee, employee_id, populate_existing=True, with_for_update=waiting)
    return found is not None and found.is_active
