"""Values as history keeps them, in JSON, and as records hold them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, DateTime, Numeric

from crm_web.models import Base
from crm_web.models.base import EnumText


def from_history(model: type[Base], column: str, value: Any) -> Any:
    """
    Read a value that history keeps.

    :param model: the kind of record, such as ``Lead``
    :param column: the name of one of its columns
    :param value: what a line of history says, as JSON
    :return: the value as the record would hold it
    :raise ValueError: where the column is gone, or no longer knows the value
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
    return Decimal(str(value)) if isinstance(kind, Numeric) else value


def to_history(value: Any) -> Any:
    """
    Write a value as history would keep it.

    :param value: as a record holds it
    :return: the same as JSON
    """
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
