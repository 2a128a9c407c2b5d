"""Keeping the counts quick to read."""

from sqlalchemy import func, select

from crm_web.core.extensions import db
from crm_web.models import CountDelta

PORTION = 20_000


def compact_counts() -> bool:
    """Add the oldest changes of counts to the counts themselves; does nothing while another worker does."""
    waiting = select(CountDelta.id).limit(PORTION).subquery()
    count = db.session.scalar(select(func.count()).select_from(waiting)) or 0
    if count:
        db.session.execute(select(func.crm_fold_counts(PORTION)))
    return count == PORTION
