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

from crm_web.extensions import db
from crm_web.observe import log_event
from crm_web.webhooks import sending_operations as operations
from crm_web.webhooks.posting import Outcome, post
from crm_web.webhooks.sending_operations import Letter
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
        self._under_way: dict[Future[Outcome], Letter] = {}
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
        letters: list[Letter] = []
        if not self.is_stopped.is_set():
            self._read_feed()
            room = AT_ONCE - len(self._under_way)
            letters = operations.claim_letters(room) if room else []
            db.session.commit()
        for letter in letters:
            self._under_way[pool.submit(self._send, letter)] = letter
        self._note()
        # A feed that was left with more in it is looked at again at once.
        return not letters and not self._under_way and self._looks_at > 0

    def _read_feed(self) -> None:
        now = time.monotonic()
        if now >= self._sweeps_at and not operations.sweep():
            self._sweeps_at = now + SWEEPS_EVERY
        db.session.commit()
        if now < self._looks_at:
            return
        has_more = False
        for webhook_id in operations.list_followers():
            has_more |= operations.spread_changes(webhook_id)
            db.session.commit()
        self._looks_at = 0.0 if has_more else now + LOOKS_EVERY

    def _send(self, letter: Letter) -> Outcome:
        headers = sign(letter.secret, letter.message_id, letter.timestamp, letter.body)
        try:
            return post(letter.url, headers, letter.body, allow_private=self.allow_private)
        except Exception:
            # One message that breaks the program must not keep the others from being sent.
            log.exception("message %s was not sent", letter.delivery_id)
            return Outcome(None, "Something broke on our side.", 0)

    def _note(self) -> None:
        if not self._under_way:
            return
        done, _ = wait(self._under_way, timeout=LOOKS_EVERY, return_when=FIRST_COMPLETED)
        outcomes = [(self._under_way[future], future.result()) for future in done]
        for letter, outcome in outcomes:
            operations.settle(letter, outcome)
        paused = operations.judge_webhooks(outcomes)
        db.session.commit()
        for future in done:
            del self._under_way[future]
        for letter, outcome in outcomes:
            _tell(letter, outcome)
        for webhook_id in paused:
            log_event("webhook_paused", webhook=webhook_id)


def _is_trouble(error: Exception) -> bool:
    """Whether it is about the database, which comes back, rather than about the program."""
    return isinstance(error, SQLAlchemyError | ClickException)


def _tell(letter: Letter, outcome: Outcome) -> None:
    log_event(
        "webhook_delivery",
        webhook=letter.webhook_id,
        delivery=letter.delivery_id,
        type=letter.event,
        attempt=letter.attempt,
        status=outcome.status,
        ms=outcome.took_ms,
        error=outcome.error,
    )
