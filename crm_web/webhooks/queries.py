"""What the pages of webhooks ask, and the API about them."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.lists.pagination import PAGE_SIZE, Page, Sort, load_page
from crm_web.models import Webhook, WebhookDelivery

_THERE = Webhook.removed_at.is_(None)


def list_webhooks(*, limit: int = 200) -> Sequence[Webhook]:
    """
    List the webhooks that are not removed, newest first.

    :param limit: how many at most
    :return: the webhooks, each with its author
    """
    query = select(Webhook).where(_THERE).options(joinedload(Webhook.author))
    return db.session.scalars(query.order_by(Webhook.id.desc()).limit(limit)).all()


def page_webhooks(*, cursor: str | None, size: int) -> Page:
    """
    Load one page of webhooks, newest first.

    :param cursor: where the page starts; ``None`` for the first
    :param size: webhooks a page
    :return: the page
    """
    newest_first = Sort(Webhook.id.expression, Webhook.id.expression, True)
    return load_page(select(Webhook).where(_THERE), newest_first, cursor=cursor, size=size)


def get_webhook(webhook_id: int) -> Webhook | None:
    """
    Load a webhook.

    :param webhook_id: its id
    :return: the webhook with its author; ``None`` where there is none, or it is removed
    """
    query = select(Webhook).where(Webhook.id == webhook_id, _THERE)
    return db.session.scalar(query.options(joinedload(Webhook.author)))


def list_deliveries(webhook_id: int, *, cursor: str | None, size: int = PAGE_SIZE) -> Page:
    """
    Load one page of what a webhook was sent, newest first.

    :param webhook_id: the webhook
    :param cursor: where the page starts; ``None`` for the first
    :param size: deliveries a page
    :return: the page, each delivery with the change that it tells
    """
    query = select(WebhookDelivery).where(WebhookDelivery.webhook_id == webhook_id)
    newest_first = Sort(WebhookDelivery.id.expression, WebhookDelivery.id.expression, True)
    return load_page(query.options(joinedload(WebhookDelivery.change)), newest_first, cursor=cursor, size=size)


def get_delivery(webhook_id: int, delivery_id: int) -> WebhookDelivery | None:
    """
    Load a delivery.

    :param webhook_id: the webhook that it must be of
    :param delivery_id: its id
    :return: the delivery; ``None`` where the webhook has no such one
    """
    query = select(WebhookDelivery).where(WebhookDelivery.id == delivery_id, WebhookDelivery.webhook_id == webhook_id)
    return db.session.scalar(query)
