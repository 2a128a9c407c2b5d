"""From the change feed to delivered messages.

Any number of workers run this at once. A webhook's row is locked while its cursor advances, and others skip it
meanwhile; a delivery belongs to whoever claimed it until its lease ends. All times are the database's.
"""

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, literal, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased, contains_eager, undefer

from crm_web.core.extensions import db
from crm_web.core.sealing import WrongKey, read
from crm_web.history.feed.queries import ChangeCursor, cursor_of, list_changes_after
from crm_web.history.schemas import Change as ChangeAnswer
from crm_web.models import DeliveryState, PauseReason, Webhook, WebhookDelivery
from crm_web.records.retention import delete_portion
from crm_web.webhooks.delivery.http_client import Outcome
from crm_web.webhooks.events import name_event

log = logging.getLogger(__name__)

READ_AT_ONCE = 500
MOST_WAITING = 1000
"""So many messages of one webhook wait at most; the rest of the feed waits in the feed."""
EACH_AT_ONCE = 4
"""So many messages of one webhook are claimed at a time, so that a slow receiver leaves room for the others."""
LEASE = timedelta(minutes=2)
"""Longer than the slowest message can take."""
PAUSES = tuple(timedelta(seconds=s) for s in (10, 60, 300, 1800, 7200, 21600, 86400))
PATIENCE = timedelta(days=3)
KEPT_FOR = timedelta(days=30)
GONE = 410


@dataclass(frozen=True)
class PendingDelivery:
    """A claimed delivery with everything needed to send it.

    :param attempt: the number of this attempt, from 1
    :param secret: signs it; ``None`` if it was sealed with another key
    :param timestamp: of sending, in seconds since 1970, by the database's clock
    :param body: the JSON, equal for all attempts
    :param lease_ends_at: when it may be claimed by somebody else
    """

    delivery_id: int
    webhook_id: int
    event: str
    attempt: int
    url: str
    secret: bytes | None
    timestamp: int
    body: bytes
    lease_ends_at: datetime

    @property
    def message_id(self) -> str:
        """The id by which a receiver recognizes repeated messages."""
        return f"msg_{self.delivery_id}"


def list_followers() -> Sequence[int]:
    """List the ids of the active webhooks."""
    active = select(Webhook.id).where(Webhook.paused_at.is_(None), Webhook.removed_at.is_(None))
    return db.session.scalars(active.order_by(Webhook.id)).all()


def fan_out(webhook_id: int) -> bool:
    """Turn the next changes of the feed into deliveries for a webhook; commit them together with its cursor.

    :return: whether there is more to do for it
    """
    mine = select(Webhook).where(Webhook.id == webhook_id, Webhook.paused_at.is_(None), Webhook.removed_at.is_(None))
    mine = mine.options(undefer(Webhook.mark_xact), undefer(Webhook.mark_change_id))
    locked = mine.with_for_update(key_share=True, skip_locked=True).execution_options(populate_existing=True)
    webhook = db.session.scalar(locked)
    if webhook is None or _count_waiting(webhook_id) >= MOST_WAITING:
        return False
    changes = list_changes_after(ChangeCursor(webhook.mark_xact, webhook.mark_change_id), limit=READ_AT_ONCE)
    if not changes:
        return False
    events = [(change.id, event) for change in changes if (event := name_event(change, webhook.events))]
    if events:
        rows = [{"webhook_id": webhook_id, "change_id": change_id, "event": event} for change_id, event in events]
        db.session.execute(insert(WebhookDelivery).values(rows).on_conflict_do_nothing())
    cursor = cursor_of(changes[-1])
    moved = update(Webhook).where(Webhook.id == webhook_id)
    moved = moved.values(mark_xact=cursor.xact, mark_change_id=cursor.change_id)
    db.session.execute(moved.execution_options(synchronize_session=False))
    return len(changes) == READ_AT_ONCE


def _count_waiting(webhook_id: int) -> int:
    waiting = select(WebhookDelivery.id).where(
        WebhookDelivery.webhook_id == webhook_id, WebhookDelivery.state == DeliveryState.WAITING
    )
    return db.session.scalar(select(func.count()).select_from(waiting.limit(MOST_WAITING).subquery())) or 0


def claim_deliveries(limit: int) -> list[PendingDelivery]:
    """Claim due deliveries, some of each webhook; they are the caller's until their leases end once it has
    committed.
    """
    # Materialised, it is looked for once only, whatever the planner makes of the update around it.
    chosen = _select_due(limit).cte("chosen").prefix_with("MATERIALIZED")
    claimed = (
        update(WebhookDelivery)
        .where(WebhookDelivery.id.in_(select(chosen.c.id)))
        .values(lease_ends_at=func.now() + LEASE, attempts=WebhookDelivery.attempts + 1, tried_at=func.now())
        .returning(WebhookDelivery.id, func.now(), func.now() + LEASE)
        .execution_options(synchronize_session=False)
    )
    rows = db.session.execute(claimed).all()
    if not rows:
        return []
    _, claimed_at, lease_ends_at = rows[0]
    return [_build_delivery(one, claimed_at, lease_ends_at) for one in _load_with_change([row.id for row in rows])]


