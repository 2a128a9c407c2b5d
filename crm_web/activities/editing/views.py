"""Editing an activity, putting it off, and undoing both."""

from datetime import date

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.activities import blueprint, queries
from crm_web.activities.days import DayWord, list_day_words, read_day_word
from crm_web.activities.editing import operations
from crm_web.activities.editing.forms import EditActivityForm, PutOffForm, read_edit_form
from crm_web.activities.places import place_after, url_of_copy
from crm_web.auth.permissions import Action, allowed, refuse, require_edit
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.history.conflicts import show_conflict
from crm_web.models import Activity
from crm_web.records.operations import ChangedMeanwhile
from crm_web.web.form_fields import show_refusal, stored_values
from crm_web.web.idempotency import Answer
from crm_web.web.refills import refillable
from crm_web.web.refusals import refusals_shown_at
from crm_web.web.template_filters import current_user_locale, today
from crm_web.web.template_filters import date as format_date


@blueprint.get("/activities/<int:activity_id>/edit")
@allowed(Action.CREATE)
def edit_activity(activity_id: int) -> ResponseReturnValue:
    activity = _activity_to_edit(activity_id)
    return _edit_page(read_edit_form(activity), activity)


@blueprint.post("/activities/<int:activity_id>/edit")
@allowed(Action.CREATE)
@refillable()
def change_activity(activity_id: int) -> ResponseReturnValue:
    activity = _activity_to_edit(activity_id)
    form = read_edit_form(activity)
    if not form.validate():
        return _edit_page(form, activity), 422
    version = form.version.data or 0
    try:
        merged = operations.change_activity(activity, stored_values(form), version=version, by=current_user)
    except ChangedMeanwhile as conflict:
        return show_conflict(form, activity, conflict, back_url=place_after(activity)), 409
    except DomainError as error:
        show_refusal(form, error)
        return _edit_page(form, activity), 422
    answer = _build_answer(activity, f"{activity.subject} saved.{merged.in_words()}")
    db.session.commit()
    return answer.give()


def _edit_page(form: EditActivityForm, activity: Activity) -> str:
    return render_template(
        "activities/edit_activity.html",
        activity_form=form,
        activity=activity,
        back_url=place_after(activity),
        duplicate_url=url_of_copy(activity),
    )


@blueprint.post("/activities/<int:activity_id>/put-off")
@allowed(Action.CREATE)
def put_off(activity_id: int) -> ResponseReturnValue:
    activity = _activity_to_edit(activity_id)
    form = PutOffForm()
    place = place_after(activity)
    day = _read_day(form)
    if day is None:
        return Answer("Choose a date to move this to.", place, kind="error").give()
    user_locale = current_user_locale()
    with refusals_shown_at(place):
        day = operations.put_off(activity, day, zone=user_locale.zone, by=current_user)
    answer = _build_answer(activity, f"{activity.subject} moved to {format_date(day, user_locale=user_locale)}.")
    db.session.commit()
    return answer.give()


def _read_day(form: PutOffForm) -> date | DayWord | None:
    """What is no date counts as none."""
    return read_day_word(form.to.data) or form.due_on.data


def _build_answer(activity: Activity, text: str) -> Answer:
    """Answer with what was done; its undo is bound to the version that this made."""
    place = place_after(activity)
    undo = url_for("activities.undo_edit", activity_id=activity.id, version=activity.version, next=place)
    return Answer(text, place, undo=("Undo", undo))


@blueprint.app_template_global()
def days_to_move_to(activity: Activity) -> list[DayWord]:
    """The words to press on an open activity."""
    if activity.is_task:
        return list_day_words(today(), activity.due_on)
    return list_day_words(today(), activity.happened_at.astimezone(current_user_locale().zone).date())


@blueprint.app_template_global()
def days_to_add_on() -> list[DayWord]:
    """The words to press to add a task."""
    return list_day_words(today(), moves=False)


@blueprint.post("/activities/<int:activity_id>/versions/<int:version>/undo")
@allowed(Action.CREATE)
def undo_edit(activity_id: int, version: int) -> ResponseReturnValue:
    activity = _activity_to_edit(activity_id)
    place = place_after(activity)
    with refusals_shown_at(place):
        operations.undo_edit(activity, version, by=current_user)
    answer = Answer(f"{activity.subject} is back as it was.", place)
    db.session.commit()
    return answer.give()


def _activity_to_edit(activity_id: int) -> Activity:
    activity = queries.get_activity(activity_id) or abort(404)
    require_edit(activity)
    if activity.record.is_in_trash:
        refuse("This record is in the trash. Restore it first.")
    if queries.is_sent_email(activity):
        refuse(operations.EmailNotEditable().message)
    return activity
