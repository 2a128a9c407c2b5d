"""Keeping the counts quick to read."""

from sqlalchemy import func, select

from crm_web.core.extensions import db

PORTION = 10_000


def compact_counts() -> bool:
    """Add a portion of the changes of counts to the counts themselves; does nothing while another worker does.

    :return: whether there may be more to do
    """
    return bool(db.session.scalar(select(func.crm_compact_counts(PORTION))) == PORTION)