def _select_due(limit: int) -> Select[tuple[int]]:
    due = aliased(WebhookDelivery)
    of_one = (
        select(due.id)
        .where(due.webhook_id == Webhook.id, due.state == DeliveryState.WAITING, due.next_try_at <= func.now())
        .where(due.lease_ends_at.is_(None) | (due.lease_ends_at < func.now()))
        .order_by(due.next_try_at, due.id)
        .limit(EACH_AT_ONCE)
        .with_for_update(key_share=True, skip_locked=True)
        .correlate(Webhook)
        .lateral("due")
    )
    some = select(of_one.c.id).select_from(Webhook).join(of_one, true())
    return some.where(Webhook.paused_at.is_(None), Webhook.removed_at.is_(None)).limit(limit)


def _load_with_change(ids: Sequence[int]) -> Sequence[WebhookDelivery]:
    query = (
        select(WebhookDelivery)
        .where(WebhookDelivery.id.in_(ids))
        .join(WebhookDelivery.webhook)
        .join(WebhookDelivery.change)
        .options(
            contains_eager(WebhookDelivery.webhook).undefer(Webhook.secret).undefer(Webhook.sealed_secret),
            contains_eager(WebhookDelivery.change),
        )
        .order_by(WebhookDelivery.id)
        .execution_options(populate_existing=True)
    )
    return db.session.scalars(query).all()


def _read_secret(webhook: Webhook) -> bytes | None:
    try:
        return read(webhook)
    except WrongKey as error:
        log.warning("messages of webhook %s can't be signed: %s", webhook.id, error)
        return None


def _build_delivery(delivery: WebhookDelivery, claimed_at: datetime, lease_ends_at: datetime) -> PendingDelivery:
    change = ChangeAnswer.model_validate(delivery.change).model_dump(mode="json")
    payload = {
        "type": delivery.event,
        "timestamp": change["at"],
        "webhook_id": delivery.webhook_id,
        "data": change,
    }
    return PendingDelivery(
        delivery_id=delivery.id,
        webhook_id=delivery.webhook_id,
        event=delivery.event,
        attempt=delivery.attempts,
        url=delivery.webhook.url,
        secret=_read_secret(delivery.webhook),
        timestamp=int(claimed_at.timestamp()),
        body=json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(),
        lease_ends_at=lease_ends_at,
    )


def record_result(pending: PendingDelivery, outcome: Outcome) -> bool:
    """Record the result of a delivery: delivered, to be retried, or failed.

    :return: false if the lease had ended and somebody else has claimed it: then nothing is recorded
    """
    is_delivered = outcome.error is None
    pause = next(iter(PAUSES[pending.attempt - 1 :]), None) if outcome.status != GONE else None
    if is_delivered:
        state, again = DeliveryState.DELIVERED, None
    elif pause is None:
        state, again = DeliveryState.FAILED, None
    else:
        state, again = DeliveryState.WAITING, func.now() + pause
    noted = (
        update(WebhookDelivery)
        .where(WebhookDelivery.id == pending.delivery_id, WebhookDelivery.lease_ends_at == pending.lease_ends_at)
        .values(
            state=state,
            next_try_at=again,
            lease_ends_at=None,
            status=outcome.status,
            error=outcome.error,
            took_ms=outcome.took_ms,
        )
        .returning(WebhookDelivery.id)
        .execution_options(synchronize_session=False)
    )
    return db.session.scalar(noted) is not None


def update_health(outcomes: Iterable[tuple[PendingDelivery, Outcome]]) -> Sequence[int]:
    """Record which webhooks work and which fail; pause those that failed for days or whose receiver is gone.

    :return: the ids of the webhooks that were paused
    """
    # Of those that came back together, one that was delivered shows that the webhook works.
    worst_first = sorted(outcomes, key=lambda one: one[1].error is None)
    telling = {pending.webhook_id: outcome for pending, outcome in worst_first}
    paused: list[int] = []
    for webhook_id, outcome in sorted(telling.items(), key=lambda one: one[0]):
        works = outcome.error is None
        is_news = Webhook.first_failed_at.is_not(None) if works else Webhook.first_failed_at.is_(None)
        _update(webhook_id, is_news, first_failed_at=None if works else func.now())
        is_gone = outcome.status == GONE
        if not works:
            is_over = literal(True) if is_gone else Webhook.first_failed_at < func.now() - PATIENCE
            reason = PauseReason.GONE if is_gone else PauseReason.FAILING
            condition = Webhook.paused_at.is_(None) & is_over
            paused += _update(webhook_id, condition, paused_at=func.now(), paused_because=reason)
    return paused


def _update(webhook_id: int, condition: ColumnElement[bool], **values: object) -> Sequence[int]:
    changed = update(Webhook).where(Webhook.id == webhook_id, condition).values(**values).returning(Webhook.id)
    return db.session.scalars(changed.execution_options(synchronize_session=False)).all()


def delete_expired_deliveries() -> bool:
    """Delete some of the deliveries that are old or belong to a removed webhook, and removed webhooks that have none
    left.
    """
    is_removed = WebhookDelivery.webhook_id.in_(select(Webhook.id).where(Webhook.removed_at.is_not(None)))
    is_old = (WebhookDelivery.created_at < func.now() - KEPT_FOR) & (WebhookDelivery.state != DeliveryState.WAITING)
    has_more = [delete_portion(WebhookDelivery, condition) for condition in (is_old, is_removed)]
    is_empty = ~select(WebhookDelivery.id).where(WebhookDelivery.webhook_id == Webhook.id).exists()
    delete_portion(Webhook, Webhook.removed_at.is_not(None), is_empty)
    return any(has_more)
