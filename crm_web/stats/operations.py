"""Keeping the counts quick to read."""

from sqlalchemy import func, select

from crm_web.core.extensions import db
from crm_web.models import CountDelta

PORTION = 10_000


def compact_counts() -> bool:
    """Add the oldest changes of counts to the counts themselves; does nothing while another worker does.

    :return: whether there is more to do
    """
    oldest = db.session.scalars(select(CountDelta.id).order_by(CountDelta.id).limit(PORTION)).all()
    if not oldest:
        return False
    db.session.execute(select(func.crm_compact_counts(PORTION)))
    is_left = db.session.scalar(select(CountDelta.id).where(CountDelta.id == oldest[0])) is not None
    return len(oldest) == PORTION and not is_left
