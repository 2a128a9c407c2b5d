"""Runs jobs until it is told to stop, or once.

Any number of workers may run on one database: each job takes only what no other worker has locked. A job that fails is
logged and tried again later; the others go on. So a database that is away is waited for.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread

from click import ClickException
from flask import Flask
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from crm_web.core.errors import DomainError
from crm_web.core.extensions import db
from crm_web.core.tracing import trace_job
from crm_web.worker.run_counter import RunCounter

PAUSE_AFTER_FAILURE = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """Something to be done again and again.

    :param run: does a portion of what is due, which the worker commits; true if more is due at once
    :param every: seconds to wait when nothing more is due
    :param thread: jobs of one thread run in turn; one that takes long needs a thread of its own
    """

    name: str
    run: Callable[[], bool]
    every: float
    finish: Callable[[], object] = lambda: None
    thread: str = "housekeeping"
    counter: RunCounter = field(default_factory=RunCounter, compare=False)


class Worker:
    """One worker."""

    def __init__(self, app: Flask, jobs: Sequence[Job]) -> None:
        self.app = app
        self.jobs = jobs
        self._is_stopped = Event()

    def stop(self) -> None:
        """Let it finish what is under way, and begin nothing more."""
        self._is_stopped.set()

    def run(self) -> None:
        """Work until somebody calls ``stop``."""
        names = sorted({job.thread for job in self.jobs})
        threads = [Thread(target=self._repeat, args=(name,), name=f"worker-{name}", daemon=True) for name in names]
        for thread in threads:
            thread.start()
        self._is_stopped.wait()
        for thread in threads:
            thread.join()

    def run_once(self) -> list[str]:
        """Do what is due now."""
        failed = []
        with self.app.app_context():
            for job in self.jobs:
                has_more: bool | None = True
                while has_more and not self._is_stopped.is_set():
                    has_more = _run(job)
                if _attempt(job, job.finish) is None or has_more is None:
                    failed.append(job.name)
        return failed

    def _repeat(self, thread: str) -> None:
        due_at = {job: 0.0 for job in self.jobs if job.thread == thread}
        with self.app.app_context():
            while not self._is_stopped.is_set():
                job = min(due_at, key=due_at.__getitem__)
                if not self._is_stopped.wait(max(0.0, due_at[job] - time.monotonic())):
                    pause = _pause_after(job, _run(job))
                    due_at[job] = time.monotonic() + pause
            for job in due_at:
                _attempt(job, job.finish)


def _run(job: Job) -> bool | None:
    """Do a portion and count it; whether more is due, ``None`` where it failed."""
    began = time.monotonic()
    with trace_job(job.name) as trace:
        has_more = _attempt(job, job.run)
        trace.is_idle, trace.has_failed = has_more is False, has_more is None
    job.counter.note(time.monotonic() - began, has_failed=has_more is None)
    return has_more


def _attempt(job: Job, step: Callable[[], object]) -> bool | None:
    """Whether more is due; ``None`` where it failed."""
    try:
        has_more = bool(step())
        db.session.commit()
    except Exception as error:
        db.session.rollback()
        # Of a database or file store that is away one line is enough; anything else is a fault of the program.
        is_away = isinstance(error, ClickException | DomainError | InterfaceError | OperationalError | PoolTimeout)
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        log.warning("job %s failed: %s", job.name, reason, exc_info=None if is_away else error)
        return None
    return has_more


def _pause_after(job: Job, has_more: bool | None) -> float:
    if has_more is None:
        return max(job.every, PAUSE_AFTER_FAILURE)
    return 0.0 if has_more else job.every
