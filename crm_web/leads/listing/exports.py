"""The list of leads as a table for a spreadsheet; the heads are those that ``flask leads import`` reads again."""

from collections.abc import Iterator, Sequence
from typing import Any

from crm_web.leads.columns import COLUMNS as IN_LIST
from crm_web.leads.queries import Changer, LeadFilter, Maker, Owner, stream_columns
from crm_web.lists.columns import choose_cells, show_words
from crm_web.models import Customer, Lead, LeadLastActivity

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
    "last_activity": LeadLastActivity.at,
    "created_by": Maker.name,
    "updated_by": Changer.name,
}
"""Columns of the list that do not stand on the lead itself."""


def make_table(
    filters: LeadFilter, *, sort: str, columns: Sequence[str] | None
) -> tuple[list[str], Iterator[list[object]]]:
    """
    Put the leads of a list into a table, with flat memory.

    :param filters: which leads
    :param sort: the sort word of the list
    :param columns: the columns that the list shows, where somebody chose them; ``None`` for every column
    :return: the heads, and an iterator over the rows, each with a cell for every head
    """
    cells = COLUMNS if columns is None else choose_cells(Lead, IN_LIST, columns, elsewhere=ELSEWHERE)
    return list(cells), show_words(stream_columns(filters, list(cells.values()), sort=sort))
