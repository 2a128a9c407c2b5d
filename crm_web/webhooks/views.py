"""The pages on which administrators manage webhooks and see their deliveries."""

from collections.abc import Callable

from flask import abort, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.auth.permissions import Action, allowed
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.core.security_headers import send_secret
from crm_web.lists.params import ListParams
from crm_web.models import Webhook
from crm_web.web.form_fields import show_refusal, stored_values
from crm_web.web.idempotency import Answer, replay_response, store_response
from crm_web.web.refills import refillable
from crm_web.web.refusals import refusals_shown_at
from crm_web.webhooks import blueprint, operations, queries
from crm_web.webhooks.events import EVENTS
from crm_web.webhooks.forms import ChangeWebhookForm, NewWebhookForm


@blueprint.get("")
@allowed(Action.KEEP_WEBHOOKS)
def list_webhooks() -> ResponseReturnValue:
    return render_template("webhooks/list_webhooks.html", webhooks=queries.list_webhooks())


@blueprint.get("/new")
@allowed(Action.KEEP_WEBHOOKS)
def new_webhook() -> ResponseReturnValue:
    return _new_page(NewWebhookForm())


@blueprint.post("/new")
@allowed(Action.KEEP_WEBHOOKS)
@refillable()
def create_webhook() -> ResponseReturnValue:
    form = NewWebhookForm()
    if answer := replay_response(form):
        return answer.give()
    if not form.validate():
        return _new_page(form), 422
    try:
        webhook, secret = operations.create_webhook(
            stored_values(form), allow_private=_allows_private(), by=current_user
        )
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        return _new_page(form), 422
    text = "This webhook already exists, and its secret was shown once. If you lost it, delete the webhook."
    store_response(form, text, _place_of(webhook.id))
    shown = send_secret(render_template("webhooks/show_secret.html", webhook=webhook, secret=secret))
    webhook_id = webhook.id
    db.session.commit()
    log_event("webhook_created", webhook=webhook_id)
    return shown


def _new_page(form: NewWebhookForm) -> str:
    return render_template("webhooks/new_webhook.html", form=form, allows_private=_allows_private())


@blueprint.get("/<int:webhook_id>")
@allowed(Action.KEEP_WEBHOOKS)
def show_webhook(webhook_id: int) -> ResponseReturnValue:
    webhook = _webhook_or_404(webhook_id)
    view = ListParams("webhooks.show_webhook", request.args, path={"webhook_id": webhook_id})
    page = queries.list_deliveries(webhook_id, cursor=view.mark)
    return render_template("webhooks/show_webhook.html", webhook=webhook, page=page, view=view, labels=EVENTS)


@blueprint.get("/<int:webhook_id>/edit")
@allowed(Action.KEEP_WEBHOOKS)
def edit_webhook(webhook_id: int) -> ResponseReturnValue:
    webhook = _webhook_or_404(webhook_id)
    return _edit_page(ChangeWebhookForm(obj=webhook), webhook)


@blueprint.post("/<int:webhook_id>/edit")
@allowed(Action.KEEP_WEBHOOKS)
@refillable()
def change_webhook(webhook_id: int) -> ResponseReturnValue:
    webhook = _webhook_or_404(webhook_id)
    form = ChangeWebhookForm(obj=webhook)
    if not form.validate():
        return _edit_page(form, webhook), 422
    version = int(form.version.data or 0)
    try:
        operations.change_webhook(
            webhook, stored_values(form), version=version, allow_private=_allows_private(), by=current_user
        )
    except DomainError as error:
        db.session.rollback()
        show_refusal(form, error)
        return _edit_page(form, webhook), 422
    db.session.commit()
    log_event("webhook_changed", webhook=webhook_id)
    return Answer("Webhook saved.", _place_of(webhook_id)).give()


def _edit_page(form: ChangeWebhookForm, webhook: Webhook) -> str:
    return render_template("webhooks/edit_webhook.html", form=form, webhook=webhook)


@blueprint.post("/<int:webhook_id>/pause")
@allowed(Action.KEEP_WEBHOOKS)
def pause_webhook(webhook_id: int) -> ResponseReturnValue:
    return _settle(webhook_id, operations.pause_webhook, "Webhook paused. Nothing is sent until you resume it.")


@blueprint.post("/<int:webhook_id>/resume")
@allowed(Action.KEEP_WEBHOOKS)
def resume_webhook(webhook_id: int) -> ResponseReturnValue:
    skip = request.form.get("skip_missed") == "1"
    text = "Webhook resumed. It gets events from now on." if skip else "Webhook resumed. Missed events are being sent."
    return _settle(webhook_id, lambda webhook, *, by: operations.resume_webhook(webhook, skip_missed=skip, by=by), text)


def _settle(webhook_id: int, settle: Callable[..., None], text: str) -> ResponseReturnValue:
    webhook = _webhook_or_404(webhook_id)
    settle(webhook, by=current_user)
    is_active = webhook.is_active
    db.session.commit()
    log_event("webhook_settled", webhook=webhook_id, is_active=is_active)
    return Answer(text, _place_of(webhook_id)).give()


@blueprint.post("/<int:webhook_id>/remove")
@allowed(Action.KEEP_WEBHOOKS)
def remove_webhook(webhook_id: int) -> ResponseReturnValue:
    webhook = _webhook_or_404(webhook_id)
    operations.remove_webhook(webhook, by=current_user)
    answer = Answer(f"Webhook to {webhook.url} deleted.", url_for("webhooks.list_webhooks"))
    db.session.commit()
    log_event("webhook_removed", webhook=webhook_id)
    return answer.give()


@blueprint.post("/<int:webhook_id>/deliveries/<int:delivery_id>/replay")
@allowed(Action.KEEP_WEBHOOKS)
def replay_delivery(webhook_id: int, delivery_id: int) -> ResponseReturnValue:
    webhook = _webhook_or_404(webhook_id)
    delivery = queries.get_delivery(webhook_id, delivery_id) or abort(404)
    with refusals_shown_at(_place_of(webhook_id)):
        operations.replay_delivery(delivery, by=current_user)
    when = "will be sent again in a few seconds" if webhook.is_active else "will be sent when you resume the webhook"
    answer = Answer(f"Message {delivery_id} {when}.", _place_of(webhook_id))
    db.session.commit()
    log_event("webhook_replayed", webhook=webhook_id, delivery=delivery_id)
    return answer.give()


def _webhook_or_404(webhook_id: int) -> Webhook:
    return queries.get_webhook(webhook_id) or abort(404)


def _place_of(webhook_id: int) -> str:
    return url_for("webhooks.show_webhook", webhook_id=webhook_id)


def _allows_private() -> bool:
    return bool(current_app.config["WEBHOOK_PRIVATE_ADDRESSES"])
