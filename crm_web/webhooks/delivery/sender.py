"""The sender: turns what changed into messages and sends them, a round at a time, as a job of the worker.

What a worker that is killed was sending, another sends again when the lease ends.
"""

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.webhooks.delivery import operations
from crm_web.webhooks.delivery.http_client import Outcome, post
from crm_web.webhooks.delivery.operations import PendingDelivery
from crm_web.webhooks.signing import sign

AT_ONCE = 8
POLL_SECONDS = 1.0

log = logging.getLogger(__name__)


class Sender:
    """One sender."""

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        self._pool = ThreadPoolExecutor(AT_ONCE, "webhooks")
        self._under_way: dict[Future[Outcome], PendingDelivery] = {}
        self._reads_feed_at = 0.0

    def run(self) -> bool:
        """Read the feed, claim what is due, send it, and record the results that have come in."""
        self._read_feed()
        room = AT_ONCE - len(self._under_way)
        deliveries = operations.claim_deliveries(room) if room else []
        db.session.commit()
        for pending in deliveries:
            self._under_way[self._pool.submit(self._send, pending)] = pending
        self._record()
        # A feed that was left with more in it is read again at once.
        return bool(deliveries or self._under_way) or self._reads_feed_at == 0

    def finish(self) -> None:
        """Wait for what is being sent, and record its results."""
        while self._under_way:
            self._record()
        self._pool.shutdown()

    def _read_feed(self) -> None:
        now = time.monotonic()
        if now < self._reads_feed_at:
            return
        has_more = False
        for webhook_id in operations.list_followers():
            has_more |= operations.fan_out(webhook_id)
            db.session.commit()
        self._reads_feed_at = 0.0 if has_more else now + POLL_SECONDS

    def _send(self, pending: PendingDelivery) -> Outcome:
        if pending.secret is None:
            return Outcome(None, "Its secret can’t be read: SECRET_KEY was changed. Create a new webhook.", 0)
        headers = sign(pending.secret, pending.message_id, pending.timestamp, pending.body)
        try:
            return post(pending.url, headers, pending.body, allow_private=self.allow_private)
        except Exception:
            # One message that breaks the program must not keep the others from being sent.
            log.exception("message %s was not sent", pending.delivery_id)
            return Outcome(None, "Something went wrong.", 0)

    def _record(self) -> None:
        if not self._under_way:
            return
        done, _ = wait(self._under_way, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        outcomes = [(self._under_way[future], future.result()) for future in done]
        for pending, outcome in outcomes:
            operations.record_result(pending, outcome)
        paused = operations.update_health(outcomes)
        db.session.commit()
        for future in done:
            del self._under_way[future]
        for pending, outcome in outcomes:
            _log_delivery(pending, outcome)
        for webhook_id in paused:
            log_event("webhook_paused", webhook=webhook_id)


def _log_delivery(pending: PendingDelivery, outcome: Outcome) -> None:
    log_event(
        "webhook_delivery",
        webhook=pending.webhook_id,
        delivery=pending.delivery_id,
        type=pending.event,
        attempt=pending.attempt,
        status=outcome.status,
        ms=outcome.took_ms,
        error=outcome.error,
    )
