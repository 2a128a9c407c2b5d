"""The list of customers as a table for a spreadsheet."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from crm_web.customers.columns import COLUMNS as IN_LIST
from crm_web.customers.queries import Changer, CustomerFilter, Maker, Owner, Parent, stream_columns
from crm_web.models import Customer, CustomerTouch

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
    "last_activity": CustomerTouch.at,
    "created_by": Maker.name,
    "updated_by": Changer.name,
}
"""Columns of the list that do not stand on the customer itself."""


def choose(columns: Sequence[str] | None) -> dict[str, Any]:
    """
    Say what a file holds.

    :param columns: the columns that the list shows, where somebody chose them; ``None`` for every column
    :return: the head of each column and where it is read
    """
    if columns is None:
        return COLUMNS
    found = {key: ELSEWHERE[key] if key in ELSEWHERE else getattr(Customer, IN_LIST[key].path) for key in columns}
    return {"Name": Customer.name} | {IN_LIST[key].label: found[key] for key in columns}


def list_rows(filters: CustomerFilter, *, sort: str, columns: Sequence[str] | None = None) -> Iterator[list[object]]:
    """
    Run through the customers of a list as rows of cells, with flat memory.

    :param filters: which customers
    :param sort: the sort word of the list
    :param columns: as in ``choose``
    :return: an iterator over rows, each a cell for every head of ``choose``; words of ours as they are shown
    """
    for row in stream_columns(filters, list(choose(columns).values()), sort=sort):
        yield [getattr(value, "label", value) if isinstance(value, StrEnum) else value for value in row]
