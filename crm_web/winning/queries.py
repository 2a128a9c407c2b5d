"""Queries about won leads."""

from collections.abc import Sequence

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import Change, ChangeAction, Lead, LeadStatus


def find_change_to_won(lead_id: int) -> Change | None:
    """Find the change by which a lead was last won, which also has its status before.

    :return: ``None`` if it was created as won, or never won
    """
    return map_changes_to_won([lead_id]).get(lead_id)


def map_changes_to_won(lead_ids: Sequence[int]) -> dict[int, Change]:
    """Do the same for many leads, by lead id."""
    of_leads = (Change.entity == "lead", Change.entity_id.in_(lead_ids), Change.action == ChangeAction.CHANGED)
    query = select(Change).where(*of_leads, Change.fields["status"][1].astext == LeadStatus.WON).order_by(Change.id)
    return {change.entity_id: change for change in db.session.scalars(query)}


def find_move(lead_id: int, version: int) -> Change | None:
    """Find the status change that made a version of a lead.

    :return: ``None`` if that version was no status change
    """
    of_lead = (Change.entity == "lead", Change.entity_id == lead_id, Change.action == ChangeAction.CHANGED)
    query = select(Change).where(*of_lead, Change.version == version, Change.fields.has_key("status"))
    return db.session.scalar(query)


def has_customer(lead_id: int) -> bool:
    """Query whether a lead has a customer by now, whatever is loaded."""
    return db.session.scalar(select(Lead.id).where(Lead.id == lead_id, Lead.customer_id.is_not(None))) is not None


def is_won_by_now(lead_id: int) -> bool:
    """Query whether a lead is won by now, whatever is loaded."""
    return db.session.scalar(select(Lead.id).where(Lead.id == lead_id, Lead.status == LeadStatus.WON)) is not None
