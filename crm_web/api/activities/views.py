"""API endpoints for activities."""

from collections.abc import Callable
from typing import Any

from flask import Response, abort, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.activities import operations
from crm_web.activities.editing.operations import change_activity as save_changes
from crm_web.activities.listing.params import ActivityListParams
from crm_web.activities.queries import get_activity
from crm_web.api import blueprint
from crm_web.api.activities import schemas
from crm_web.api.endpoint_docs import describe
from crm_web.api.http import (
    WrongRequest,
    read_body,
    read_query,
    replay_response,
    require_match,
    show,
    show_page,
    store_response,
)
from crm_web.api.schemas import FieldsQuery
from crm_web.auth.permissions import Action, allowed, require_edit, require_finish, require_removal
from crm_web.core.extensions import db
from crm_web.models import Activity, Customer, Lead
from crm_web.records.operations import lock
from crm_web.records.queries import get_record

NOT_NOW = {409: "Its lead or customer is in the trash, or the assignee is not active."}
NEW: dict[str, Any] = {
    "body": schemas.NewActivity,
    "answers": {201: schemas.Activity},
    "refuses": NOT_NOW,
    "is_once": True,
}


@blueprint.get("/api/v1/activities")
@allowed(Action.READ)
@describe("List activities", "activities", query=schemas.ActivityQuery, answers={200: schemas.ActivityPage})
def list_activities() -> ResponseReturnValue:
    """Same filters and sorting as in the app, latest first. Activities on records in the trash are included."""
    query = read_query(schemas.ActivityQuery)
    view = ActivityListParams(query.as_address())
    page = view.load_fields(schemas.Activity.model_fields, cursor=query.at, size=query.limit)
    return show_page(schemas.Activity, page)


@blueprint.post("/api/v1/leads/<int:lead_id>/activities")
@allowed(Action.CREATE)
@describe("Add an activity to a lead", "activities", **NEW)
def add_activity_to_lead(lead_id: int) -> ResponseReturnValue:
    """Anyone who can create records can add one, to the leads of others as well."""
    return _add(get_record(Lead, lead_id) or abort(404))


@blueprint.post("/api/v1/customers/<int:customer_id>/activities")
@allowed(Action.CREATE)
@describe("Add an activity to a customer", "activities", **NEW)
def add_activity_to_customer(customer_id: int) -> ResponseReturnValue:
    """Anyone who can create records can add one, to the customers of others as well."""
    return _add(get_record(Customer, customer_id) or abort(404))


def _add(record: Lead | Customer) -> Response:
    if answer := replay_response():
        return answer
    values = read_body(schemas.NewActivity).values()
    try:
        operations.check_kind(values, values["kind"])
    except (operations.NotOfItsKind, operations.DueDateMissing) as error:
        raise WrongRequest([{"field": error.field or "", "message": error.message}]) from error
    activity = operations.add_activity(record, {"assignee_id": current_user.id} | values, by=current_user)
    place = url_for("api.read_activity", activity_id=activity.id)
    answer = store_response(show(schemas.Activity, activity, 201, location=place))
    db.session.commit()
    return answer


@blueprint.get("/api/v1/activities/<int:activity_id>")
@allowed(Action.READ)
@describe("Get an activity", "activities", query=FieldsQuery, answers={200: schemas.Activity})
def read_activity(activity_id: int) -> ResponseReturnValue:
    """An activity on a record in the trash is returned as well."""
    read_query(FieldsQuery)
    return show(schemas.Activity, _activity_or_404(activity_id))


@blueprint.get("/api/v1/activities/<int:activity_id>/email")
@allowed(Action.READ)
@describe("Get the delivery status of an email", "activities", query=FieldsQuery, answers={200: schemas.SentEmail})
def read_email(activity_id: int) -> ResponseReturnValue:
    """Only for emails sent from Piper. Emails logged by hand answer 404."""
    read_query(FieldsQuery)
    return show(schemas.SentEmail, _activity_or_404(activity_id).outgoing_mail or abort(404))


@blueprint.patch("/api/v1/activities/<int:activity_id>")
@allowed(Action.CREATE)
@describe(
    "Update an activity",
    "activities",
    body=schemas.ActivityChange,
    answers={200: schemas.Activity},
    refuses={409: "This type doesn’t have the field, its record is in the trash, or it is a sent or received email."},
    needs_match=True,
)
def change_activity(activity_id: int) -> ResponseReturnValue:
    """Only the fields you send change; null clears a field. To complete a task, use its own endpoint."""
    activity = _activity_or_404(activity_id)
    require_edit(activity)
    _lock_seen(activity)
    values = read_body(schemas.ActivityChange).values()
    due = {name: getattr(activity, name) for name in ("due_on", "due_time", "recurrence")}
    operations.check_kind(due | values, activity.kind)
    save_changes(activity, values, version=activity.version, by=current_user)
    answer = show(schemas.Activity, activity)
    db.session.commit()
    return answer


@blueprint.post("/api/v1/activities/<int:activity_id>/finish")
@allowed(Action.CHANGE_OWN)
@describe(
    "Complete a task", "activities", answers={200: schemas.Activity}, refuses={409: "It is not a task."}, is_once=True
)
def finish_task(activity_id: int) -> ResponseReturnValue:
    """A task that is already done keeps its completion time."""
    return _set_done(activity_id, operations.finish_task)


@blueprint.post("/api/v1/activities/<int:activity_id>/reopen")
@allowed(Action.CHANGE_OWN)
@describe(
    "Reopen a task", "activities", answers={200: schemas.Activity}, refuses={409: "It is not a task."}, is_once=True
)
def reopen_task(activity_id: int) -> ResponseReturnValue:
    """Does nothing if it is open. If its assignee is deactivated, it goes to the owner of its record."""
    return _set_done(activity_id, operations.reopen_task)


def _set_done(activity_id: int, change: Callable[..., object]) -> Response:
    task = _activity_or_404(activity_id)
    require_finish(task)
    if answer := replay_response():
        return answer
    change(task, by=current_user)
    answer = store_response(show(schemas.Activity, task))
    db.session.commit()
    return answer


@blueprint.delete("/api/v1/activities/<int:activity_id>")
@allowed(Action.CREATE)
@describe("Remove an activity", "activities", answers={204: None}, needs_match=True)
def remove_activity(activity_id: int) -> ResponseReturnValue:
    """History keeps it."""
    activity = _activity_or_404(activity_id)
    require_removal(activity)
    _lock_seen(activity)
    operations.remove_activity(activity, by=current_user)
    db.session.commit()
    return Response(status=204)


def _activity_or_404(activity_id: int) -> Activity:
    return get_activity(activity_id) or abort(404)


def _lock_seen(activity: Activity) -> None:
    """Its record's row is locked first, as everywhere; so nobody waits for each other."""
    lock(activity.record, shared=True)
    lock(activity)
    require_match(activity.version)
