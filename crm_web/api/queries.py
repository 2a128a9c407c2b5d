"""What only programs ask: records in full, and how lists of them read."""

from crm_web.leads.queries import LeadFilter, read_sort, select_leads
from crm_web.paging import Page, load_page


def list_whole_leads(filters: LeadFilter, *, sort: str | None, mark: str | None, size: int) -> Page:
    """
    Load one page of leads, each with all of its columns.

    :param filters: which leads
    :param sort: a sort word, as the list of leads knows it
    :param mark: where the page starts; ``None`` for the first
    :param size: leads a page
    :return: the page
    """
    return load_page(select_leads(filters), read_sort(sort), mark=mark, size=size)
