"""Which leads left a status, as the report about time counts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func

from crm_web.models import Lead, LeadStatus, LeadStay
from crm_web.record_filters import within


@dataclass(frozen=True, kw_only=True)
class Left:
    """
    A status that was left; every part left out lets all pass.

    :param statuses: any of these
    :param start: left at or after this moment
    :param end: left before this moment
    :param owner_ids: when the lead belonged to any of these; 0 stands for nobody
    :param sources: when it was from any of these; the empty text stands for none
    """

    statuses: Sequence[LeadStatus] = ()
    start: datetime | None = None
    end: datetime | None = None
    owner_ids: Sequence[int] = ()
    sources: Sequence[str] = ()


def has_left(left: Left) -> ColumnElement[bool]:
    """
    Build the condition that a lead left a status, once or more; ``ix_lead_stays_lead`` answers it for each lead.

    :param left: which status, when, and whose the lead was then
    :return: a condition on ``Lead``
    """
    stay = exists().where(LeadStay.lead_id == Lead.id, *within(LeadStay.left_at, left.start, left.end))
    if left.statuses:
        stay = stay.where(LeadStay.status.in_(left.statuses))
    if left.owner_ids:
        stay = stay.where(func.coalesce(LeadStay.owner_id, 0).in_(left.owner_ids))
    if left.sources:
        stay = stay.where(func.coalesce(LeadStay.source, "").in_(left.sources))
    return stay
