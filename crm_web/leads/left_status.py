"""Which leads left a status, as the report about time counts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func

from crm_web.lists.record_filters import within
from crm_web.models import Lead, LeadStatus, StatusPeriod


@dataclass(frozen=True, kw_only=True)
class LeftStatusFilter:
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


def has_left_status(left: LeftStatusFilter) -> ColumnElement[bool]:
    """
    Build the condition that a lead left a status, once or more; ``ix_lead_stays_lead`` answers it for each lead.

    :param left: which status, when, and whose the lead was then
    :return: a condition on ``Lead``
    """
    period = exists().where(StatusPeriod.lead_id == Lead.id, *within(StatusPeriod.left_at, left.start, left.end))
    if left.statuses:
        period = period.where(StatusPeriod.status.in_(left.statuses))
    if left.owner_ids:
        period = period.where(func.coalesce(StatusPeriod.owner_id, 0).in_(left.owner_ids))
    if left.sources:
        period = period.where(func.coalesce(StatusPeriod.source, "").in_(left.sources))
    return period
