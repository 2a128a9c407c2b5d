"""Adding, finishing and removing activities."""

from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge

from crm_web.activities import blueprint, operations, queries
from crm_web.activities.forms import ActivityForm, read_activity_form
from crm_web.activities.places import place_after, url_of_record
from crm_web.auth.permissions import Action, allowed, may_edit, may_finish, may_remove, require_finish, require_removal
from crm_web.core.errors import DomainError, RecordGone
from crm_web.core.extensions import db
from crm_web.files.operations import add_files, receive_files
from crm_web.files.queries import find_again
from crm_web.files.storage.bucket import FilesUnreachable
from crm_web.models import Activity, Customer, Lead
from crm_web.records.queries import get_record, get_remaining
from crm_web.web.error_pages import show_error
from crm_web.web.form_fields import show_refusal
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.refusals import refusals_shown_at
from crm_web.web.template_filters import current_user_locale
from crm_web.web.template_filters import date as format_date
from crm_web.web.uploads import read_to_end, size_limit
from crm_web.web.urls import next_url


@blueprint.get("/leads/<int:lead_id>/activities/new")
@allowed(Action.CREATE)
def new_on_lead(lead_id: int) -> ResponseReturnValue:
    return _adding_page(_read_form(), get_record(Lead, lead_id) or abort(404))


@blueprint.post("/leads/<int:lead_id>/activities")
@allowed(Action.CREATE)
@refillable()
def add_to_lead(lead_id: int) -> ResponseReturnValue:
    return _add(get_remaining(get_record(Lead, lead_id) or abort(404)))


@blueprint.get("/customers/<int:customer_id>/activities/new")
@allowed(Action.CREATE)
def new_on_customer(customer_id: int) -> ResponseReturnValue:
    return _adding_page(_read_form(), get_record(Customer, customer_id) or abort(404))


@blueprint.post("/customers/<int:customer_id>/activities")
@allowed(Action.CREATE)
@refillable()
def add_to_customer(customer_id: int) -> ResponseReturnValue:
    return _add(get_remaining(get_record(Customer, customer_id) or abort(404)))


def _read_form() -> ActivityForm:
    copied_id = request.args.get("copy", 0, type=int)
    copied = queries.get_activity(copied_id) if 0 < copied_id < 2**63 else None
    return read_activity_form(current_user, request.args.get("kind"), request.args.get("day"), copied)


def _add(record: Lead | Customer) -> ResponseReturnValue:
    form = _read_form()
    try:
        # Before anything is locked, as for files alone.
        received = receive_files(form.files.list_files()) if form.validate() else []
        record = find_again(record) or abort(404)
        if answer := replay_response(form):
            return answer.give()
        # Again, since the key may have been sent before with something else.
        if not form.validate():
            return _adding_page(form, record), 422
        activity = operations.add_activity(record, form.values(), by=current_user)
        if received:
            add_files(activity, received, by=current_user)
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        return _adding_page(form, find_again(record) or abort(404)), 503 if isinstance(error, FilesUnreachable) else 422
    place = place_after(activity)
    undo = ("Undo", url_for("activities.undo_adding", activity_id=activity.id, next=place))
    answer = store_response(form, f"{activity.kind.label} added: {activity.subject}", place, undo=undo)
    db.session.commit()
    return answer.give()


def _adding_page(form: ActivityForm, record: Lead | Customer) -> str:
    form.ask_for_files_again()
    asked: dict[str, Any] = {name: request.args.get(name) for name in ("day", "next")}
    add_url = url_for("activities.add_to_lead", lead_id=record.id, **asked)
    if isinstance(record, Customer):
        add_url = url_for("activities.add_to_customer", customer_id=record.id, **asked)
    return render_template(
        "activities/add_activity.html",
        activity_form=form,
        record=record,
        add_url=add_url,
        back_url=next_url(url_of_record(record)),
    )


