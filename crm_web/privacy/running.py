"""The worker's part: erase those who wait for it, one at a time.

Only one worker erases. Whatever is erased is so in one transaction; what a killed worker began is begun anew.
"""

import time

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_web.auth.permissions import REFUSALS, Action, may
from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.request_log import log_event
from crm_web.imports.turns import ImportRunning
from crm_web.models import Erasure, ErasureState
from crm_web.privacy.operations import erase_person, take_erasing_turn

POLL_SECONDS = 1.0
MOST_ATTEMPTS = 3
NOTED_EVERY = 0.5
GAVE_UP = "The worker failed at this three times. Try again, or look at its log."


class NotAllowedAnymore(DomainError):
    """Whoever asked for the erasure may not erase by now."""


class ErasureRunner:
    """Takes one erasure that waits for the worker at a time."""

    def run(self) -> bool:
        """Erase one person; returns whether there was one to erase."""
        erasure = _claim_erasure()
        if erasure is None:
            return False
        attempts = _note(erasure.id, is_waiting=True, attempts=Erasure.attempts + 1, searched=0, to_search=0)
        if attempts is None:
            # It was canceled just now.
            return True
        if attempts > MOST_ATTEMPTS:
            _fail(erasure, GAVE_UP)
            return True
        try:
            with db.session.begin_nested():
                _check_allowed(erasure)
                erase_person(erasure, ProgressNotes(erasure.id))
        except ImportRunning:
            _note(erasure.id, attempts=0)
            return False
        except DomainError as error:
            _fail(erasure, error.message)
            return True
        log_event("person_erased", erasure_id=erasure.id)
        return True


def _claim_erasure() -> Erasure | None:
    due = select(Erasure).where(Erasure.state == ErasureState.WAITING).order_by(Erasure.id).limit(1)
    if db.session.scalar(due) is None or not take_erasing_turn():
        return None
    # Another worker may just have ended.
    return db.session.scalar(due.execution_options(populate_existing=True))


def _fail(erasure: Erasure, problem: str) -> None:
    db.session.refresh(erasure)
    erasure.state, erasure.problem = ErasureState.FAILED, problem
    db.session.flush()


def _check_allowed(erasure: Erasure) -> None:
    by = erasure.erased_by
    if by is None or not (by.is_active and may(by, Action.PURGE)):
        raise NotAllowedAnymore(f"Whoever asked for this can’t erase people any more. {REFUSALS[Action.PURGE]}")


class ProgressNotes:
    """Notes how far the search of history is, in transactions of its own."""

    def __init__(self, erasure_id: int) -> None:
        self._erasure_id = erasure_id
        self._noted_at = float("-inf")

    def __call__(self, done: int, total: int) -> None:
        if done == total or time.monotonic() - self._noted_at >= NOTED_EVERY:
            self._noted_at = time.monotonic()
            _note(self._erasure_id, searched=done, to_search=total)


def _note(erasure_id: int, *, is_waiting: bool = False, **values: object) -> int | None:
    """Write down how far it is.

    :param is_waiting: only if it is not canceled meanwhile
    :return: how often a worker began; ``None`` if it is canceled
    """
    note = update(Erasure).where(Erasure.id == erasure_id)
    note = note.where(Erasure.state == ErasureState.WAITING) if is_waiting else note
    note = note.values(seen_at=func.clock_timestamp(), **values)
    with Session(db.engine) as own, own.begin():
        return own.scalar(note.returning(Erasure.attempts))
