"""Queries for saved views."""

from sqlalchemy import and_, or_, select

from crm_web.core.extensions import db
from crm_web.models import Employee, SavedView


def find_view(view_id: int, *, by: Employee) -> SavedView | None:
    """Find a view that a person sees, including their own in the trash."""
    is_seen = or_(SavedView.owner_id == by.id, and_(SavedView.is_shared, SavedView.deleted_at.is_(None)))
    return db.session.scalar(select(SavedView).where(SavedView.id == view_id, is_seen))
