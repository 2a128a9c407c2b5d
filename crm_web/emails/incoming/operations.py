"""Receiving emails, placing them on records, and what people do with those that wait."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from sqlalchemy import func, insert, update
from sqlalchemy.dialects.postgresql import insert as insert_once

from crm_web.activities.operations import add_activity, remove_activity
from crm_web.core.clock import now
from crm_web.core.config import current_settings
from crm_web.core.errors import Conflict
from crm_web.core.extensions import db
from crm_web.emails.incoming.notes import Note, choose_time, join_addresses, write_note
from crm_web.emails.incoming.placing import Decision, decide
from crm_web.emails.incoming.queries import find_own_mails, is_known, read_attachment
from crm_web.emails.incoming.reading.attachments import Attachment
from crm_web.emails.incoming.reading.bounces import Bounce
from crm_web.emails.incoming.reading.message import ReadEmail, read_email
from crm_web.files.operations import Received, add_files, receive_files
from crm_web.files.queries import has_files
from crm_web.leads.operations import create_lead
from crm_web.models import (
    FILE_CHUNK,
    ActivityKind,
    Customer,
    EmailKind,
    Employee,
    IncomingAttachment,
    IncomingAttachmentChunk,
    IncomingEmail,
    Lead,
    OutgoingMail,
    PlacingState,
    limit_of,
    set_audit_actor,
)
from crm_web.records.operations import RecordInTrash, lock, require_outside_trash


class NotWaiting(Conflict):
    """Somebody else has placed or ignored the email meanwhile."""


class NotPlaced(Conflict):
    """The email is on no record, or what was on it is gone."""


def receive_email(message: bytes, *, size: int | None = None) -> IncomingEmail | None:
    """Keep an email and place it where that is clear; once committed, it may come again without any effect.

    :param message: as it was sent, or its beginning: see ``read_email``
    :param size: the bytes of the whole message, if this is its beginning
    :return: the email; ``None`` if it was received before
    :raise FilesUnreachable: if its files can't be kept at present
    """
    email = read_email(message, most_mb=current_settings().max_file_mb, size=size)
    if is_known(email):
        return None
    decision = decide(email)
    note = write_note(email, [(it.name, it.left_out) for it in email.attachments if it.left_out is not None])
    received = _receive_files(email, note) if decision.record is not None else []
    set_audit_actor(None)
    kept = _keep(email, decision)
    if kept is None:
        return None
    if email.bounce is not None:
        _record_bounce(kept, email.bounce)
    if decision.record is None or not _place_at_once(kept, decision.record, note, received, by=decision.author):
        _keep_attachments(kept, email.attachments)
    db.session.flush()
    return kept


def _receive_files(email: ReadEmail, note: Note) -> list[Received]:
    """An upload ends the transaction, so it comes before everything else."""
    files = [(BytesIO(it.content), it.name) for it in email.attachments if it.left_out is None]
    return receive_files([*files, *note.files])


def _keep(email: ReadEmail, decision: Decision) -> IncomingEmail | None:
    kind = EmailKind.BOUNCE if email.bounce else EmailKind.AUTOMATIC if email.is_automatic else EmailKind.PERSONAL
    values = {
        "message_id": email.message_id,
        "content_hash": email.content_hash,
        "sent_at": choose_time(email.sent_at, now()),
        "kind": kind,
        # What is placed needs its activity first.
        "state": PlacingState.WAITING if decision.record is not None else decision.state,
        "reason": decision.reason,
        "sender_name": email.sender.name,
        "sender_email": email.sender.email,
        "co_senders": join_addresses(email.co_senders),
        "reply_to": join_addresses(email.reply_to),
        "recipients": join_addresses(email.recipients),
        "subject": email.subject,
        "body": email.body,
        "is_reply": decision.is_reply,
        "employee_id": decision.author.id if decision.author else None,
    }
    # A worker that receives the same email at the same time waits here until the other has committed.
    added = insert_once(IncomingEmail).values(**values).on_conflict_do_nothing().returning(IncomingEmail.id)
    kept_id = db.session.scalar(added)
    return None if kept_id is None else db.session.get_one(IncomingEmail, kept_id)


def _record_bounce(kept: IncomingEmail, bounce: Bounce) -> None:
    """Mark the email that came back; of one to an employee, whose ID can be guessed, only by its recipient."""
    mails = find_own_mails(bounce.ids)
    mail = next((it for it in mails if it.thread_token or it.recipient.lower() == bounce.recipient), None)
    if mail is None or mail.sent_at is None or not bounce.is_final:
        return
    error = bounce.reason[: limit_of(OutgoingMail.error)]
    marked = update(OutgoingMail).where(OutgoingMail.id == mail.id, OutgoingMail.bounced_at.is_(None))
    db.session.execute(marked.values(bounced_at=func.now(), error=error))
    kept.reason = f"The email to {mail.recipient} could not be delivered."[: limit_of(IncomingEmail.reason)]


def _place_at_once(
    kept: IncomingEmail, record: Lead | Customer, note: Note, received: Sequence[Received], *, by: Employee | None
) -> bool:
    """Place it, with its files there alone; returns whether that was possible."""
    try:
        with db.session.begin_nested():
            _add_activity(kept, record, note, received, by=by)
    except RecordInTrash:
        kept.reason = "Its record is in the trash."
        return False
    return True


def _keep_attachments(kept: IncomingEmail, attachments: Sequence[Attachment]) -> None:
    for it in attachments:
        row = IncomingAttachment(email_id=kept.id, name=it.name, size=it.size, left_out=it.left_out)
        db.session.add(row)
        db.session.flush()
        for number, start in enumerate(range(0, len(it.content), FILE_CHUNK)):
            piece = {"attachment_id": row.id, "number": number, "content": it.content[start : start + FILE_CHUNK]}
            db.session.execute(insert(IncomingAttachmentChunk).values(**piece))


def _add_activity(
    kept: IncomingEmail, record: Lead | Customer, note: Note, received: Sequence[Received], *, by: Employee | None
) -> None:
    values: dict[str, Any] = {
        "kind": ActivityKind.EMAIL,
        "subject": kept.subject.strip() or "No subject",
        "body": note.text,
        "happened_at": kept.sent_at,
    }
    if kept.employee_id is not None:
        values["created_by_id"] = kept.employee_id
    activity = add_activity(record, values, by=by, mentions=False)
    add_files(activity, received, by=by)
    kept.state, kept.activity_id, kept.placed_at = PlacingState.PLACED, activity.id, func.now()
    db.session.flush()


def place_email(email: IncomingEmail, record: Lead | Customer, *, by: Employee) -> None:
    """Place an email that waits or is ignored on a record; one that is placed moves there with its files.

    :raise RecordInTrash: if the record is in the trash
    :raise NotPlaced: if its activity was removed
    :raise FilesUnreachable: if its files can't be kept at present
    """
    with _prepare(email) as (note, received):
        lock(email)
        if email.is_placed:
            _move(email, record, by=by)
        else:
            _add_activity(email, record, note, received, by=by)
    _say_placed(email, by)


def _say_placed(email: IncomingEmail, by: Employee) -> None:
    email.reason = f"{by.name} placed it."[: limit_of(IncomingEmail.reason)]
    db.session.flush()


@contextmanager
def _prepare(email: IncomingEmail) -> Iterator[tuple[Note, list[Received]]]:
    """Write the text of its activity, and take its files in; that comes before anything is locked or changed."""
    rows = email.attachments
    note = write_note(email, [(it.name, it.left_out) for it in rows if it.left_out is not None])
    with ExitStack() as stack:
        files = [(_load(it, stack), it.name) for it in rows if it.left_out is None]
        yield note, [] if email.is_placed else receive_files([*files, *note.files])


def _load(attachment: IncomingAttachment, stack: ExitStack) -> BinaryIO:
    file = stack.enter_context(TemporaryFile())  # noqa: SIM115  # The caller closes the stack.
    for piece in read_attachment(attachment.id):
        file.write(piece)
    return file


def _move(email: IncomingEmail, record: Lead | Customer, *, by: Employee) -> None:
    activity = email.activity
    if activity is None:
        raise NotPlaced("Its activity was removed. Restore that first.")
    set_audit_actor(by)
    lock(record, shared=True)
    require_outside_trash(record)
    lock(activity)
    is_lead = isinstance(record, Lead)
    activity.lead_id, activity.customer_id = (record.id, None) if is_lead else (None, record.id)
    db.session.flush()


def ignore_email(email: IncomingEmail, *, by: Employee) -> None:
    """Ignore an email that waits.

    :raise NotWaiting: if somebody placed or ignored it meanwhile
    """
    _change_state(email, PlacingState.WAITING, PlacingState.IGNORED, f"{by.name} ignored it.")


def reconsider_email(email: IncomingEmail, *, by: Employee) -> None:
    """Return an ignored email to the waiting ones.

    :raise NotWaiting: if it is not ignored any more
    """
    _change_state(email, PlacingState.IGNORED, PlacingState.WAITING, f"{by.name} returned it to the waiting emails.")


def _change_state(email: IncomingEmail, old: PlacingState, new: PlacingState, reason: str) -> None:
    lock(email)
    if email.state is not old:
        raise NotWaiting("Someone else has already handled this email.")
    email.state, email.reason = new, reason[: limit_of(IncomingEmail.reason)]
    db.session.flush()


def take_back_email(email: IncomingEmail, *, by: Employee) -> None:
    """Undo the placing of an email: it waits again, and its activity is removed.

    :raise NotPlaced: if it is not placed, its activity was removed already, or its files are nowhere else
    """
    lock(email)
    if not email.is_placed or email.activity is None:
        raise NotPlaced("This email is not on a record.")
    if has_files(email.activity.id) and not email.attachments:
        raise NotPlaced("Its files are only on that record now. Place it on another record instead.")
    remove_activity(email.activity, by=by)
    email.state, email.activity_id, email.placed_at = PlacingState.WAITING, None, None
    email.reason = f"{by.name} took it back."[: limit_of(IncomingEmail.reason)]
    db.session.flush()


def make_lead(email: IncomingEmail, *, by: Employee) -> Lead:
    """Create a lead of the sender of an email that waits or is ignored, and place the email on it.

    :raise NotWaiting: if it was placed meanwhile
    :raise FilesUnreachable: if its files can't be kept at present
    """
    with _prepare(email) as (note, received):
        lock(email)
        if email.is_placed:
            raise NotWaiting("Someone else has already placed this email.")
        lead = create_lead(_name_sender(email) | {"owner_id": by.id}, by=by)
        _add_activity(email, lead, note, received, by=by)
    _say_placed(email, by)
    return lead


def _name_sender(email: IncomingEmail) -> dict[str, str | None]:
    last, comma, first = (part.strip() for part in email.sender_name.partition(","))
    if not comma:
        first, _, last = email.sender_name.rpartition(" ")
    if not email.sender_email and not last:
        last = "Unknown sender"
    # Forms on websites send in their own name, and name the person for the answer.
    address = email.sender_email if "," in email.reply_to else email.reply_to or email.sender_email
    return {"first_name": first or None, "last_name": last or None, "email": address or None}
