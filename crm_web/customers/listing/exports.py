"""The list of customers as a table for a spreadsheet."""

from collections.abc import Iterator, Sequence
from typing import Any

from crm_web.customers.columns import COLUMNS as IN_LIST
from crm_web.customers.queries import Changer, CustomerFilter, Maker, Owner, Parent, stream_columns
from crm_web.lists.columns import choose_cells, show_words
from crm_web.models import Customer, CustomerLastActivity

_ADDRESS = ("street", "city", "state", "postal_code", "country")

COLUMNS: dict[str, Any] = {
    "Number": Customer.number,
    "Name": Customer.name,
    "Kind": Customer.kind,
    "Status": Customer.status,
    "Email": Customer.email,
    "Phone": Customer.phone,
    "Website": Customer.website,
    **{f"Billing {part.replace('_', ' ')}": getattr(Customer, f"billing_{part}") for part in _ADDRESS},
    **{f"Shipping {part.replace('_', ' ')}": getattr(Customer, f"shipping_{part}") for part in _ADDRESS},
    "Industry": Customer.industry,
    "VAT number": Customer.vat_number,
    "Registration number": Customer.registration_number,
    "Description": Customer.description,
    "Owner": Owner.name,
    "Owner email": Owner.email,
    "Created at": Customer.created_at,
    "Updated at": Customer.updated_at,
}
"""What a file holds of each customer where no columns are chosen: the head of each column and where it is read."""

ELSEWHERE: dict[str, Any] = {
    "owner": Owner.name,
    "parent": Parent.name,
    "last_activity": CustomerLastActivity.at,
    "created_by": Maker.name,
    "updated_by": Changer.name,
}
"""Columns of the list that do not stand on the customer itself."""


def make_table(
    filters: CustomerFilter, *, sort: str, columns: Sequence[str] | None
) -> tuple[list[str], Iterator[list[object]]]:
    """
    Put the customers of a list into a table, with flat memory.

    :param filters: which customers
    :param sort: the sort word of the list
    :param columns: the columns that the list shows, where somebody chose them; ``None`` for every column
    :return: the heads, and an iterator over the rows, each with a cell for every head
    """
    cells = COLUMNS if columns is None else choose_cells(Customer, IN_LIST, columns, elsewhere=ELSEWHERE)
    return list(cells), show_words(stream_columns(filters, list(cells.values()), sort=sort))
