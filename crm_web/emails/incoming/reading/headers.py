"""Reads what headers say: names, addresses, dates, and whether a program wrote the message."""

import re
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from hashlib import blake2b
from typing import NamedTuple

from crm_web.emails.incoming.reading.structure import first_of
from crm_web.emails.incoming.reading.text import clean_line, decode

LONGEST_ID = 300
MOST_ADDRESSES = 75
MOST_REFERENCES = 50
_ID = re.compile(r"<[^<>\s]{1,995}>")
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,189}")
_DAEMONS = ("mailer-daemon", "postmaster", "mailerdaemon")
_OF_LISTS = ("list-id", "list-unsubscribe", "list-post")
_OF_PROGRAMS = ("x-auto-response-suppress", "x-autoreply", "x-autorespond")
_BULK = ("bulk", "junk", "list", "auto_reply")
# How the subjects of replies begin that programs write for people who are away: not all of them have a header for it.
_AWAY = re.compile(
    r"(?i)(automatic reply|auto(matic)?[ -]?(reply|response)|out of (the )?office|automatische antwort|abwesenheit"
    r"|réponse automatique|absence du bureau|respuesta automática|fuera de la oficina|risposta automatica|fuori sede"
    r"|automatisch antwoord|resposta automática|autosvar|automatyczna odpowiedź|自動応答|自動返信|不在通知|自动答复"
    r"|자동 회신)"
)


class Mailbox(NamedTuple):
    """Somebody by name and address; either may be empty."""

    name: str
    email: str

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name and self.email else self.name or self.email


def read_words(value: str, limit: int) -> str:
    """Read a header as words on one line, encoded or not.

    :param value: as it is written
    :param limit: how long the result may be
    """
    try:
        pieces = [(_as_bytes(piece), charset) for piece, charset in decode_header(value)]
    except (HeaderParseError, ValueError):
        pieces = [(_as_bytes(value), None)]
    return clean_line("".join(decode(piece, charset or "utf-8") for piece, charset in pieces), limit)


def _as_bytes(piece: str | bytes) -> bytes:
    if isinstance(piece, bytes):
        return piece
    # What a header holds beyond ASCII, the library gives as surrogates.
    return piece.encode("utf-8", "surrogateescape") if not _has_others(piece) else piece.encode("utf-8", "replace")


def _has_others(text: str) -> bool:
    return any("\ud800" <= sign <= "\udc7f" or "\udd00" <= sign <= "\udfff" for sign in text)


def read_mailboxes(header: Message, *names: str) -> list[Mailbox]:
    """Read the people in some headers."""
    written = [str(value) for known, value in header.raw_items() if known.lower() in names]
    try:
        pairs = getaddresses(written[:20])
    except (ValueError, IndexError, RecursionError, TypeError, AttributeError):
        return []
    read = [_read_mailbox(name, email.strip()) for name, email in pairs[:MOST_ADDRESSES]]
    return [mailbox for mailbox in read if mailbox.name or mailbox.email]


def _read_mailbox(name: str, written: str) -> Mailbox:
    """What is no address that can be written to here, such as one with an umlaut, is told with the name."""
    email = read_address(written)
    shown = f"{name} <{written}>" if name else written
    return Mailbox(read_words(shown if written and not email else name, 300), email)


def read_address(written: str) -> str:
    """Read an address in lower case; empty if it is none."""
    address = written.strip().lower()
    return address if _ADDRESS.fullmatch(address) and address.isprintable() else ""


def find_addresses(text: str) -> list[str]:
    """List the addresses in a text, each once."""
    found = (match[0].strip(".").lower() for match in _ADDRESS.finditer(text))
    return list(dict.fromkeys(found))[:MOST_ADDRESSES]


def read_ids(header: Message, *names: str) -> list[str]:
    """List the message IDs in some headers, those of the first header first, the latest of each first."""
    found = [one for name in names for one in reversed(_ID.findall(first_of(header, name)))]
    return [shorten_id(one) for one in dict.fromkeys(found)][:MOST_REFERENCES]


def shorten_id(message_id: str) -> str:
    """Return a message ID as it is compared: what is too long to be kept by a hash of it."""
    message_id = clean_line(message_id, 1000)
    if len(message_id) <= LONGEST_ID:
        return message_id
    return f"<{blake2b(message_id.encode(), digest_size=16).hexdigest()}@long>"


def read_date(header: Message) -> datetime | None:
    """Read when a message says it was written."""
    try:
        written = parsedate_to_datetime(first_of(header, "date"))
        return (written if written.tzinfo else written.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def is_automatic(header: Message, sender: str) -> bool:
    """Return whether a program wrote or distributed the message, such as an out-of-office reply or a newsletter."""
    submitted = first_of(header, "auto-submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no") or first_of(header, "precedence").strip().lower() in _BULK:
        return True
    if any(first_of(header, name) for name in (*_OF_LISTS, *_OF_PROGRAMS)):
        return True
    return bool(_AWAY.match(read_words(first_of(header, "subject"), 300))) or is_from_server(header, sender)


def is_from_server(header: Message, sender: str) -> bool:
    """Return whether a mail server wrote the message: nobody may answer it."""
    return first_of(header, "return-path").strip() == "<>" or sender.partition("@")[0] in _DAEMONS


def fails_authentication(header: Message) -> bool:
    """Return whether a mail server on the way found that its sender is forged."""
    results = (str(value).lower() for name, value in header.raw_items() if name.lower() == "authentication-results")
    return any("dmarc=fail" in result for result in results)
