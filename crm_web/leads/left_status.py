"""The filter for leads that left a status, as the time-in-status report counts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func

from crm_web.lists.record_filters import within
from crm_web.models import Lead, LeadStatus, StatusPeriod


@dataclass(frozen=True, kw_only=True)
class LeftStatusFilter:
    """A filter for leads that left a status; empty parts match anything.

    :param start: left at or after this time
    :param end: left before this time
    :param owner_ids: owned by any of these then; 0 means unassigned
    :param sources: from any of these then; the empty text means none
    """

    statuses: Sequence[LeadStatus] = ()
    start: datetime | None = None
    end: datetime | None = None
    owner_ids: Sequence[int] = ()
    sources: Sequence[str] = ()


def has_left_status(left: LeftStatusFilter) -> ColumnElement[bool]:
    """Build the condition that a lead left a status at least once."""
    period = exists().where(StatusPeriod.lead_id == Lead.id, *within(StatusPeriod.left_at, left.start, left.end))
    if left.statuses:
        period = period.where(StatusPeriod.status.in_(left.statuses))
    if left.owner_ids:
        period = period.where(func.coalesce(StatusPeriod.owner_id, 0).in_(left.owner_ids))
    if left.sources:
        period = period.where(func.coalesce(StatusPeriod.source, "").in_(left.sources))
    return period.correlate(Lead)
