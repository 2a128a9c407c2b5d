"""Queries for notifications: the page, and what the worker has to notify people of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, DateTime, Select, and_, case, exists, func, literal, null, or_, select
from sqlalchemy.orm import aliased, contains_eager, joinedload

from crm_web.core.extensions import db
from crm_web.history.formatting import RecordName, RecordRef
from crm_web.history.queries import find_names
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import PAGE_SIZE, Page, load_page
from crm_web.models import (
    Activity,
    Customer,
    EmailKind,
    Employee,
    Import,
    ImportState,
    IncomingEmail,
    Lead,
    Mention,
    Notification,
    NotificationChannel,
    NotificationChoice,
    NotificationKind,
    SignIn,
)

LOOKS_BACK = timedelta(days=1)
"""If no worker ran for longer, nobody is notified of what was before."""
AT_ONCE = 500
MORNING = time(8)
"""When somebody gets their daily email, and is notified of a task that is due on a day without a time or a reminder."""
MORNING_AFTER = timedelta(hours=MORNING.hour)
DIGESTS_AT_ONCE = 100
NEWEST_FIRST = Sort(Notification.created_at.expression, Notification.id.expression, descending=True)


class Event(NamedTuple):
    """Something to notify an employee of; see ``crm_web.models.Notification``."""

    employee_id: int
    kind: NotificationKind
    entity: str
    entity_id: int
    actor_id: int | None = None
    xact: int | None = None


@dataclass(frozen=True)
class NotificationLine:
    """A notification as the page shows it.

    :param record: the present name and place of its record; ``None`` for an import or a sign-in
    """

    id: int
    kind: NotificationKind
    entity: str
    entity_id: int
    count: int
    who: str
    created_at: Any
    is_read: bool
    record: RecordName | None


def list_notifications(
    employee: Employee, *, cursor: str | None, size: int = PAGE_SIZE, is_read: bool | None = None
) -> Page:
    """Load a page of an employee's notifications, newest first.

    :param is_read: only those that are, or are not
    """
    query = select(Notification).where(Notification.employee_id == employee.id)
    if is_read is not None:
        query = query.where(Notification.read_at.is_not(None) if is_read else Notification.read_at.is_(None))
    return load_page(query.options(joinedload(Notification.actor)), NEWEST_FIRST, cursor=cursor, size=size)


def find_notification(employee: Employee, notification_id: int) -> Notification | None:
    """Find a notification of an employee."""
    mine = Notification.employee_id == employee.id
    return db.session.scalar(select(Notification).where(mine, Notification.id == notification_id))


def describe(notifications: Sequence[Notification]) -> list[NotificationLine]:
    """Describe notifications; all names come from one query."""
    names = find_names({RecordRef(it.entity, it.entity_id) for it in notifications if it.entity in _NAMED})
    return [
        NotificationLine(
            id=it.id,
            kind=it.kind,
            entity=it.entity,
            entity_id=it.entity_id,
            count=it.count,
            who=it.actor.name if it.actor else "The system",
            created_at=it.created_at,
            is_read=it.read_at is not None,
            record=names.get(RecordRef(it.entity, it.entity_id)),
        )
        for it in notifications
    ]


_NAMED = ("lead", "customer", "activity")


def list_channels(employee: Employee) -> Mapping[NotificationKind, NotificationChannel]:
    """List where an employee reads notifications of each kind."""
    chosen = select(NotificationChoice.kind, NotificationChoice.channel)
    rows = db.session.execute(chosen.where(NotificationChoice.employee_id == employee.id))
    return dict.fromkeys(NotificationKind, NotificationChannel.PAGE) | {row.kind: row.channel for row in rows}


def list_due_for_digest() -> Sequence[Notification]:
    """List what awaits the daily email and was there at the latest morning of its reader, for some of the readers."""
    local = func.timezone(Employee.time_zone, func.now(), type_=DateTime())
    morning = func.date_trunc("day", local - MORNING_AFTER) + MORNING_AFTER
    is_due = Notification.created_at < func.timezone(Employee.time_zone, morning, type_=DateTime(timezone=True))
    due = select(Notification).join(Notification.employee)
    due = due.where(Notification.awaits_digest, Employee.is_active, is_due)
    readers = due.with_only_columns(Employee.id).distinct().order_by(Employee.id).limit(DIGESTS_AT_ONCE)
    query = due.where(Employee.id.in_(readers)).options(contains_eager(Notification.employee))
    return db.session.scalars(query.order_by(Employee.id, Notification.id)).all()


def list_missing() -> list[Event]:
    """List what people were not notified of yet, but for changes to records."""
    selects = (_select_mentions(), _select_due_tasks(), _select_imports(), _select_sign_ins(), _select_emails())
    return [Event(*row) for query in selects for row in db.session.execute(query.limit(AT_ONCE))]


def _is_missing(
    kind: NotificationKind, employee_id: Any, entity_id: Any, *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    same = (Notification.employee_id == employee_id, Notification.kind == kind, Notification.entity_id == entity_id)
    return ~exists().where(*same, *conditions)


def _is_recent(moment: Any) -> ColumnElement[bool]:
    return and_(moment > func.now() - LOOKS_BACK, moment <= func.now())


def _event(employee_id: Any, kind: NotificationKind, entity: Any, entity_id: Any, actor_id: Any = None) -> Select[Any]:
    return select(
        employee_id,
        literal(kind, Notification.kind.type),
        literal(entity) if isinstance(entity, str) else entity,
        entity_id,
        null() if actor_id is None else actor_id,
    )


def _select_mentions() -> Select[Any]:
    kind = NotificationKind.MENTIONED
    is_of = {"lead": Mention.lead_id.is_not(None), "customer": Mention.customer_id.is_not(None)}
    entity = case(*((condition, word) for word, condition in is_of.items()), else_="activity")
    entity_id = func.coalesce(Mention.lead_id, Mention.customer_id, Mention.activity_id)
    is_missing = _is_missing(kind, Mention.employee_id, entity_id, Notification.entity == entity)
    query = _event(Mention.employee_id, kind, entity, entity_id, Mention.mentioned_by_id)
    is_own = Mention.employee_id == Mention.mentioned_by_id
    return query.where(_is_recent(Mention.mentioned_at), is_missing, ~is_own).order_by(Mention.id)


def _select_due_tasks() -> Select[Any]:
    """Tasks with a reminder at its time, others at the time that they are due at, by the clock of their assignee."""
    local = Activity.due_on.op("+")(func.coalesce(Activity.due_time, MORNING))
    due_at = func.timezone(Employee.time_zone, local, type_=DateTime(timezone=True))
    is_near = Activity.due_on.between(func.current_date() - 2, func.current_date() + 1)
    is_due = or_(_is_recent(Activity.remind_at), and_(Activity.remind_at.is_(None), is_near, _is_recent(due_at)))
    kind, at = NotificationKind.TASK_DUE, func.coalesce(Activity.remind_at, due_at)
    query = _event(Activity.assignee_id, kind, "activity", Activity.id).join(Activity.assignee)
    query = query.outerjoin(Activity.lead).outerjoin(Activity.customer)
    query = query.where(Activity.is_open_task, is_due, Lead.deleted_at.is_(None), Customer.deleted_at.is_(None))
    is_missing = _is_missing(kind, Activity.assignee_id, Activity.id, Notification.created_at >= at)
    return query.where(is_missing).order_by(Activity.id)


def _select_imports() -> Select[Any]:
    kind = NotificationKind.IMPORTED
    query = _event(Import.made_by_id, kind, "import", Import.id)
    is_first = or_(Import.set_id.is_(None), Import.set_id == Import.id)
    query = query.where(Import.state == ImportState.IMPORTED, _is_recent(Import.imported_at), is_first)
    return query.where(_is_missing(kind, Import.made_by_id, Import.id)).order_by(Import.id)


def _select_sign_ins() -> Select[Any]:
    """The first sign-in of all is no news."""
    kind, earlier = NotificationKind.NEW_BROWSER, aliased(SignIn)
    query = _event(SignIn.employee_id, kind, "sign_in", SignIn.id)
    query = query.where(SignIn.is_new_device, SignIn.awaits_factor.is_(False), _is_recent(SignIn.created_at))
    query = query.where(exists().where(earlier.employee_id == SignIn.employee_id, earlier.id < SignIn.id))
    return query.where(_is_missing(kind, SignIn.employee_id, SignIn.id)).order_by(SignIn.id)


def _select_emails() -> Select[Any]:
    """Emails that people wrote, for the owners of the records that they are placed on."""
    kind, owner_id = NotificationKind.EMAIL_RECEIVED, func.coalesce(Lead.owner_id, Customer.owner_id)
    query = _event(owner_id, kind, "activity", Activity.id, Activity.created_by_id)
    query = query.select_from(IncomingEmail).join(IncomingEmail.activity)
    query = query.outerjoin(Activity.lead).outerjoin(Activity.customer)
    is_personal = IncomingEmail.kind == EmailKind.PERSONAL
    query = query.where(is_personal, _is_recent(IncomingEmail.placed_at), owner_id.is_not(None))
    return query.where(_is_missing(kind, owner_id, Activity.id)).order_by(IncomingEmail.id)
