"""What the address of the list of customers says."""

from collections.abc import Sequence
from typing import Any

from flask_login import current_user

from crm_web.auth.permissions import Action, may, may_change
from crm_web.customers.listing.filters import FILTERS
from crm_web.customers.queries import CustomerFilter
from crm_web.customers.spec import CUSTOMERS
from crm_web.lists.columns import TableRow
from crm_web.lists.params import Tab
from crm_web.lists.record_params import SpecListParams
from crm_web.models import CustomerKind
from crm_web.web.urls import url_before_id


class CustomerListParams(SpecListParams):
    """The address of the list of customers."""

    list_endpoint, spec, declared = "customers.list_customers", CUSTOMERS, FILTERS

    def read_filter(self) -> CustomerFilter:
        return CustomerFilter(**self.read_parts(), kinds=[kind for kind in CustomerKind if kind in self.all("kind")])

    def list_rows(self, records: Sequence[Any]) -> list[TableRow]:
        before, after = url_before_id("customers.show_customer", "customer_id"), self.back
        names_people = "kind" not in self.columns
        return [
            TableRow(
                customer.id,
                customer.name,
                f"{before}{customer.id}{after}",
                "Person" if names_people and customer.kind is CustomerKind.PERSON else None,
                customer.name if customer.kind is CustomerKind.ORGANISATION else None,
                may_change(self.me, customer),
            )
            for customer in records
        ]

    @property
    def owner_tabs(self) -> list[Tab]:
        """Everyone's customers, or the reader's own; none to choose from for who can't own any."""
        may_own = may(current_user, Action.CREATE)
        return self.list_owner_tabs([("All", None), ("Mine", "me")]) if may_own else []
