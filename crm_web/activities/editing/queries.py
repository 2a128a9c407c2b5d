"""Queries for editing activities."""

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import Change, ChangeAction


def find_edit(activity_id: int, version: int) -> Change | None:
    """Find the change that made a version of an activity; ``None`` if that version was not made by an edit."""
    is_its = (Change.entity == "activity", Change.entity_id == activity_id, Change.version == version)
    return db.session.scalar(select(Change).where(*is_its, Change.action == ChangeAction.CHANGED))
