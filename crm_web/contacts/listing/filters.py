"""What the list of contacts can be filtered by."""

from crm_web.contacts.spec import CONTACTS
from crm_web.customers.queries import find_customer_name
from crm_web.lists.date_ranges import PAST
from crm_web.lists.filters import (
    MORE,
    NOWHERE,
    DatesFilter,
    MissingFilter,
    PeopleFilter,
    RecordIdFilter,
    SearchFilter,
)

FILTERS = (
    SearchFilter(
        title="Name, email or phone", help="Up to 8 words of a name or contact details. Typos are not corrected."
    ),
    PeopleFilter(name="owner", title="Owner", part="owner_ids", help="Employee ids, or me, team, nobody."),
    RecordIdFilter(
        name="customer",
        title="Customer",
        part="customer_id",
        what="a customer",
        find_name=find_customer_name,
        place=NOWHERE,
    ),
    DatesFilter(name="created", title="Created", part="created", offered=PAST, place=MORE),
    MissingFilter(title="Missing", words=CONTACTS.missing, place=MORE),
)
