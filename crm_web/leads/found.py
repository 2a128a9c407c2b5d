"""The lead that a request is about to change."""

from flask import abort
from flask_login import current_user

from crm_web.models import Lead
from crm_web.records.operations import find_locked
from crm_web.records.queries import get_record
from crm_web.web.refills import is_refill


def lock_or_404(lead_id: int) -> Lead:
    """Find and lock a lead with one statement, in the trash or not; a form that is only shown again locks nothing.

    :raise NotFound: if there is none
    """
    if is_refill():
        return get_record(Lead, lead_id) or abort(404)
    return find_locked(Lead, lead_id, by=current_user) or abort(404)
