"""How long what came in by email is kept beside the activities."""

from datetime import timedelta

from sqlalchemy import exists, func, select

from crm_web.models import Activity, IncomingAttachment, IncomingEmail, PlacingState
from crm_web.records.retention import delete_portion

KEPT_FOR = timedelta(days=90)
"""How long an email that is on no record is kept, and the account of one whose activity was removed."""
PLACED_FOR = timedelta(days=7)
"""How long the attachments of one that was placed by hand are kept beside its activity, to take it back."""


def delete_expired_emails() -> bool:
    """Delete some of what has expired; returns whether there may be more."""
    is_old = IncomingEmail.received_at < func.now() - KEPT_FOR
    is_on_record = exists().where(Activity.id == IncomingEmail.activity_id)
    has_more = delete_portion(IncomingEmail, is_old, ~is_on_record, limit=20)
    placed = select(IncomingEmail.id).where(
        IncomingEmail.state == PlacingState.PLACED, IncomingEmail.placed_at < func.now() - PLACED_FOR
    )
    return delete_portion(IncomingAttachment, IncomingAttachment.email_id.in_(placed), limit=20) or has_more
