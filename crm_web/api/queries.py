"""What only programs ask."""

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.history.queries import NEWEST_FIRST, ChangeFilter, select_changes
from crm_web.lists.pagination import Page, Sort, load_page
from crm_web.models import Change, Contact, Conversion


def list_all_contacts(*, customer_id: int | None, cursor: str | None, size: int) -> Page:
    """
    Load one page of the contacts outside the trash, in the order in which they were entered.

    :param customer_id: only this customer's; ``None`` for everybody's
    :param cursor: where the page starts; ``None`` for the first
    :param size: contacts a page
    :return: the page
    """
    query = select(Contact).where(Contact.deleted_at.is_(None))
    if customer_id is not None:
        query = query.where(Contact.customer_id == customer_id)
    return load_page(query, Sort(Contact.id.expression, Contact.id.expression, False), cursor=cursor, size=size)


def list_bare_changes(filters: ChangeFilter, *, record_id: int | None, cursor: str | None, size: int) -> Page:
    """
    Load one page of history, newest first, as the database keeps it.

    :param filters: which changes
    :param record_id: of this record alone; ``None`` for all
    :param cursor: where the page starts; ``None`` for the first
    :param size: changes a page
    :return: the page
    """
    query = select_changes(filters)
    if record_id is not None:
        query = query.where(Change.entity_id == record_id)
    return load_page(query, NEWEST_FIRST, cursor=cursor, size=size)


def list_conversions(*, lead_id: int | None, customer_id: int | None, cursor: str | None, size: int) -> Page:
    """
    Load one page of the ledger, newest first.

    :param lead_id: only this lead's lines; ``None`` for all
    :param customer_id: only this customer's lines; ``None`` for all
    :param cursor: where the page starts; ``None`` for the first
    :param size: lines a page
    :return: the page
    """
    query = select(Conversion)
    if lead_id is not None:
        query = query.where(Conversion.lead_id == lead_id)
    if customer_id is not None:
        query = query.where(Conversion.customer_id == customer_id)
    return load_page(query, Sort(Conversion.id.expression, Conversion.id.expression, True), cursor=cursor, size=size)


def find_conversion(conversion_id: int) -> Conversion | None:
    """
    Load a line of the ledger.

    :param conversion_id: its id
    :return: the line; ``None`` where there is none
    """
    return db.session.get(Conversion, conversion_id)
