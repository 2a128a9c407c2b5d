"""What the address of the list of contacts says."""

from collections.abc import Sequence
from typing import Any

from flask import url_for

from crm_web.auth.permissions import may_change
from crm_web.contacts.listing.filters import FILTERS
from crm_web.contacts.queries import ContactFilter
from crm_web.contacts.spec import CONTACTS
from crm_web.lists.columns import TableRow
from crm_web.lists.record_params import SpecListParams
from crm_web.web.urls import url_before_id


class ContactListParams(SpecListParams):
    """The address of the list of contacts."""

    list_endpoint, spec, declared = "contacts.list_contacts", CONTACTS, FILTERS

    def read_filter(self) -> ContactFilter:
        return ContactFilter(**self.read_parts())

    def list_rows(self, records: Sequence[Any]) -> list[TableRow]:
        page, edit = url_before_id("customers.show_customer", "customer_id"), url_for(self.endpoint)
        return [
            TableRow(
                contact.id,
                contact.name,
                f"{page}{contact.customer_id}#contacts",
                "Primary contact" if contact.is_primary else None,
                None,
                not contact.customer.deleted_at and may_change(self.me, contact.customer),
                f"{edit}/{contact.id}/edit",
            )
            for contact in records
        ]
