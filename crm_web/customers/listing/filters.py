"""What the list of customers can be filtered by."""

from crm_web.customers.spec import CUSTOMERS
from crm_web.lists.date_ranges import PAST
from crm_web.lists.filters import (
    MORE,
    ChoiceFilter,
    CountryFilter,
    DatesFilter,
    MissingFilter,
    OneChoiceFilter,
    PeopleFilter,
    SearchFilter,
    UntouchedFilter,
    WordFilter,
)
from crm_web.models import CustomerKind, CustomerStatus

FILTERS = (
    SearchFilter(
        title="Name, number, email or phone",
        help="Up to 8 words of its name or contact details. Typos are not corrected.",
    ),
    ChoiceFilter(name="status", title="Status", part="statuses", words=list(CustomerStatus), what="a status"),
    OneChoiceFilter(name="kind", title="Type", words=list(CustomerKind), what="a customer type"),
    PeopleFilter(name="owner", title="Owner", part="owner_ids", words={"me": "Me", "nobody": "Unassigned"}),
    DatesFilter(name="created", title="Created", part="created", offered=PAST, place=MORE),
    DatesFilter(name="active", title="Last activity", part="active", place=MORE),
    UntouchedFilter(title="No activity for", place=MORE),
    WordFilter(name="industry", title="Industry", part="industries", place=MORE),
    CountryFilter(name="country", title="Country", part="countries", place=MORE),
    MissingFilter(title="Missing", words=CUSTOMERS.missing, place=MORE),
)
