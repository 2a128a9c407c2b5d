"""The page of notifications, and how somebody is notified."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import signed_in
from crm_web.core.config import current_settings
from crm_web.core.extensions import db
from crm_web.lists.params import ListParams, is_record_id
from crm_web.notifications import blueprint, operations, queries
from crm_web.notifications.forms import ChannelsForm
from crm_web.web.idempotency import Answer
from crm_web.web.refills import refillable


@blueprint.get("")
@signed_in
def list_notifications() -> ResponseReturnValue:
    view = ListParams("notifications.list_notifications", request.args, names=())
    if view.canonical_url:
        return redirect(view.canonical_url)
    page = queries.list_notifications(current_user, cursor=view.mark)
    lines = queries.describe(page.rows)
    return render_template("notifications/list_notifications.html", page=page, lines=lines, view=view)


@blueprint.post("/<int:notification_id>/read")
@signed_in
def mark_read(notification_id: int) -> ResponseReturnValue:
    operations.mark_read(current_user, notification_id=notification_id)
    db.session.commit()
    return redirect(url_for(".list_notifications"), code=303)


@blueprint.post("/read")
@signed_in
def mark_all_read() -> ResponseReturnValue:
    until = request.form.get("until", "")
    count = operations.mark_read(current_user, until=int(until)) if is_record_id(until) else 0
    message = "Notifications marked as read." if count else "These notifications were read already."
    answer = Answer(message, url_for(".list_notifications"))
    db.session.commit()
    return answer.give()


@blueprint.get("/settings")
@signed_in
def edit_channels() -> str:
    channels = {kind.value: channel for kind, channel in queries.list_channels(current_user).items()}
    return _show_channels(ChannelsForm(formdata=None, data=channels))


@blueprint.post("/settings")
@signed_in
@refillable()
def change_channels() -> ResponseReturnValue:
    form = ChannelsForm()
    if not form.validate():
        return _show_channels(form), 422
    operations.choose_channels(current_user, form.channels)
    answer = Answer("Notification settings saved.", url_for(".list_notifications"))
    db.session.commit()
    return answer.give()


def _show_channels(form: ChannelsForm) -> str:
    return render_template("notifications/edit_channels.html", form=form, sends_mail=current_settings().sends_mail)
