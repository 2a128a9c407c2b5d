"""Creating, changing, pausing and removing webhooks, and replaying a delivery."""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from crm_web.core.errors import Conflict, DomainError
from crm_web.core.extensions import db
from crm_web.core.sealing import keep
from crm_web.models import DeliveryState, Employee, PauseReason, Webhook, WebhookDelivery, set_audit_actor
from crm_web.records.operations import lock, lock_unchanged
from crm_web.webhooks.signing import show_secret
from crm_web.webhooks.ssrf_guard import NotAllowed, read_target

MOST_WEBHOOKS = 50
SECRET_BYTES = 32


class TooManyWebhooks(Conflict):
    """The maximum number of webhooks exists."""


class AddressNotAllowed(DomainError):
    """Messages may not go to this URL."""


class BeingSent(Conflict):
    """The message is being sent at this moment."""


def create_webhook(values: Mapping[str, Any], *, allow_private: bool, by: Employee) -> tuple[Webhook, str]:
    """Create a webhook, starting with events from now on.

    :return: the webhook and its secret, which is only shown now
    :raise TooManyWebhooks: if there is the maximum number
    """
    set_audit_actor(by)
    _check_address(values["url"], allow_private)
    count = db.session.scalar(select(func.count()).select_from(Webhook).where(Webhook.removed_at.is_(None)))
    if (count or 0) >= MOST_WEBHOOKS:
        raise TooManyWebhooks(f"You have {MOST_WEBHOOKS} webhooks, the maximum. Delete one first.")
    secret = secrets.token_bytes(SECRET_BYTES)
    webhook = Webhook(**values, **keep(secret))
    db.session.add(webhook)
    db.session.flush()
    return webhook, show_secret(secret)


def change_webhook(
    webhook: Webhook, values: Mapping[str, Any], *, version: int, allow_private: bool, by: Employee
) -> None:
    """Change URL, events or description of a webhook.

    :param values: those that change
    :param version: the version that the person saw
    :raise SavedMeanwhile: if somebody else saved it since
    """
    set_audit_actor(by)
    lock_unchanged(webhook, version)
    if "url" in values and values["url"] != webhook.url:
        _check_address(values["url"], allow_private)
    for name, value in values.items():
        setattr(webhook, name, value)
    db.session.flush()


def _check_address(url: str, allow_private: bool) -> None:
    try:
        read_target(url, allow_private=allow_private)
    except NotAllowed as error:
        raise AddressNotAllowed(str(error), "url") from error


def pause_webhook(webhook: Webhook, *, by: Employee) -> None:
    """Pause a webhook; one that is paused keeps its reason."""
    set_audit_actor(by)
    lock(webhook)
    if webhook.is_active:
        webhook.paused_at = func.now()
        webhook.paused_because = PauseReason.PERSON
        db.session.flush()


def resume_webhook(webhook: Webhook, *, skip_missed: bool, by: Employee) -> None:
    """Resume a webhook. Does nothing if it is active.

    :param skip_missed: skip events of the pause; deliveries that were due before are sent anyway
    """
    set_audit_actor(by)
    lock(webhook)
    if webhook.is_active:
        return
    webhook.paused_at = webhook.paused_because = webhook.first_failed_at = None
    if skip_missed:
        webhook.mark_xact = func.crm_settled_before()
        webhook.mark_change_id = 0
    db.session.flush()


def remove_webhook(webhook: Webhook, *, by: Employee) -> None:
    """Remove a webhook; the worker deletes its log in portions, then the webhook itself."""
    set_audit_actor(by)
    lock(webhook)
    webhook.removed_at = func.now()
    db.session.flush()


def replay_delivery(delivery: WebhookDelivery, *, by: Employee) -> None:
    """Send a message again with the same id; one that waits for its next attempt is sent at once.

    :raise BeingSent: if it is being sent at this moment
    """
    set_audit_actor(by)
    lock(delivery)
    if db.session.scalar(select(WebhookDelivery.lease_ends_at > func.now()).where(WebhookDelivery.id == delivery.id)):
        raise BeingSent("This message is being sent right now. Check again in a few seconds.")
    delivery.state = DeliveryState.WAITING
    delivery.next_try_at = func.now()
    delivery.lease_ends_at = None
    delivery.attempts = 0
    db.session.flush()
