"""The list of leads as a table for a spreadsheet; the heads are those that ``flask leads import`` reads again."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from crm_web.leads.queries import LeadFilter, Owner, stream_columns
from crm_web.models import Customer, Lead

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
"""What a file holds of each lead: the head of each column and where it is read."""


def list_rows(filters: LeadFilter, *, sort: str) -> Iterator[list[object]]:
    """
    Run through the leads of a list as rows of cells, with flat memory.

    :param filters: which leads
    :param sort: the sort word of the list
    :return: an iterator over rows, each with a cell for every head of ``COLUMNS``; words of ours as they are shown
    """
    for row in stream_columns(filters, list(COLUMNS.values()), sort=sort):
        yield [getattr(value, "label", value) if isinstance(value, StrEnum) else value for value in row]
