"""Editing and putting off activities, and undoing that."""

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import Any

from crm_web.activities.days import DayWord, find_day
from crm_web.activities.operations import OF_KIND, check_assignee, move_reminder
from crm_web.activities.queries import is_sent_email
from crm_web.core.clock import now
from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.models import Activity, ActivityKind, Employee, set_audit_actor
from crm_web.records.mentions import save_mentions
from crm_web.records.merging import Merge
from crm_web.records.operations import lock, merge_with_saved, read_before_edit, require_outside_trash

PLANNED = (ActivityKind.TASK, ActivityKind.CALL, ActivityKind.MEETING)
"""The kinds of activity that can lie ahead."""


class NotPlanned(DomainError):
    """A note or an email can't be put off, nor can a task that is done."""


class EmailNotEditable(Conflict):
    """What an activity says of an email that was sent or came in is what its recipient reads."""

    def __init__(self) -> None:
        super().__init__("This email stays as it is. Add a note instead.")


def change_activity(activity: Activity, values: Mapping[str, Any], *, version: int, by: Employee) -> Merge:
    """Save the edit form.

    :param values: columns of the form; fields of other kinds are dropped
    :param version: the version that the form was opened with
    :return: what was saved, with what others had changed since
    :raise RecordInTrash: if its lead or customer is in the trash
    :raise EmailNotEditable: if it is an email that was sent from here or came in
    :raise ChangedMeanwhile: if somebody changed the same field since
    :raise AssigneeNotActive: if a new assignee is deactivated
    """
    _lock_editable(activity, by)
    values = {name: value for name, value in values.items() if OF_KIND.get(name, activity.kind) is activity.kind}
    merged = merge_with_saved(activity, values, version=version, by=by)
    if merged.values.get("assignee_id") != activity.assignee_id:
        check_assignee(merged.values.get("assignee_id"))
    _set_values(activity, merged.values, by)
    return merged


def put_off(activity: Activity, day: date | DayWord, *, zone: tzinfo, by: Employee) -> date:
    """Move an open task to another day; of a call or meeting the time of day stays.

    :param zone: the time zone of whoever puts it off
    :return: the new day
    :raise RecordInTrash: if its lead or customer is in the trash
    :raise NotPlanned: if it is a note or an email, or done
    """
    _lock_editable(activity, by)
    if activity.kind not in PLANNED or activity.done_at is not None:
        raise NotPlanned("Only open tasks, calls and meetings can be moved to another day.")
    today = now().astimezone(zone).date()
    if activity.is_task:
        day = find_day(day, today, activity.due_on) if isinstance(day, DayWord) else day
        if activity.due_on is not None:
            activity.remind_at = move_reminder(activity.remind_at, day - activity.due_on, zone)
        activity.due_on = day
    else:
        local = activity.happened_at.astimezone(zone)
        day = find_day(day, today, local.date()) if isinstance(day, DayWord) else day
        activity.happened_at = datetime.combine(day, local.time(), zone)
    db.session.flush()
    return day


def undo_edit(activity: Activity, version: int, *, by: Employee) -> None:
    """Undo the last edit of an activity, unless it changed since.

    :param version: the version that the edit made
    :raise RecordInTrash: if its lead or customer is in the trash
    :raise ChangedSinceEdit: if it changed after the edit
    :raise AssigneeNotActive: if it would go back to a deactivated employee
    """
    _lock_editable(activity, by)
    before = read_before_edit(activity, version, what="this")
    if "assignee_id" in before:
        check_assignee(before["assignee_id"])
    _set_values(activity, before, by)


def _set_values(activity: Activity, values: Mapping[str, Any], by: Employee) -> None:
    note = activity.body
    for name, value in values.items():
        setattr(activity, name, value)
    save_mentions(activity, note, by=by)
    db.session.flush()


def _lock_editable(activity: Activity, by: Employee) -> None:
    set_audit_actor(by)
    lock(activity.record, shared=True)
    lock(activity)
    require_outside_trash(activity.record)
    if is_sent_email(activity):
        raise EmailNotEditable
