"""How many rows the database holds."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_web.models import Change


def count(session: Session, model: type[Any], *conditions: Any) -> int:
    """How many rows there are."""
    return session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0


def count_changes(session: Session, entity: str, record_id: int) -> int:
    """How often a record was changed, its creation included."""
    return count(session, Change, Change.entity == entity, Change.entity_id == record_id)
