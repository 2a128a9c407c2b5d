"""Queries for contacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.lists.record_filters import ListFilter, within
from crm_web.lists.spec import ListSpec
from crm_web.models import Contact, Customer


@dataclass(frozen=True, kw_only=True)
class ContactFilter(ListFilter):
    """Which contacts a list shows; every part left out lets all pass.

    :param owner_ids: at customers of any of these; 0 means unassigned
    :param customer_id: only this customer's
    :param created_from: created at or after this time
    :param created_to: created before this time
    """

    owner_ids: Sequence[int] = ()
    customer_id: int | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None

    def list_conditions(self, spec: ListSpec) -> list[ColumnElement[bool]]:
        """The conditions of all parts."""
        conditions = within(Contact.created_at, self.created_from, self.created_to)
        if self.owner_ids:
            theirs = select(Customer.id).where(func.coalesce(Customer.owner_id, 0).in_(self.owner_ids))
            conditions.append(Contact.customer_id.in_(theirs))
        if self.customer_id is not None:
            conditions.append(Contact.customer_id == self.customer_id)
        return conditions


def get_contact(contact_id: int) -> Contact | None:
    """Find a contact, in the trash or not, with its customer and the customer's owner."""
    loaded = joinedload(Contact.customer).joinedload(Customer.owner)
    return db.session.scalar(select(Contact).where(Contact.id == contact_id).options(loaded))
