"""Queries that work for any kind of record."""

from typing import TypeVar

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import Activity, Contact, Customer, Employee, Lead

Record = Lead | Customer | Contact
Place = TypeVar("Place", Lead, Customer, Activity)


def get_record(kind: type[Place], record_id: int) -> Place | None:
    """Find what activities, files or emails are on, in the trash or not."""
    return db.session.get(kind, record_id)


def name_of_last_editor(record: Record | Activity | Employee) -> str:
    """Return the name of whoever changed a record last."""
    return db.session.scalar(select(Employee.name).where(Employee.id == record.updated_by_id)) or "Someone"
