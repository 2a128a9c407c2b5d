"""What is asked of leads that were won, or are being won."""

from collections.abc import Sequence

from sqlalchemy import select

from crm_web.core.extensions import db
from crm_web.models import Change, ChangeAction, Lead, LeadStatus


def find_change_to_won(lead_id: int) -> Change | None:
    """
    Find the change by which a lead was won the last time: it also says what the lead was before.

    :param lead_id: the lead
    :return: the change; ``None`` for a lead that was entered as won, or never won
    """
    return map_changes_to_won([lead_id]).get(lead_id)


def map_changes_to_won(lead_ids: Sequence[int]) -> dict[int, Change]:
    """
    Find for many leads what ``find_change_to_won`` finds for one.

    :param lead_ids: the leads
    :return: the changes by the lead's id
    """
    of_leads = (Change.entity == "lead", Change.entity_id.in_(lead_ids), Change.action == ChangeAction.CHANGED)
    query = select(Change).where(*of_leads, Change.fields["status"][1].astext == LeadStatus.WON).order_by(Change.id)
    return {change.entity_id: change for change in db.session.scalars(query)}


def find_move(lead_id: int, version: int) -> Change | None:
    """
    Find the change by which a lead went to another status.

    :param lead_id: the lead
    :param version: the version that the move made
    :return: the change; ``None`` where that version was no move
    """
    of_lead = (Change.entity == "lead", Change.entity_id == lead_id, Change.action == ChangeAction.CHANGED)
    query = select(Change).where(*of_lead, Change.version == version, Change.fields.has_key("status"))
    return db.session.scalar(query)


def has_customer(lead_id: int) -> bool:
    """
    Tell whether a lead has a customer by now, whatever was loaded of it before.

    :param lead_id: the lead
    :return: true once it was won or entered for a customer
    """
    return db.session.scalar(select(Lead.id).where(Lead.id == lead_id, Lead.customer_id.is_not(None))) is not None


def is_won_by_now(lead_id: int) -> bool:
    """
    Tell whether a lead is won by now, whatever was loaded of it before.

    :param lead_id: the lead
    :return: true while it is won
    """
    return db.session.scalar(select(Lead.id).where(Lead.id == lead_id, Lead.status == LeadStatus.WON)) is not None
