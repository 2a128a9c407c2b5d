"""Queries for contacts."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.models import (
    Contact,
    Customer,
)


def get_contact(contact_id: int) -> Contact | None:
    """
    Load a contact with its customer and that one's owner.

    :param contact_id: its id
    :return: the contact, in the trash or not; ``None`` where there is none
    """
    loaded = joinedload(Contact.customer).joinedload(Customer.owner)
    return db.session.scalar(select(Contact).where(Contact.id == contact_id).options(loaded))
