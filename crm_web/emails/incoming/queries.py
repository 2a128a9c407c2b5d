"""Queries for emails that came in: where they belong, and the pages about them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload, undefer

from crm_web.core.extensions import db
from crm_web.emails.incoming.reading.message import ReadEmail
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import Page, load_page
from crm_web.models import (
    Activity,
    Contact,
    Customer,
    Employee,
    IncomingAttachment,
    IncomingAttachmentChunk,
    IncomingEmail,
    Lead,
    LeadStatus,
    OutgoingMail,
    PlacingState,
    StatusKind,
)
from crm_web.search.queries import search_everything

MOST = 20
"""So many records of each kind are looked at."""
_MERGES = 5
"""So often what was merged is followed."""
_OURS = re.compile(r"<piper-(?:(?P<token>[0-9a-f]{20})|(?P<id>\d{1,18}))@")
NEWEST_FIRST = Sort(IncomingEmail.received_at.expression, IncomingEmail.id.expression, descending=True)


def is_known(email: ReadEmail) -> bool:
    """Return whether an email was received before."""
    same = (IncomingEmail.message_id == email.message_id, IncomingEmail.content_hash == email.content_hash)
    return db.session.scalar(select(IncomingEmail.id).where(*same)) is not None


def find_own_mails(ids: Iterable[str]) -> Sequence[OutgoingMail]:
    """Find the emails that we sent among message IDs, in their order."""
    found = [match for it in ids if (match := _OURS.match(it))]
    tokens = [match["token"] for match in found if match["token"]]
    numbers = [int(match["id"]) for match in found if match["id"]]
    if not found:
        return []
    # An email from a record is known by its token alone, which nobody can guess.
    is_known = or_(
        OutgoingMail.thread_token.in_(tokens), OutgoingMail.id.in_(numbers) & OutgoingMail.thread_token.is_(None)
    )
    mails = db.session.scalars(select(OutgoingMail).where(is_known).options(joinedload(OutgoingMail.activity))).all()
    order = {key: place for place, key in enumerate([*tokens, *map(str, numbers)])}
    return sorted(mails, key=lambda mail: order[mail.thread_token or str(mail.id)])


def find_answered(ids: Sequence[str]) -> Lead | Customer | None:
    """Find the record of the latest email that is answered: one that we sent, or one that is placed.

    :param ids: message IDs, the latest first
    """
    activities: dict[str, Activity] = {}
    for mail in find_own_mails(ids):
        if mail.activity is not None:
            activities |= {it: mail.activity for it in ids if mail.thread_token and f"-{mail.thread_token}@" in it}
    placed = select(IncomingEmail).where(IncomingEmail.message_id.in_(ids), IncomingEmail.activity_id.is_not(None))
    for email in db.session.scalars(placed.options(joinedload(IncomingEmail.activity))):
        if email.activity is not None:
            activities.setdefault(email.message_id, email.activity)
    latest = next((activities[it] for it in ids if it in activities), None)
    return None if latest is None else _follow_merges(latest.record)


def find_employees(emails: Iterable[str]) -> dict[str, Employee]:
    """Find the employees with some addresses."""
    found = select(Employee).where(Employee.email_normalised.in_(list(emails)))
    return {employee.email.lower(): employee for employee in db.session.scalars(found)}


def list_records(emails: Sequence[str]) -> list[Lead | Customer]:
    """List the leads and customers with some addresses, outside the trash, those that it is likeliest about first.

    Of what belongs together only the most particular one is listed: the one open lead of a customer instead of the
    customer, a customer instead of its won and lost leads.
    """
    if not emails:
        return []
    leads = list(_list_living(Lead, emails))
    customers = [*_list_living(Customer, emails), *(it.customer for it in _list_living(Contact, emails))]
    customers += [lead.customer for lead in leads if lead.customer is not None and lead.status is LeadStatus.WON]
    living = {it.id: it for it in map(_follow_merges, customers) if it is not None}
    open_leads = [lead for lead in leads if lead.status.kind is StatusKind.OPEN]
    by_customer: dict[int | None, list[Lead]] = {}
    for lead in open_leads:
        by_customer.setdefault(lead.customer_id, []).append(lead)
    several = {it for it, its in by_customer.items() if it is not None and len(its) > 1}
    shown = [lead for lead in open_leads if lead.customer_id not in several]
    shown_customers = [it for it in living.values() if len(by_customer.get(it.id, ())) != 1]
    lost = [] if shown or shown_customers else [lead for lead in leads if lead.status.kind is StatusKind.LOST]
    return [*shown, *shown_customers, *lost]


def _list_living(model: Any, emails: Sequence[str]) -> Iterator[Any]:
    """Those in the trash are left out; those that were merged lead to the one that was kept."""
    is_there = or_(model.deleted_at.is_(None), model.merged_into_id.is_not(None))
    query: Select[Any] = select(model).where(model.email_normalised.in_(emails), is_there).order_by(model.id.desc())
    query = query if model is Customer else query.options(joinedload(model.customer))
    kept: dict[int, Any] = {}
    for found in db.session.scalars(query.limit(MOST)):
        record = _follow_merges(found)
        if record is not None:
            kept.setdefault(record.id, record)
    yield from kept.values()


def _follow_merges(record: Any) -> Any | None:
    for _ in range(_MERGES):
        if record.merged_into_id is None:
            break
        record = db.session.get(type(record), record.merged_into_id)
    return None if record is None or record.is_in_trash else record


def list_emails(state: PlacingState, *, cursor: str | None, size: int) -> Page:
    """Load a page of the emails in a state, newest first, each with its activity and the record of that."""
    query = select(IncomingEmail).where(IncomingEmail.state == state)
    activity = joinedload(IncomingEmail.activity)
    loaded = (activity.joinedload(Activity.lead), activity.joinedload(Activity.customer))
    return load_page(query.options(*loaded), NEWEST_FIRST, cursor=cursor, size=size)


def get_email(email_id: int) -> IncomingEmail | None:
    """Find an email with its text, its attachments and its activity."""
    activity = joinedload(IncomingEmail.activity)
    loaded = (
        undefer(IncomingEmail.body),
        joinedload(IncomingEmail.attachments),
        activity.joinedload(Activity.lead),
        activity.joinedload(Activity.customer),
    )
    return db.session.get(IncomingEmail, email_id, options=loaded)


def find_attachment(email_id: int, attachment_id: int) -> IncomingAttachment | None:
    """Find an attachment of an email, unless it was left out."""
    asked = (IncomingAttachment.email_id == email_id, IncomingAttachment.id == attachment_id)
    return db.session.scalar(select(IncomingAttachment).where(*asked, IncomingAttachment.left_out.is_(None)))


def read_attachment(attachment_id: int) -> Iterator[bytes]:
    """Read an attachment, a piece at a time."""
    chunk = IncomingAttachmentChunk
    numbers = select(chunk.number).where(chunk.attachment_id == attachment_id).order_by(chunk.number)
    for number in db.session.scalars(numbers).all():
        piece = select(chunk.content).where(chunk.attachment_id == attachment_id, chunk.number == number)
        yield bytes(db.session.scalar(piece) or b"")


def search_records(words: str) -> list[Lead | Customer]:
    """Find leads and customers to place an email on, as the search finds them; a contact leads to its customer.

    :raise SearchTooSlow: when the database gave up
    """
    if not words:
        return []
    found = search_everything(words)
    ids = {entity: [hit.id for hit in found.hits.get(entity, [])[:MOST]] for entity in ("lead", "customer", "contact")}
    of_contacts = select(Contact.customer_id).where(Contact.id.in_(ids["contact"]))
    leads = db.session.scalars(select(Lead).where(Lead.id.in_(ids["lead"]), Lead.deleted_at.is_(None)))
    is_found = or_(Customer.id.in_(ids["customer"]), Customer.id.in_(of_contacts))
    customers = db.session.scalars(select(Customer).where(is_found, Customer.deleted_at.is_(None)))
    known = {("lead", lead.id): lead for lead in leads}
    in_order = [known[hit.entity, hit.id] for hit in found.hits.get("lead", []) if (hit.entity, hit.id) in known]
    return [*in_order, *customers]
