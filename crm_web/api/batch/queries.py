"""Locks for batches, always taken in the same order to avoid deadlocks."""

from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.models import Customer, Lead


def lock_leads(lead_ids: Collection[int]) -> dict[int, Lead]:
    """Lock leads in order of their ids, reload them, and return them by id with their owners."""
    query = select(Lead).where(Lead.id.in_(lead_ids)).order_by(Lead.id).with_for_update(key_share=True, of=Lead)
    query = query.options(joinedload(Lead.owner)).execution_options(populate_existing=True)
    return {lead.id: lead for lead in db.session.scalars(query)} if lead_ids else {}


def refresh_leads(lead_ids: Collection[int]) -> None:
    """Reload changed leads, with what triggers have added."""
    query = select(Lead).where(Lead.id.in_(lead_ids))
    db.session.scalars(query.execution_options(populate_existing=True)).all()


def lock_customers(customer_ids: Collection[int], *, of_leads: Collection[int]) -> None:
    """Lock customers in order of their ids, after the leads.

    :param of_leads: leads being won: also lock the customers they have, or once created
    """
    if customer_ids or of_leads:
        theirs = select(Lead.customer_id).where(Lead.id.in_(of_leads))
        meant = or_(Customer.id.in_(customer_ids), Customer.id.in_(theirs), Customer.created_from_lead_id.in_(of_leads))
        db.session.execute(select(Customer.id).where(meant).order_by(Customer.id).with_for_update(key_share=True)).all()
