"""The lead that a request is about to change."""

from flask_login import current_user
from werkzeug.exceptions import NotFound

from crm_web.core.errors import RecordGone
from crm_web.history.formatting import RecordRef
from crm_web.history.queries import find_end
from crm_web.models import Lead
from crm_web.records.operations import find_locked
from crm_web.records.queries import get_record
from crm_web.web.refills import is_refill


def lock_or_404(lead_id: int) -> Lead:
    """Find and lock a lead with one statement, in the trash or not; a form that is only shown again locks nothing.

    :raise RecordGone: if it was deleted permanently, perhaps while this waited for the lock
    :raise NotFound: if there never was one
    """
    lead = get_record(Lead, lead_id) if is_refill() else find_locked(Lead, lead_id, by=current_user)
    if lead is None:
        raise RecordGone if find_end(RecordRef("lead", lead_id)) else NotFound
    return lead
