"""The list of leads as a table for a spreadsheet; the heads are those that ``flask leads import`` reads again."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from crm_web.leads.columns import COLUMNS as IN_LIST
from crm_web.leads.queries import Changer, LeadFilter, Maker, Owner, stream_columns
from crm_web.models import Customer, Lead, LeadTouch

COLUMNS: dict[str, Any] = {
    "ID": Lead.id,
    "Salutation": Lead.salutation,
    "First name": Lead.first_name,
    "Last name": Lead.last_name,
    "Job title": Lead.job_title,
    "Company": Lead.company,
    "Email": Lead.email,
    "Phone": Lead.phone,
    "Mobile": Lead.mobile,
    "Website": Lead.website,
    "Street": Lead.street,
    "City": Lead.city,
    "State": Lead.state,
    "Postal code": Lead.postal_code,
    "Country": Lead.country,
    "Status": Lead.status,
    "Source": Lead.source,
    "Rating": Lead.rating,
    "Industry": Lead.industry,
    "Amount": Lead.amount,
    "Currency": Lead.currency,
    "Probability": Lead.probability,
    "Expected close on": Lead.expected_close_on,
    "Next step": Lead.next_step,
    "Description": Lead.description,
    "Owner": Owner.name,
    "Owner email": Owner.email,
    "Customer number": Customer.number,
    "Lost reason": Lead.lost_reason,
    "Lost note": Lead.lost_note,
    "Created at": Lead.created_at,
    "Updated at": Lead.updated_at,
    "Closed at": Lead.closed_at,
}
"""What a file holds of each lead where no columns are chosen: the head of each column and where it is read."""

ELSEWHERE: dict[str, Any] = {
    "owner": Owner.name,
    "customer": Customer.name,
    "last_activity": LeadTouch.at,
    "created_by": Maker.name,
    "updated_by": Changer.name,
}
"""Columns of the list that do not stand on the lead itself."""


def choose(columns: Sequence[str] | None) -> dict[str, Any]:
    """
    Say what a file holds.

    :param columns: the columns that the list shows, where somebody chose them; ``None`` for every column
    :return: the head of each column and where it is read
    """
    if columns is None:
        return COLUMNS
    found = {key: ELSEWHERE[key] if key in ELSEWHERE else getattr(Lead, IN_LIST[key].path) for key in columns}
    return {"Name": Lead.name} | {IN_LIST[key].label: found[key] for key in columns}


def list_rows(filters: LeadFilter, *, sort: str, columns: Sequence[str] | None = None) -> Iterator[list[object]]:
    """
    Run through the leads of a list as rows of cells, with flat memory.

    :param filters: which leads
    :param sort: the sort word of the list
    :param columns: as in ``choose``
    :return: an iterator over rows, each a cell for every head of ``choose``; words of ours as they are shown
    """
    for row in stream_columns(filters, list(choose(columns).values()), sort=sort):
        yield [getattr(value, "label", value) if isinstance(value, StrEnum) else value for value in row]
