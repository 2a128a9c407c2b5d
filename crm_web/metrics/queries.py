"""Counting what waits for the worker, and what its jobs have done."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, text

from crm_web.core.config import current_settings
from crm_web.core.extensions import db

BACKLOG = {
    "webhooks_waiting": "Webhook deliveries that wait to be sent.",
    "webhooks_oldest_seconds": "How long the oldest of them has waited.",
    "mails_waiting": "Emails that wait to be sent.",
    "mails_oldest_seconds": "How long ago the oldest of them was written.",
    "mails_failed": "Emails that were given up.",
    "mailbox_failing_seconds": "For how long the mailbox could not be read; 0 if it can be.",
    "imports_waiting": "Imports that wait for the worker.",
    "erasures_open": "People who are to be erased and are not yet.",
    "worker_seen_seconds": "How long ago a worker was last seen; -1 if never.",
}
"""The figures and what each of them says."""
_COUNT = text("""
    SELECT (SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting') AS webhooks_waiting,
        (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM webhook_deliveries
            WHERE state = 'waiting') AS webhooks_oldest_seconds,
        (SELECT count(*) FROM outgoing_mails WHERE failed_at IS NULL AND sent_at IS NULL) AS mails_waiting,
        (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM outgoing_mails
            WHERE failed_at IS NULL AND sent_at IS NULL) AS mails_oldest_seconds,
        (SELECT count(*) FROM outgoing_mails WHERE failed_at IS NOT NULL) AS mails_failed,
        coalesce((SELECT extract(epoch FROM now() - failed_at) FROM mailbox_checks
            WHERE :reads_mailbox), 0) AS mailbox_failing_seconds,
        (SELECT count(*) FROM imports WHERE state IN ('checking', 'importing', 'undoing')) AS imports_waiting,
        (SELECT count(*) FROM erasures WHERE state IN ('waiting', 'failed')) AS erasures_open,
        coalesce((SELECT extract(epoch FROM now() - seen_at) FROM worker_heartbeat), -1) AS worker_seen_seconds
""")


def count_backlog() -> Mapping[str, float]:
    """Count what waits for the worker, by the names of ``BACKLOG``.

    :raise OperationalError: if the database is away
    """
    reads_mailbox = bool(current_settings().imap_host)
    return dict(db.session.execute(_COUNT, {"reads_mailbox": reads_mailbox}).mappings().one())


JOBS = {
    "worker_job_runs": "How often a job of the worker ran.",
    "worker_job_failures": "How often it failed.",
    "worker_job_seconds": "How long all its runs took.",
    "worker_job_period_seconds": "How long it waits when nothing is due.",
    "worker_job_success_age_seconds": "How long ago it last did not fail; -1 if it always failed.",
}
"""The figures of a job and what each of them says."""
_JOBS = text("""
    SELECT name, runs AS worker_job_runs, failures AS worker_job_failures, took_ms / 1000.0 AS worker_job_seconds,
        period_ms / 1000.0 AS worker_job_period_seconds,
        coalesce(extract(epoch FROM now() - succeeded_at), -1) AS worker_job_success_age_seconds
    FROM worker_jobs ORDER BY name
""")


def list_jobs() -> Sequence[Row[Any]]:
    """List the jobs of all workers, each with its name and the figures of ``JOBS``.

    :raise OperationalError: if the database is away
    """
    return db.session.execute(_JOBS).all()
