"""Queries for contacts."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.models import (
    Contact,
    Customer,
)


def get_contact(contact_id: int) -> Contact | None:
    """Find a contact, in the trash or not, with its customer and the customer's owner."""
    loaded = joinedload(Contact.customer).joinedload(Customer.owner)
    return db.session.scalar(select(Contact).where(Contact.id == contact_id).options(loaded))
