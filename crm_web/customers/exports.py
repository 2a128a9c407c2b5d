"""The list of customers as a table for a spreadsheet."""

from collections.abc import Callable, Iterator
from operator import attrgetter

from crm_web.customers.queries import CustomerFilter, stream_customers
from crm_web.models import Customer

_ADDRESS = ("street", "city", "state", "postal_code", "country")

COLUMNS: dict[str, Callable[[Customer], object]] = {
    "Number": attrgetter("number"),
    "Name": attrgetter("name"),
    "Kind": attrgetter("kind.label"),
    "Status": attrgetter("status.label"),
    "Email": attrgetter("email"),
    "Phone": attrgetter("phone"),
    "Website": attrgetter("website"),
    **{f"Billing {part.replace('_', ' ')}": attrgetter(f"billing_{part}") for part in _ADDRESS},
    **{f"Shipping {part.replace('_', ' ')}": attrgetter(f"shipping_{part}") for part in _ADDRESS},
    "Industry": attrgetter("industry"),
    "VAT number": attrgetter("vat_number"),
    "Registration number": attrgetter("registration_number"),
    "Description": attrgetter("description"),
    "Owner": lambda customer: customer.owner and customer.owner.name,
    "Owner email": lambda customer: customer.owner and customer.owner.email,
    "Created at": attrgetter("created_at"),
    "Updated at": attrgetter("updated_at"),
}


def list_rows(filters: CustomerFilter, *, sort: str) -> Iterator[list[object]]:
    """
    Run through the customers of a list as rows of cells, with flat memory.

    :param filters: which customers
    :param sort: the sort word of the list
    :return: an iterator over rows, each with a cell for every head of ``COLUMNS``
    """
    for customer in stream_customers(filters, sort=sort):
        yield [read(customer) for read in COLUMNS.values()]
