"""API endpoints for webhooks, for admins."""

from typing import Any

from flask import Response, abort, current_app, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from crm_web.api import blueprint, schemas
from crm_web.api.endpoint_docs import describe
from crm_web.api.http import read_body, read_query, replay_response, require_match, show, show_page, store_response
from crm_web.api.webhooks import schemas as webhook_schemas
from crm_web.auth.permissions import Action, allowed
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.core.sealing import read
from crm_web.core.security_headers import hide_secret
from crm_web.models import Webhook
from crm_web.webhooks import operations, queries
from crm_web.webhooks.signing import show_secret


@blueprint.get("/api/v1/webhooks")
@allowed(Action.KEEP_WEBHOOKS)
@describe("List webhooks", "webhooks", query=schemas.PageQuery, answers={200: webhook_schemas.WebhookPage})
def list_webhooks() -> ResponseReturnValue:
    """Newest first, including paused ones. Secrets are not included."""
    query = read_query(schemas.PageQuery)
    return show_page(webhook_schemas.Webhook, queries.page_webhooks(cursor=query.at, size=query.limit))


@blueprint.post("/api/v1/webhooks")
@allowed(Action.KEEP_WEBHOOKS)
@describe(
    "Create a webhook",
    "webhooks",
    body=webhook_schemas.NewWebhook,
    answers={201: webhook_schemas.MadeWebhook},
    refuses={409: "The maximum number of webhooks is reached."},
    is_once=True,
)
def create_webhook() -> ResponseReturnValue:
    """Sends events from now on as a JSON POST with type, timestamp, webhook_id and the change as data. Messages not
    answered with 2xx within 15 seconds are retried for about a day. Messages can arrive twice, with the same
    webhook-id, and out of order. The secret is only in this answer, and in its repetition for the same
    Idempotency-Key.
    """
    if answer := replay_response():
        return _with_secret(answer)
    values = read_body(webhook_schemas.NewWebhook).values()
    webhook, _ = operations.create_webhook(values, allow_private=_allows_private(), by=current_user)
    shown = webhook_schemas.Webhook.model_validate(webhook).model_dump() | {"secret": None}
    place = url_for("api.read_webhook", webhook_id=webhook.id)
    answer = store_response(show(webhook_schemas.MadeWebhook, shown, 201, location=place))
    webhook_id, answer = webhook.id, _with_secret(answer)
    db.session.commit()
    log_event("webhook_created", webhook=webhook_id)
    return answer


def _with_secret(answer: Response) -> Response:
    """The secret stands where messages are signed with it, and not a second time among the answers that are kept."""
    made = webhook_schemas.MadeWebhook.model_validate_json(answer.get_data())
    webhook = queries.get_webhook(made.id)
    made.secret = show_secret(read(webhook)) if webhook else None
    answer.set_data(made.model_dump_json())
    return hide_secret(answer)


@blueprint.get("/api/v1/webhooks/<int:webhook_id>")
@allowed(Action.KEEP_WEBHOOKS)
@describe("Get a webhook", "webhooks", query=schemas.FieldsQuery, answers={200: webhook_schemas.Webhook})
def read_webhook(webhook_id: int) -> ResponseReturnValue:
    """Shows whether it is paused, why, and since when deliveries have failed."""
    read_query(schemas.FieldsQuery)
    return show(webhook_schemas.Webhook, _webhook_or_404(webhook_id))


@blueprint.patch("/api/v1/webhooks/<int:webhook_id>")
@allowed(Action.KEEP_WEBHOOKS)
@describe(
    "Update, pause or resume a webhook",
    "webhooks",
    body=webhook_schemas.WebhookChange,
    answers={200: webhook_schemas.Webhook},
    needs_match=True,
)
def change_webhook(webhook_id: int) -> ResponseReturnValue:
    """A resumed webhook gets the events it missed unless you skip them."""
    webhook = _webhook_or_404(webhook_id)
    require_match(webhook.version)
    values = read_body(webhook_schemas.WebhookChange).values()
    is_active, skip_missed = values.pop("is_active", None), values.pop("skip_missed", False)
    operations.change_webhook(
        webhook, values, version=webhook.version, allow_private=_allows_private(), by=current_user
    )
    _switch(webhook, is_active, skip_missed)
    answer = show(webhook_schemas.Webhook, webhook)
    db.session.commit()
    log_event("webhook_changed", webhook=webhook_id)
    return answer


def _switch(webhook: Webhook, is_active: Any, skip_missed: bool) -> None:
    if is_active:
        operations.resume_webhook(webhook, skip_missed=skip_missed, by=current_user)
    elif is_active is False:
        operations.pause_webhook(webhook, by=current_user)


@blueprint.delete("/api/v1/webhooks/<int:webhook_id>")
@allowed(Action.KEEP_WEBHOOKS)
@describe("Delete a webhook and its log", "webhooks", answers={204: None}, needs_match=True)
def remove_webhook(webhook_id: int) -> ResponseReturnValue:
    """This can’t be undone. To pause it instead, set is_active to false."""
    webhook = _webhook_or_404(webhook_id)
    require_match(webhook.version)
    operations.remove_webhook(webhook, by=current_user)
    db.session.commit()
    log_event("webhook_removed", webhook=webhook_id)
    return Response(status=204)


@blueprint.get("/api/v1/webhooks/<int:webhook_id>/deliveries")
@allowed(Action.KEEP_WEBHOOKS)
@describe(
    "List a webhook’s messages",
    "webhooks",
    query=schemas.PageQuery,
    answers={200: webhook_schemas.DeliveryPage},
)
def list_deliveries(webhook_id: int) -> ResponseReturnValue:
    """Newest first. Messages older than 30 days are deleted."""
    _webhook_or_404(webhook_id)
    query = read_query(schemas.PageQuery)
    return show_page(webhook_schemas.Delivery, queries.list_deliveries(webhook_id, cursor=query.at, size=query.limit))


@blueprint.post("/api/v1/webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/replay")
@allowed(Action.KEEP_WEBHOOKS)
@describe(
    "Send a message again",
    "webhooks",
    answers={200: webhook_schemas.Delivery},
    refuses={409: "The message is being sent right now."},
    is_once=True,
)
def replay_delivery(webhook_id: int, delivery_id: int) -> ResponseReturnValue:
    """Uses the same webhook-id. A message waiting for its next attempt is sent right away."""
    _webhook_or_404(webhook_id)
    delivery = queries.get_delivery(webhook_id, delivery_id) or abort(404)
    if answer := replay_response():
        return answer
    operations.replay_delivery(delivery, by=current_user)
    answer = store_response(show(webhook_schemas.Delivery, delivery))
    db.session.commit()
    log_event("webhook_replayed", webhook=webhook_id, delivery=delivery_id)
    return answer


def _webhook_or_404(webhook_id: int) -> Webhook:
    return queries.get_webhook(webhook_id) or abort(404)


def _allows_private() -> bool:
    return bool(current_app.config["WEBHOOK_PRIVATE_ADDRESSES"])
