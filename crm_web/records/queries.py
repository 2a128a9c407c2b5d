"""Queries that work for any kind of record."""

from typing import Any, TypeVar

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import Activity, Change, Contact, Customer, Employee, Lead
from crm_web.records.serialization import from_history

Record = Lead | Customer | Contact
Place = TypeVar("Place", Lead, Customer, Activity)
Mergeable = TypeVar("Mergeable", Lead, Customer, Contact)


def get_record(kind: type[Place], record_id: int) -> Place | None:
    """Find a record without what its page shows around it, in the trash or not."""
    return db.session.get(kind, record_id)


def get_remaining(record: Mergeable) -> Mergeable:
    """Return the record that stayed of those that this one was merged with; itself if it was not merged."""
    while record.merged_into_id is not None:
        record = db.session.get_one(type(record), record.merged_into_id)
    return record


def read_earlier(record: Record, version: int) -> dict[str, Any]:
    """Read what the columns that changed since a version of a record held in it."""
    of_record = Change.entity == type(record).__name__.lower(), Change.entity_id == record.id
    since = select(Change.fields).where(*of_record, Change.version > version).order_by(Change.id)
    earlier: dict[str, Any] = {}
    for fields in db.session.scalars(since):
        earlier = {name: from_history(type(record), name, old) for name, (old, _) in fields.items()} | earlier
    return earlier


def name_of_last_editor(record: Record | Activity | Employee) -> str:
    """Return the name of whoever changed a record last."""
    return db.session.scalar(select(Employee.name).where(Employee.id == record.updated_by_id)) or "Someone"
