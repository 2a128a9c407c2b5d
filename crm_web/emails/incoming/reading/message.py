"""Reads a message as a whole."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import Message
from hashlib import blake2b

from crm_web.emails.incoming.reading.attachments import Attachment, list_attachments
from crm_web.emails.incoming.reading.bounces import Bounce, read_bounce
from crm_web.emails.incoming.reading.headers import (
    Mailbox,
    fails_authentication,
    find_addresses,
    is_automatic,
    read_date,
    read_ids,
    read_mailboxes,
    read_words,
    shorten_id,
)
from crm_web.emails.incoming.reading.html_text import read_html
from crm_web.emails.incoming.reading.structure import Part, first_of, split_message
from crm_web.emails.incoming.reading.text import LONGEST_TEXT, clean, decode, tidy, unflow

LARGEST = 40 * 1024 * 1024
"""A file of 25 MB takes 34 MB in an email. Of a larger email only the beginning is read."""
BEGINNING = 1024 * 1024
LONGEST_BODY = 200_000
SEARCHED = 20_000
"""So far into a text addresses are looked for."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReadEmail:
    """What a message says.

    :param mark: what our own emails carry in the header ``X-Piper-CRM``
    :param co_senders: the others in From
    :param reply_to: to whom answers are wanted, where these are others
    :param references: the message IDs that it answers, the latest first
    :param mentioned: the addresses in its text, and the senders of messages that it forwards
    """

    message_id: str
    content_hash: str
    mark: str
    sent_at: datetime | None
    sender: Mailbox
    co_senders: Sequence[Mailbox]
    reply_to: Sequence[Mailbox]
    recipients: Sequence[Mailbox]
    subject: str
    body: str
    references: Sequence[str]
    mentioned: Sequence[str]
    is_automatic: bool
    is_forged: bool
    bounce: Bounce | None
    attachments: Sequence[Attachment]


def read_email(message: bytes, *, most_mb: int, size: int | None = None) -> ReadEmail:
    """Read a message, whatever it holds.

    :param message: as it was sent; of one that is larger than ``LARGEST`` only the ``BEGINNING``
    :param most_mb: how large an attachment may be
    :param size: the bytes of the whole message, if this is its beginning
    """
    try:
        email = _read(message, most_mb)
    except Exception:
        # An email that a fault of this program can't read must not be lost, nor hold up the others.
        log.exception("an email could not be read")
        email = _keep_unread(message, most_mb)
    if size is None:
        return email
    rest = Attachment("Rest of the email", size, left_out=f"The limit is {LARGEST // BEGINNING} MB for an email.")
    return replace(email, attachments=[*email.attachments, rest])


def _read(message: bytes, most_mb: int) -> ReadEmail:
    structure = split_message(message)
    header = structure.header
    content_hash = _hash(message, structure.body, header)
    senders = read_mailboxes(header, "from") or read_mailboxes(header, "sender")[:1] or [Mailbox("", "")]
    sender, known = senders[0], {it.email for it in senders}
    bounce = read_bounce(structure, sender.email)
    shown = _choose_texts(structure.parts)
    body = tidy("\n\n".join(filter(None, map(_read_text, shown))))
    attachments = list(list_attachments(structure, shown, most_mb=most_mb))
    if len(body) > LONGEST_BODY:
        attachments.append(_keep_text(body))
    return ReadEmail(
        message_id=_read_id(header) or f"<{content_hash}@without-id>",
        content_hash=content_hash,
        mark=first_of(header, "x-piper-crm").strip(),
        sent_at=read_date(header),
        sender=sender,
        co_senders=senders[1:],
        reply_to=[it for it in read_mailboxes(header, "reply-to") if it.email not in known],
        recipients=read_mailboxes(header, "to", "cc"),
        subject=read_words(first_of(header, "subject"), 300),
        body=body[:LONGEST_BODY],
        references=read_ids(header, "in-reply-to", "references"),
        mentioned=[*_list_forwarded(structure.parts), *find_addresses(body[:SEARCHED])],
        is_automatic=is_automatic(header, sender.email),
        is_forged=fails_authentication(header),
        bounce=bounce,
        attachments=attachments,
    )


def _keep_unread(message: bytes, most_mb: int) -> ReadEmail:
    digest = blake2b(message, digest_size=16).hexdigest()
    too_large = len(message) > most_mb * BEGINNING
    kept = Attachment("message.eml", len(message), *((b"", "It is too large.") if too_large else (message,)))
    return ReadEmail(
        message_id=f"<{digest}@unread>",
        content_hash=digest,
        mark="",
        sent_at=None,
        sender=Mailbox("", ""),
        co_senders=[],
        reply_to=[],
        recipients=[],
        subject="Email that could not be read",
        body="",
        references=[],
        mentioned=[],
        is_automatic=False,
        is_forged=False,
        bounce=None,
        attachments=[kept],
    )


def _hash(message: bytes, body: int, header: Message) -> str:
    """Hash what the message says, however its lines end; the headers that it gets on its way are left out."""
    digest = blake2b(digest_size=16)
    for name in ("from", "date", "subject"):
        digest.update(" ".join(first_of(header, name).split()).encode("utf-8", "surrogatepass") + b"\0")
    for start in range(body, len(message), BEGINNING):
        digest.update(message[start : start + BEGINNING].replace(b"\r", b""))
    return digest.hexdigest()


def _read_id(header: Message) -> str:
    written = first_of(header, "message-id")
    return next(iter(read_ids(header, "message-id")), "") or shorten_id(read_words(written, 1000))


def _choose_texts(parts: Sequence[Part]) -> list[Part]:
    """Choose the parts that are its text, one of several forms of the same."""
    forms: dict[tuple[str, int], list[Part]] = {}
    for place, part in enumerate(parts):
        if part.media_type in ("text/plain", "text/html") and not _is_file(part):
            same = ("alone", place) if part.alternative is None else ("form", part.alternative)
            forms.setdefault(same, []).append(part)
    return [_choose_form(some) for some in forms.values()]


def _choose_form(forms: Sequence[Part]) -> Part:
    """Choose the plain form, unless that is empty."""
    if len(forms) == 1:
        return forms[0]
    plain = next((it for it in forms if it.media_type == "text/plain" and _read_text(it)), None)
    return plain or next((it for it in forms if it.media_type == "text/html"), forms[0])


def _is_file(part: Part) -> bool:
    return part.is_attached or bool(part.header.get_filename())


def _read_text(part: Part) -> str:
    charset = part.header.get_content_charset() or "utf-8"
    text = decode(part.read(LONGEST_TEXT), charset)
    if part.media_type == "text/html":
        return tidy(clean(read_html(text)))
    if str(part.header.get_param("format", "")).lower() == "flowed":
        text = unflow(text, deletes_space=str(part.header.get_param("delsp", "")).lower() == "yes")
    return tidy(clean(text))


def _keep_text(text: str) -> Attachment:
    content = text.encode()
    return Attachment("Whole email.txt", len(content), content)


def _list_forwarded(parts: Sequence[Part]) -> list[str]:
    """The senders of messages that are attached."""
    messages = [part for part in parts if part.media_type == "message/rfc822"][:5]
    headers = [split_message(part.read(LONGEST_TEXT)).header for part in messages]
    return [mailbox.email for header in headers for mailbox in read_mailboxes(header, "from") if mailbox.email]
