"""Queries for webhooks and their deliveries."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import PAGE_SIZE, Page, load_page
from crm_web.models import Webhook, WebhookDelivery

_THERE = Webhook.removed_at.is_(None)


def list_webhooks(*, limit: int = 200) -> Sequence[Webhook]:
    """List the webhooks with their authors, newest first."""
    query = select(Webhook).where(_THERE).options(joinedload(Webhook.author))
    return db.session.scalars(query.order_by(Webhook.id.desc()).limit(limit)).all()


def page_webhooks(*, cursor: str | None, size: int) -> Page:
    """Load a page of webhooks, newest first."""
    newest_first = Sort(Webhook.id.expression, Webhook.id.expression, True)
    return load_page(select(Webhook).where(_THERE), newest_first, cursor=cursor, size=size)


def get_webhook(webhook_id: int) -> Webhook | None:
    """Find a webhook with its author; ``None`` if it is removed."""
    query = select(Webhook).where(Webhook.id == webhook_id, _THERE)
    return db.session.scalar(query.options(joinedload(Webhook.author)))


def list_deliveries(webhook_id: int, *, cursor: str | None, size: int = PAGE_SIZE) -> Page:
    """Load a page of a webhook's deliveries with their changes, newest first."""
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    newest_first = Sort(WebhookDelivery.id.expression, WebhookDelivery.id.expression, True)
    return load_page(query.options(joinedload(WebhookDelivery.change)), newest_first, cursor=cursor, size=size)


def get_delivery(webhook_id: int, delivery_id: int) -> WebhookDelivery | None:
    """Find a delivery of a webhook."""
    query = select(WebhookDelivery).where(WebhookDelivery.id == delivery_id, WebhookDelivery.webhook_id == webhook_id)
    return db.session.scalar(query)
