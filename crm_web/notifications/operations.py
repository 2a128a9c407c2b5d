"""From what happened to notifications, by the worker; marking them read, and choosing their channels.

What people do to records comes from the change feed, so that no way in is forgotten: page, API, bulk edit, import or
SQL. All else is found by its time, where no notification exists yet. Only the worker that holds the row of the cursor
does either, and the cursor advances in the same transaction, so each is added once, however many workers run.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import Boolean, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from crm_web.core.extensions import db
from crm_web.history.feed.queries import ChangeCursor, cursor_of, list_changes_after
from crm_web.models import (
    Change,
    Employee,
    Lead,
    Notification,
    NotificationChannel,
    NotificationChoice,
    NotificationCursor,
    NotificationKind,
)
from crm_web.notifications.queries import Event, list_due_for_digest, list_missing
from crm_web.records.retention import delete_portion

READ_AT_ONCE = 500
KEPT_FOR = timedelta(days=90)
_OWNERS = {"lead": "owner_id", "customer": "owner_id", "activity": "assignee_id"}


class Round(NamedTuple):
    """What a round of the worker did.

    :param to_email: new notifications whose readers want an email
    """

    has_more: bool
    to_email: Sequence[Notification]


class Digest(NamedTuple):
    """What the daily email of an employee lists."""

    employee: Employee
    notifications: Sequence[Notification]


def notify_of_changes() -> Round:
    """Notify people of the next changes in the feed; commit that together with the cursor."""
    cursor = _lock_cursor()
    if cursor is None:
        return Round(False, [])
    changes = list_changes_after(ChangeCursor(cursor.mark_xact, cursor.mark_change_id), limit=READ_AT_ONCE)
    if not changes:
        return Round(False, [])
    to_email = _notify([*_list_assigned(changes), *_list_won(changes)])
    last = cursor_of(changes[-1])
    cursor.mark_xact, cursor.mark_change_id = last.xact, last.change_id
    db.session.flush()
    return Round(len(changes) == READ_AT_ONCE, to_email)


def notify_of_the_rest() -> Round:
    """Notify people of mentions, due tasks, finished imports, sign-ins with a new browser and emails."""
    if _lock_cursor() is None:
        return Round(False, [])
    return Round(False, _notify(list_missing()))


def collect_digests() -> Sequence[Digest]:
    """Collect what is unread for the daily emails of those whose morning has come; commit it together with the emails,
    then each notification is in one of them.
    """
    if _lock_cursor() is None:
        return []
    waiting = list_due_for_digest()
    taken = update(Notification).where(Notification.id.in_([it.id for it in waiting])).values(awaits_digest=False)
    db.session.execute(taken.execution_options(synchronize_session=False))
    unread = [it for it in waiting if it.read_at is None]
    return [Digest(employee, list(found)) for employee, found in groupby(unread, attrgetter("employee"))]


def _lock_cursor() -> NotificationCursor | None:
    """Lock the cursor; ``None`` while another worker holds it."""
    locked = select(NotificationCursor).with_for_update(key_share=True, skip_locked=True)
    return db.session.scalar(locked.execution_options(populate_existing=True))


def _list_assigned(changes: Sequence[Change]) -> Iterator[Event]:
    for change in changes:
        _, new = change.fields.get(_OWNERS.get(change.entity, ""), (None, None))
        if new is not None:
            yield Event(new, NotificationKind.ASSIGNED, change.entity, change.entity_id, change.actor_id, change.xact)


def _list_won(changes: Sequence[Change]) -> Iterator[Event]:
    won = {it.entity_id: it for it in changes if it.entity == "lead" and it.fields.get("status", (0, 0))[1] == "won"}
    if not won:
        return
    managers = select(Lead.id, Employee.manager_id).join(Lead.owner).where(Lead.id.in_(won))
    for lead_id, manager_id in db.session.execute(managers):
        change = won[lead_id]
        if manager_id is not None:
            yield Event(manager_id, NotificationKind.LEAD_WON, "lead", lead_id, change.actor_id, change.xact)


def _notify(events: Iterable[Event]) -> Sequence[Notification]:
    """Add notifications, but never about somebody's own deed; returns the new ones to email."""
    events = [event for event in events if event.employee_id != event.actor_id]
    channels = _find_channels({event.employee_id for event in events})
    wanted = [it for it in events if channels.get((it.employee_id, it.kind)) not in (None, NotificationChannel.OFF)]
    if not wanted:
        return []
    # The changes of one transaction are counted together: a bulk edit of 1,000 leads is one notification.
    keys = [(it.employee_id, it.kind, it.xact or it.entity_id) for it in wanted]
    counts = Counter(keys)
    first = {key: wanted[keys.index(key)] for key in counts}
    rows = [it._asdict() | {"count": counts[key]} for key, it in first.items()]
    for row in rows:
        row["awaits_digest"] = channels[row["employee_id"], row["kind"]] is NotificationChannel.DIGEST
    added = insert(Notification).values(rows)
    added = added.on_conflict_do_update(
        index_elements=["employee_id", "kind", "xact"], set_={"count": Notification.count + added.excluded.count}
    )
    is_new = literal_column("xmax = 0", Boolean).label("is_new")
    returned = added.returning(Notification.id, Notification.employee_id, Notification.kind, is_new)
    new = [row for row in db.session.execute(returned) if row.is_new]
    by_email = [row.id for row in new if channels[row.employee_id, row.kind] is NotificationChannel.EMAIL]
    return db.session.scalars(select(Notification).where(Notification.id.in_(by_email)).order_by(Notification.id)).all()


def _find_channels(employee_ids: set[int]) -> Mapping[tuple[int, NotificationKind], NotificationChannel]:
    """Find the channels of active employees for all kinds."""
    if not employee_ids:
        return {}
    active = db.session.scalars(select(Employee.id).where(Employee.id.in_(employee_ids), Employee.is_active))
    usual = {(employee_id, kind): NotificationChannel.PAGE for employee_id in active for kind in NotificationKind}
    chosen = select(NotificationChoice).where(NotificationChoice.employee_id.in_(employee_ids))
    chosen_by = {(it.employee_id, it.kind): it.channel for it in db.session.scalars(chosen)}
    return {key: chosen_by.get(key, channel) for key, channel in usual.items()}


def mark_read(employee: Employee, *, notification_id: int | None = None, until: int | None = None) -> int:
    """Mark notifications of an employee as read.

    :param notification_id: only this one
    :param until: those up to this one, so that none is marked which came after the page was opened
    :return: how many were unread
    """
    unread = update(Notification).where(Notification.employee_id == employee.id, Notification.read_at.is_(None))
    if notification_id is not None:
        unread = unread.where(Notification.id == notification_id)
    if until is not None:
        unread = unread.where(Notification.id <= until)
    marked = unread.values(read_at=func.now()).returning(Notification.id)
    return len(db.session.scalars(marked.execution_options(synchronize_session=False)).all())


def choose_channels(employee: Employee, channels: Mapping[NotificationKind, NotificationChannel]) -> None:
    """Set where an employee reads notifications of each kind."""
    rows = [{"employee_id": employee.id, "kind": kind, "channel": channel} for kind, channel in channels.items()]
    chosen = insert(NotificationChoice).values(rows)
    chosen = chosen.on_conflict_do_update(
        index_elements=["employee_id", "kind"], set_={"channel": chosen.excluded.channel}
    )
    db.session.execute(chosen.execution_options(synchronize_session=False))


def delete_expired_notifications() -> bool:
    """Delete some old notifications; returns whether there may be more."""
    return delete_portion(Notification, Notification.created_at < func.now() - KEPT_FOR)
