"""What a record was at a moment in the past: today's values, with all later changes taken back."""

from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from crm_web.extensions import db
from crm_web.models import Change, Customer, Employee, Lead
from crm_web.past import from_history

_LEADS_TO: dict[str, type[Employee] | type[Customer] | type[Lead]] = {
    "owner": Employee,
    "customer": Customer,
    "parent": Customer,
    "created_from_lead": Lead,
}


@dataclass(frozen=True)
class Past:
    """
    A record at a moment in the past.

    :param moment: the moment
    :param record: holds what the record held then, under the same names; ``None`` where history does not reach back
    :param begins_at: when the record's history begins; ``None`` where it has none
    """

    moment: datetime
    record: Any
    begins_at: datetime | None


def get_past(record: Lead | Customer, moment: datetime) -> Past:
    """
    Rebuild what a record was, from history.

    :param record: the record as it is today, with the people around it loaded
    :param moment: a moment with a zone; what changed in that very moment counts as done
    :return: the record as it was
    """
    entity = type(record).__name__.lower()
    of_it = (Change.entity == entity, Change.entity_id == record.id)
    begins_at = db.session.scalar(select(func.min(Change.at)).where(*of_it))
    if begins_at is None or begins_at > moment:
        return Past(moment, None, begins_at)
    values = {name: getattr(record, name) for name in _list_columns(record)}
    later = select(Change).where(*of_it, Change.at > moment).order_by(Change.id.desc())
    for change in db.session.scalars(later):
        for column, (old, _new) in change.fields.items():
            values[column] = _read(type(record), column, old)
            if f"{column}_e164" in values:
                values[f"{column}_e164"] = None
    last = select(Change).where(*of_it, Change.at <= moment).order_by(Change.id.desc()).limit(1)
    change = db.session.scalars(last.options(joinedload(Change.actor))).one()
    values |= {"updated_at": change.at, "updated_by": change.actor, "created_by": record.created_by}
    if isinstance(record, Lead):
        values["name"] = _name_of(values)
    return Past(moment, SimpleNamespace(**values, **_load_around(values)), begins_at)


def _list_columns(record: Lead | Customer) -> list[str]:
    return [column.key for column in type(record).__mapper__.column_attrs if not column.deferred]


def _read(model: type[Lead] | type[Customer], column: str, value: Any) -> Any:
    try:
        return from_history(model, column, value)
    except ValueError:
        # A column or a word that the product no longer knows; nothing on the page can show it.
        return None


def _load_around(values: dict[str, Any]) -> dict[str, Any]:
    """Those whom the ids lead to, as they are called today."""
    return {
        name: db.session.get(model, values[f"{name}_id"]) if values[f"{name}_id"] is not None else None
        for name, model in _LEADS_TO.items()
        if f"{name}_id" in values
    }


def _name_of(values: dict[str, Any]) -> str:
    """As ``crm_lead_name`` does it in the database."""
    person = f"{values['first_name'] or ''} {values['last_name'] or ''}".strip(" ")
    return person or (values["company"] or "").strip(" ") or (values["email"] or "").strip(" ") or "?"
