"""Deleting rows that are kept for a time only."""

from typing import Any

from sqlalchemy import ColumnElement, CursorResult, delete, inspect, select, tuple_

from crm_web.core.extensions import db
from crm_web.models.base import Base

PORTION = 1000


def delete_portion(model: type[Base], *conditions: ColumnElement[bool], limit: int = PORTION) -> bool:
    """Delete some of the rows that meet the conditions, except locked ones; returns whether there may be more."""
    key = inspect(model).primary_key
    expired = select(*key).where(*conditions).limit(limit).with_for_update(skip_locked=True)
    query = delete(model).where(tuple_(*key).in_(expired)).execution_options(synchronize_session=False)
    result: CursorResult[Any] = db.session.execute(query)  # type: ignore[assignment]
    return result.rowcount == limit
