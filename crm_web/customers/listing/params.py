"""What the address of the list of customers says."""

from flask_login import current_user

from crm_web.auth.permissions import Action, may
from crm_web.customers.listing.filters import FILTERS
from crm_web.customers.queries import CustomerFilter
from crm_web.customers.spec import CUSTOMERS
from crm_web.lists.params import Tab
from crm_web.lists.record_params import SpecListParams
from crm_web.models import CustomerKind


class CustomerListParams(SpecListParams):
    """The address of the list of customers."""

    list_endpoint, spec, declared = "customers.list_customers", CUSTOMERS, FILTERS

    def read_filter(self) -> CustomerFilter:
        return CustomerFilter(**self.read_parts(), kinds=[kind for kind in CustomerKind if kind in self.all("kind")])

    @property
    def owner_tabs(self) -> list[Tab]:
        """Everyone's customers, or the reader's own; none to choose from for who can't own any."""
        may_own = may(current_user, Action.CREATE)
        return self.list_owner_tabs([("All", None), ("Mine", "me")]) if may_own else []
