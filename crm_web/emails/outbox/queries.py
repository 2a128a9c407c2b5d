"""Queries for the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import joinedload

from crm_web.core.extensions import db
from crm_web.models import Activity, MailboxCheck, OutgoingMail

MOST = 50
"""How many emails of each kind the outbox shows."""


@dataclass(frozen=True)
class Outbox:
    """The latest emails, newest first."""

    failed: Sequence[OutgoingMail]
    waiting: Sequence[OutgoingMail]
    sent: Sequence[OutgoingMail]


def load_outbox() -> Outbox:
    """Load the latest emails that failed, wait and were sent, each with the lead or customer that it is on."""
    failed, sent = OutgoingMail.failed_at.is_not(None), OutgoingMail.sent_at.is_not(None)
    return Outbox(_list_latest(failed), _list_latest(~failed & ~sent), _list_latest(sent))


def _list_latest(is_so: ColumnElement[bool]) -> Sequence[OutgoingMail]:
    on_activity = joinedload(OutgoingMail.activity)
    loaded = (on_activity.joinedload(Activity.lead), on_activity.joinedload(Activity.customer))
    query = select(OutgoingMail).where(is_so).options(*loaded)
    return db.session.scalars(query.order_by(OutgoingMail.id.desc()).limit(MOST)).all()


def get_mailbox_check() -> MailboxCheck:
    """Return when the mailbox was read, and why it can't be."""
    return db.session.get_one(MailboxCheck, 1)


def get_mail(mail_id: int) -> OutgoingMail | None:
    """Find an email."""
    return db.session.get(OutgoingMail, mail_id)
