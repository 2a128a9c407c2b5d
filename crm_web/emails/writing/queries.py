"""Queries for emails that are written on a lead or customer."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.models import Activity, Contact, Customer, Lead

LeadOrCustomer = TypeVar("LeadOrCustomer", Lead, Customer)
MOST = 50
"""How many contacts are offered."""


def get_record(kind: type[LeadOrCustomer], record_id: int) -> LeadOrCustomer | None:
    """Find a lead or customer with its owner, in the trash or not."""
    return db.session.get(kind, record_id, options=[joinedload(kind.owner)])


def list_contacts(record: Lead | Customer) -> Sequence[Contact]:
    """List the contacts of a customer that have an email, the primary one first; a lead has none."""
    if isinstance(record, Lead):
        return []
    mine = (Contact.customer_id == record.id, Contact.deleted_at.is_(None), Contact.email.is_not(None))
    in_order = (Contact.is_primary.desc(), Contact.sort_name, Contact.id)
    return db.session.scalars(select(Contact).where(*mine).order_by(*in_order).limit(MOST)).all()


def get_activity(activity_id: int) -> Activity | None:
    """Find an activity with its email and its lead or customer."""
    loaded = (Activity.outgoing_mail, Activity.lead, Activity.customer)
    return db.session.get(Activity, activity_id, options=[joinedload(path) for path in loaded])
