"""API endpoints for one's notifications."""

from flask import abort
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint
from crm_web.api.endpoint_docs import describe
from crm_web.api.http import read_body, read_query, show, show_page
from crm_web.api.notifications import schemas
from crm_web.auth.permissions import Action, allowed
from crm_web.core.extensions import db
from crm_web.notifications import operations, queries


@blueprint.get("/api/v1/notifications")
@allowed(Action.READ)
@describe(
    "List your notifications",
    "notifications",
    query=schemas.NotificationQuery,
    answers={200: schemas.NotificationPage},
)
def list_notifications() -> ResponseReturnValue:
    """The notifications of the token’s employee in the last 90 days, newest first."""
    query = read_query(schemas.NotificationQuery)
    is_read = {"read": True, "unread": False}.get(query.state or "")
    page = queries.list_notifications(current_user, cursor=query.at, size=query.limit, is_read=is_read)
    return show_page(schemas.Notification, page)


@blueprint.post("/api/v1/notifications/<int:notification_id>/read")
@allowed(Action.READ)
@describe("Mark a notification as read", "notifications", answers={200: schemas.Notification})
def mark_notification_read(notification_id: int) -> ResponseReturnValue:
    """Does nothing if it is already read."""
    operations.mark_read(current_user, notification_id=notification_id)
    notification = queries.find_notification(current_user, notification_id) or abort(404)
    answer = show(schemas.Notification, notification)
    db.session.commit()
    return answer


@blueprint.post("/api/v1/notifications/read")
@allowed(Action.READ)
@describe(
    "Mark your notifications as read",
    "notifications",
    body=schemas.ReadNotifications,
    answers={200: schemas.MarkedRead},
)
def mark_notifications_read() -> ResponseReturnValue:
    """All unread ones up to the one you name, so that none is marked before you showed it."""
    until = read_body(schemas.ReadNotifications).until
    answer = show(schemas.MarkedRead, {"count": operations.mark_read(current_user, until=until)})
    db.session.commit()
    return answer
