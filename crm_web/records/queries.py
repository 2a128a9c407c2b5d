"""Queries about any kind of record."""

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import Contact, Customer, Employee, Lead

Record = Lead | Customer | Contact


def name_of_last(record: Record | Employee) -> str:
    """
    Tell who changed a record last.

    :param record: the record
    :return: their name
    """
    return db.session.scalar(select(Employee.name).where(Employee.id == record.updated_by_id)) or "Someone"
