"""The list of leads as a table for a spreadsheet; the heads are those that ``flask leads import`` reads again."""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter

from crm_web.leads.queries import LeadFilter, stream_leads
from crm_web.models import Lead


def _label(name: str) -> Callable[[Lead], object]:
    """Read the words of an enum that may be left out."""

    def read(lead: Lead) -> object:
        word = getattr(lead, name)
        return word and word.label

    return read


_TYPED = ("Salutation", "First name", "Last name", "Job title", "Company", "Email", "Phone", "Mobile", "Website")
_ADDRESS = ("Street", "City", "State", "Postal code", "Country")
_SALE = ("Industry", "Amount", "Currency", "Probability", "Expected close on", "Next step", "Description")


def _as_named(heads: Sequence[str]) -> dict[str, Callable[[Lead], object]]:
    return {head: attrgetter(head.lower().replace(" ", "_")) for head in heads}


COLUMNS: dict[str, Callable[[Lead], object]] = {
    "ID": attrgetter("id"),
    **_as_named(_TYPED),
    **_as_named(_ADDRESS),
    "Status": _label("status"),
    "Source": attrgetter("source"),
    "Rating": _label("rating"),
    **_as_named(_SALE),
    "Owner": lambda lead: lead.owner and lead.owner.name,
    "Owner email": lambda lead: lead.owner and lead.owner.email,
    "Customer": lambda lead: lead.customer and lead.customer.number,
    "Lost reason": _label("lost_reason"),
    "Lost note": attrgetter("lost_note"),
    **_as_named(("Created at", "Updated at", "Closed at")),
}


def list_rows(filters: LeadFilter, *, sort: str) -> Iterator[list[object]]:
    """
    Run through the leads of a list as rows of cells, with flat memory.

    :param filters: which leads
    :param sort: the sort word of the list
    :return: an iterator over rows, each with a cell for every head of ``COLUMNS``
    """
    for lead in stream_leads(filters, sort=sort):
        yield [read(lead) for read in COLUMNS.values()]
