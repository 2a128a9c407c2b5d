"""Queries for the API alone."""

from collections.abc import Mapping

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.history.queries import NEWEST_FIRST, ChangeFilter, select_changes
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import Page, load_page
from crm_web.models import Change, Conversion, File


def list_bare_changes(filters: ChangeFilter, *, record_id: int | None, cursor: str | None, size: int) -> Page:
    """Load a page of history as stored, newest first."""
    query = select_changes(filters)
    if record_id is not None:
        query = query.where(Change.entity_id == record_id)
    return load_page(query, NEWEST_FIRST, cursor=cursor, size=size)


def list_conversions(*, lead_id: int | None, customer_id: int | None, cursor: str | None, size: int) -> Page:
    """Load a page of conversions, newest first."""
    query = select(Conversion)
    if lead_id is not None:
        query = query.where(Conversion.lead_id == lead_id)
    if customer_id is not None:
        query = query.where(Conversion.customer_id == customer_id)
    return load_page(query, Sort(Conversion.id.expression, Conversion.id.expression, True), cursor=cursor, size=size)


def list_files(place: Mapping[str, int | None], *, cursor: str | None, size: int) -> Page:
    """Load a page of files outside the trash, newest first.

    :param place: what they are on, by column; ``None`` for any
    """
    query = select(File).where(File.deleted_at.is_(None))
    query = query.where(*(getattr(File, name) == value for name, value in place.items() if value is not None))
    return load_page(query, Sort(File.id.expression, File.id.expression, True), cursor=cursor, size=size)


def find_conversion(conversion_id: int) -> Conversion | None:
    """Find a conversion."""
    return db.session.get(Conversion, conversion_id)
