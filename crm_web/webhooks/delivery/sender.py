"""
The sender: turns what changed into messages and sends them, until it is told to stop.

It runs as `flask webhooks deliver`, or on a thread of `make run`, which has all of the program in memory anyway; any
number of them at once. What one that is killed was sending, another sends again when the lease ends.
"""

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event

from click import ClickException
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.webhooks.delivery import operations as operations
from crm_web.webhooks.delivery.http_client import Outcome, post
from crm_web.webhooks.delivery.operations import PendingDelivery
from crm_web.webhooks.signing import sign

AT_ONCE = 8
LOOKS_EVERY = 1.0
SWEEPS_EVERY = 60.0
WAITS_AFTER_TROUBLE = 5.0

log = logging.getLogger(__name__)


class Sender:
    """
    One sender.

    :param app: the application whose webhooks it serves
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.allow_private: bool = app.config["WEBHOOK_PRIVATE_ADDRESSES"]
        self.is_stopped = Event()
        self._under_way: dict[Future[Outcome], PendingDelivery] = {}
        self._looks_at = self._sweeps_at = 0.0

    def stop(self) -> None:
        """Let it end what is under way, and nothing more."""
        self.is_stopped.set()

    def run(self, *, once: bool = False) -> None:
        """
        Send.

        :param once: end as soon as nothing is due, rather than wait for more
        """
        with self.app.app_context(), ThreadPoolExecutor(AT_ONCE, "webhooks") as pool:
            while not self._is_done():
                try:
                    is_idle = self._go_round(pool)
                except Exception as error:
                    db.session.rollback()
                    # What is under way is noted as soon as the database is back, or sent again when its lease ends.
                    if once:
                        raise
                    log.warning("the round broke off", exc_info=None if _is_trouble(error) else error)
                    if self.is_stopped.is_set():
                        break
                    self.is_stopped.wait(WAITS_AFTER_TROUBLE)
                else:
                    if once and is_idle:
                        break
                    if is_idle:
                        self.is_stopped.wait(LOOKS_EVERY)

    def _is_done(self) -> bool:
        return self.is_stopped.is_set() and not self._under_way

    def _go_round(self, pool: ThreadPoolExecutor) -> bool:
        """Read the feed, claim, send, note; tells whether there was nothing to do."""
        deliveries: list[PendingDelivery] = []
        if not self.is_stopped.is_set():
            self._read_feed()
            room = AT_ONCE - len(self._under_way)
            deliveries = operations.claim_deliveries(room) if room else []
            db.session.commit()
        for pending in deliveries:
            self._under_way[pool.submit(self._send, pending)] = pending
        self._note()
        # A feed that was left with more in it is looked at again at once.
        return not deliveries and not self._under_way and self._looks_at > 0

    def _read_feed(self) -> None:
        now = time.monotonic()
        if now >= self._sweeps_at and not operations.delete_expired():
            self._sweeps_at = now + SWEEPS_EVERY
        db.session.commit()
        if now < self._looks_at:
            return
        has_more = False
        for webhook_id in operations.list_followers():
            has_more |= operations.fan_out(webhook_id)
            db.session.commit()
        self._looks_at = 0.0 if has_more else now + LOOKS_EVERY

    def _send(self, pending: PendingDelivery) -> Outcome:
        headers = sign(pending.secret, pending.message_id, pending.timestamp, pending.body)
        try:
            return post(pending.url, headers, pending.body, allow_private=self.allow_private)
        except Exception:
            # One message that breaks the program must not keep the others from being sent.
            log.exception("message %s was not sent", pending.delivery_id)
            return Outcome(None, "Something broke on our side.", 0)

    def _note(self) -> None:
        if not self._under_way:
            return
        done, _ = wait(self._under_way, timeout=LOOKS_EVERY, return_when=FIRST_COMPLETED)
        outcomes = [(self._under_way[future], future.result()) for future in done]
        for pending, outcome in outcomes:
            operations.record_result(pending, outcome)
        paused = operations.update_health(outcomes)
        db.session.commit()
        for future in done:
            del self._under_way[future]
        for pending, outcome in outcomes:
            _tell(pending, outcome)
        for webhook_id in paused:
            log_event("webhook_paused", webhook=webhook_id)


def _is_trouble(error: Exception) -> bool:
    """Whether it is about the database, which comes back, rather than about the program."""
    return isinstance(error, SQLAlchemyError | ClickException)


def _tell(pending: PendingDelivery, outcome: Outcome) -> None:
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
