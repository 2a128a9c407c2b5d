"""Counting what waits for the worker."""

from collections.abc import Mapping

from sqlalchemy import text

from crm_web.core.extensions import db

BACKLOG = {
    "webhooks_waiting": "Webhook deliveries that wait to be sent.",
    "webhooks_oldest_seconds": "How long the oldest of them has waited.",
    "mails_waiting": "Emails that wait to be sent.",
    "mails_failed": "Emails that were given up.",
    "imports_waiting": "Imports that wait for the worker.",
    "worker_seen_seconds": "How long ago a worker was last seen; -1 if never.",
}
"""The figures and what each of them says."""
_COUNT = text("""
    SELECT (SELECT count(*) FROM webhook_deliveries WHERE state = 'waiting') AS webhooks_waiting,
        (SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM webhook_deliveries
            WHERE state = 'waiting') AS webhooks_oldest_seconds,
        (SELECT count(*) FROM outgoing_mails WHERE failed_at IS NULL AND sent_at IS NULL) AS mails_waiting,
        (SELECT count(*) FROM outgoing_mails WHERE failed_at IS NOT NULL) AS mails_failed,
        (SELECT count(*) FROM imports WHERE state IN ('checking', 'importing', 'undoing')) AS imports_waiting,
        coalesce((SELECT extract(epoch FROM now() - seen_at) FROM worker_heartbeat), -1) AS worker_seen_seconds
""")


def count_backlog() -> Mapping[str, float]:
    """Count what waits for the worker, by the names of ``BACKLOG``.

    :raise OperationalError: if the database is away
    """
    return dict(db.session.execute(_COUNT).mappings().one())
