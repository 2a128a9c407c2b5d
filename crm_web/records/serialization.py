"""Conversion between column values and the JSON that history stores."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, DateTime, Numeric, Time

from crm_web.models import Base
from crm_web.models.base import EnumText


def from_history(model: type[Base], column: str, value: Any) -> Any:
    """Convert a JSON value of history to the column's value.

    :raise ValueError: if the column is gone, or no longer has such a value
    """
    if column not in model.__table__.columns:
        raise ValueError(f"{model.__name__} has no column {column} any more.")
    kind = model.__table__.columns[column].type
    if value is None:
        return None
    if isinstance(kind, EnumText):
        return kind.words(value)
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if isinstance(kind, Time):
        return time.fromisoformat(value)
    return Decimal(str(value)) if isinstance(kind, Numeric) else value


def to_history(value: Any) -> Any:
    """Convert a column's value to JSON as history stores it."""
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