@blueprint.errorhandler(RequestEntityTooLarge)
def refuse_large_form(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Answer files that are too large together; the browser still has what was typed."""
    read_to_end(request.environ["wsgi.input"])
    limit = f"These files are too large. The limit is {size_limit().text} in all. Go back and choose smaller ones."
    return show_error(error, words=("Too large", limit))


@blueprint.post("/activities/<int:activity_id>/finish")
@allowed(Action.CHANGE_OWN)
def finish_task(activity_id: int) -> ResponseReturnValue:
    task = _task_or_404(activity_id)
    next_task = operations.finish_task(task, by=current_user)
    place = place_after(task)
    undo = ("Undo", url_for("activities.reopen_task", activity_id=activity_id, next=place))
    following = f". Next due {format_date(next_task.due_on, user_locale=current_user_locale())}." if next_task else ""
    answer = Answer(f"Completed: {task.subject}{following}", place, undo=undo)
    db.session.commit()
    return answer.give()


@blueprint.post("/activities/<int:activity_id>/reopen")
@allowed(Action.CHANGE_OWN)
def reopen_task(activity_id: int) -> ResponseReturnValue:
    task = _task_or_404(activity_id)
    operations.reopen_task(task, by=current_user)
    answer = Answer(f"Reopened: {task.subject}", place_after(task))
    db.session.commit()
    return answer.give()


@blueprint.post("/activities/<int:activity_id>/remove")
@allowed(Action.CREATE)
def remove_activity(activity_id: int) -> ResponseReturnValue:
    activity = queries.get_activity(activity_id) or abort(404)
    require_removal(activity)
    answer = _say_removed(activity_id, activity.subject, place_after(activity))
    operations.remove_activity(activity, by=current_user)
    db.session.commit()
    return answer.give()


def _say_removed(activity_id: int, subject: str, place: str) -> Answer:
    undo = ("Undo", url_for("activities.restore_activity", activity_id=activity_id, next=place))
    return Answer(f"{subject} removed.", place, undo=undo)


@blueprint.post("/activities/<int:activity_id>/undo-adding")
@allowed(Action.CREATE)
def undo_adding(activity_id: int) -> ResponseReturnValue:
    activity = queries.get_activity(activity_id)
    if activity is None:
        return _say_removed_already(activity_id)
    require_removal(activity)
    place = place_after(activity)
    answer = _say_removed(activity_id, activity.subject, place)
    try:
        with refusals_shown_at(place):
            operations.undo_adding(activity, by=current_user)
    except RecordGone:
        # Whoever pressed twice finds what the first has done.
        db.session.rollback()
        return _say_removed_already(activity_id)
    db.session.commit()
    return answer.give()


def _say_removed_already(activity_id: int) -> ResponseReturnValue:
    removed = queries.find_removed_activity(activity_id) or abort(404)
    require_removal(removed)
    return _say_removed(activity_id, removed.values["subject"], next_url(url_for("activities.list_activities"))).give()


@blueprint.post("/activities/<int:activity_id>/restore")
@allowed(Action.CREATE)
def restore_activity(activity_id: int) -> ResponseReturnValue:
    removed = queries.find_removed_activity(activity_id) or abort(404)
    require_removal(removed)
    with refusals_shown_at(url_for("activities.list_activities")):
        activity = operations.restore_activity(removed, by=current_user)
    answer = Answer(f"{activity.subject} restored.", place_after(activity))
    db.session.commit()
    return answer.give()


def _task_or_404(activity_id: int) -> Activity:
    """Only tasks can be finished."""
    activity = queries.get_activity(activity_id) or abort(404)
    if not activity.is_task:
        abort(404)
    require_finish(activity)
    return activity


@blueprint.app_context_processor
def _offer_actions() -> dict[str, Any]:
    """Add to the context of templates what the user may do with an activity."""
    # The employee itself: a page asks hundreds of times.
    employee = current_user._get_current_object()
    return {
        "may_edit": lambda activity: may_edit(employee, activity) and activity.record.deleted_at is None,
        "may_remove": lambda activity: may_remove(employee, activity),
        "may_finish": lambda task: may_finish(employee, task),
    }
