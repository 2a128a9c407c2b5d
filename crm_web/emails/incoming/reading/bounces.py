"""Reads the messages by which mail servers send an email back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32

from crm_web.emails.incoming.reading.headers import (
    is_from_server,
    read_address,
    read_ids,
    read_words,
    shorten_id,
)
from crm_web.emails.incoming.reading.structure import Part, Structure, first_of
from crm_web.emails.incoming.reading.text import clean_line

MOST_BLOCKS = 20
LARGEST_REPORT = 64 * 1024
_ORIGINALS = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers")
_ID_LINE = re.compile(rb"^message-id:\s*(<[^<>\s]{1,995}>)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Bounce:
    """What a mail server says about an email.

    :param ids: the message IDs that it may be about
    :param recipient: whom it could not be given to; empty if it doesn't say
    :param is_final: whether the server gave up
    """

    ids: Sequence[str]
    recipient: str
    reason: str
    is_final: bool


def read_bounce(structure: Structure, sender: str) -> Bounce | None:
    """Read a message as a bounce; ``None`` if it is none."""
    header = structure.header
    report = next((part for part in structure.parts if part.media_type == "message/delivery-status"), None)
    failed = first_of(header, "x-failed-recipients")
    if report is None and not (failed and is_from_server(header, sender)):
        return None
    ids = [*_list_original_ids(structure.parts), *read_ids(header, "in-reply-to", "references")]
    if report is None:
        return Bounce(ids, read_address(failed.partition(",")[0]), "It came back from a mail server.", is_final=True)
    blocks = _read_blocks(report)
    block = next((it for it in blocks if _action(it) == "failed"), blocks[-1] if blocks else Message())
    recipient = read_address(first_of(block, "final-recipient").rpartition(";")[2])
    said = read_words(first_of(block, "diagnostic-code"), 250).rpartition("; ")[2]
    status = clean_line(first_of(block, "status"), 30)
    reason = said if said.startswith(status) or status in said else f"{status} {said}"
    return Bounce(ids, recipient, reason.strip() or "It came back from a mail server.", _action(block) == "failed")


def _read_blocks(report: Part) -> list[Message]:
    text = report.read(LARGEST_REPORT).decode("utf-8", "replace")
    blocks = re.split(r"\r?\n\r?\n", text, maxsplit=MOST_BLOCKS)[:MOST_BLOCKS]
    return [HeaderParser(policy=compat32).parsestr(block) for block in blocks if block.strip()]


def _action(block: Message) -> str:
    return first_of(block, "action").strip().lower()


def _list_original_ids(parts: Sequence[Part]) -> list[str]:
    originals = [part.read(LARGEST_REPORT) for part in parts if part.media_type in _ORIGINALS]
    return [shorten_id(found[1].decode("utf-8", "replace")) for it in originals if (found := _ID_LINE.search(it))]
