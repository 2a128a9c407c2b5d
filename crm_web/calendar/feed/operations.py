"""Renewing and removing the address of a calendar feed."""

import secrets

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert

from crm_web.auth.queries import hash_token
from crm_web.core.extensions import db
from crm_web.models import CalendarFeed, Employee


def renew_feed(employee: Employee) -> str:
    """Create a new address for a person's feed; an earlier one stops working.

    :return: its key, of which the database keeps only a hash
    """
    key = secrets.token_urlsafe(32)
    feed = insert(CalendarFeed).values(employee_id=employee.id, key_hash=hash_token(key))
    values = {"key_hash": hash_token(key), "created_at": func.now()}
    db.session.execute(feed.on_conflict_do_update(index_elements=["employee_id"], set_=values))
    return key


def remove_feed(employee: Employee) -> None:
    """Remove a person's feed, if there is one: its address stops working."""
    db.session.execute(delete(CalendarFeed).where(CalendarFeed.employee_id == employee.id))
