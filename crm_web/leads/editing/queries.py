"""Queries for small changes of a lead."""

from sqlalchemy import or_, select

from crm_web.core.extensions import db
from crm_web.models import Change, ChangeAction


def find_edit(lead_id: int, version: int) -> Change | None:
    """Find the change of fields that made a version of a lead; ``None`` if that version was no such change."""
    is_its = (Change.entity == "lead", Change.entity_id == lead_id, Change.version == version)
    moved = or_(*(Change.fields.has_key(name) for name in ("status", "deleted_at", "customer_id")))
    return db.session.scalar(select(Change).where(*is_its, Change.action == ChangeAction.CHANGED, ~moved))
