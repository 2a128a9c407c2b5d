"""What the address of the list of customers says."""

from werkzeug.datastructures import MultiDict

from crm_web.customers.listing.filters import FILTERS
from crm_web.customers.queries import CustomerFilter
from crm_web.customers.spec import CUSTOMERS
from crm_web.lists.params import Tab
from crm_web.lists.record_params import RecordListParams
from crm_web.models import CustomerKind, Employee
from crm_web.web.template_filters import UserLocale


class CustomerListParams(RecordListParams):
    """
    The address of the list of customers.

    :param args: the query of the address
    :param me: the employee who reads
    :param user_locale: in whose language and time zone
    """

    def __init__(self, args: MultiDict[str, str], *, me: Employee, user_locale: UserLocale) -> None:
        super().__init__(
            "customers.list_customers", args, me=me, user_locale=user_locale, filters=FILTERS, spec=CUSTOMERS
        )

    def read_filter(self) -> CustomerFilter:
        """Say which customers the list shows."""
        return CustomerFilter(**self.read_parts(), kinds=[kind for kind in CustomerKind if kind in self.all("kind")])

    @property
    def owner_tabs(self) -> list[Tab]:
        """Everyone's customers, or the reader's own."""
        return self.list_owner_tabs([("All", None), ("Mine", "me")])
