"""The signs of life by which pages know whether there is a worker, and operators what its jobs do.

They are kept in the database, so that the worker needs no port of its own, every web instance can show them, and
neither a restart nor another worker begins to count anew.
"""

import time
from collections.abc import Sequence

from sqlalchemy import func, text
from sqlalchemy.dialects.postgresql import insert

from crm_web.core.extensions import db
from crm_web.models import WorkerHeartbeat
from crm_web.worker.runner import Job

BEAT_SECONDS = 10.0
# The times are given as ages: the clock of this machine may differ from the database's. In the order of their names, so
# that two workers never wait for each other.
_ADD_UP = text("""
    INSERT INTO worker_jobs (name, period_ms, runs, failures, took_ms, ran_at, succeeded_at)
    SELECT name, period * 1000, runs, failures, seconds * 1000, now() - make_interval(secs => ran_ago),
        now() - make_interval(secs => succeeded_ago)
    FROM unnest(CAST(:name AS text[]), CAST(:period AS float8[]), CAST(:runs AS bigint[]), CAST(:failures AS bigint[]),
            CAST(:seconds AS float8[]), CAST(:ran_ago AS float8[]), CAST(:succeeded_ago AS float8[]))
        AS given (name, period, runs, failures, seconds, ran_ago, succeeded_ago)
    ORDER BY name
    ON CONFLICT (name) DO UPDATE SET period_ms = excluded.period_ms, runs = worker_jobs.runs + excluded.runs,
        failures = worker_jobs.failures + excluded.failures, took_ms = worker_jobs.took_ms + excluded.took_ms,
        ran_at = greatest(worker_jobs.ran_at, excluded.ran_at),
        succeeded_at = greatest(worker_jobs.succeeded_at, excluded.succeeded_at)
""")
_FORGET_OTHERS = text("DELETE FROM worker_jobs WHERE name <> ALL (:names) AND ran_at < now() - interval '1 day'")


class Heartbeat:
    """Notes that a worker is at work, and what its jobs have done since the last time.

    :param jobs: those that are counted
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs

    def run(self) -> bool:
        """Write it down; there is never more to do."""
        beat = insert(WorkerHeartbeat).values(id=1, seen_at=func.clock_timestamp())
        db.session.execute(beat.on_conflict_do_update(index_elements=["id"], set_={"seen_at": func.clock_timestamp()}))
        counted = [(job, runs) for job in self._jobs if (runs := job.counter.read()).count]
        now = time.monotonic()
        given = {
            "name": [job.name for job, _ in counted],
            "period": [job.every for job, _ in counted],
            "runs": [runs.count for _, runs in counted],
            "failures": [runs.failures for _, runs in counted],
            "seconds": [runs.seconds for _, runs in counted],
            "ran_ago": [now - runs.ran_at for _, runs in counted],
            "succeeded_ago": [None if runs.succeeded_at is None else now - runs.succeeded_at for _, runs in counted],
        }
        db.session.execute(_ADD_UP, given)
        # Jobs that are no longer in this release.
        db.session.execute(_FORGET_OTHERS, {"names": [job.name for job in self._jobs]})
        db.session.commit()
        for job, runs in counted:
            job.counter.take_off(runs)
        return False
