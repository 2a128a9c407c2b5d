"""The files that come with a message."""

import mimetypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crm_web.emails.incoming.reading.headers import read_words
from crm_web.emails.incoming.reading.structure import Part, Structure, first_of
from crm_web.emails.incoming.reading.text import LONGEST_TEXT
from crm_web.files.types import clean_name

MOST_FILES = 50
_MEGABYTE = 1024 * 1024
_NAMES = {"text/calendar": "invitation.ics", "application/ms-tnef": "winmail.dat", "message/rfc822": "message.eml"}


@dataclass(frozen=True)
class Attachment:
    """A file.

    :param left_out: why it is not kept, in words; its content is empty then
    """

    name: str
    size: int
    content: bytes = b""
    left_out: str | None = None


def list_attachments(structure: Structure, shown: Sequence[Part], *, most_mb: int) -> Iterator[Attachment]:
    """Read the files of a message, one after the other, and name those that are left out.

    :param shown: the parts that are the text of the message
    :param most_mb: how large a file may be
    """
    texts = {id(part) for part in shown if part.size <= LONGEST_TEXT}
    others = [part for part in structure.parts if id(part) not in texts and not _is_other_form(part)]
    for number, part in enumerate(others, 1):
        name = _name(part, number)
        if number > MOST_FILES:
            yield Attachment(name, part.size, left_out=f"An email can have at most {MOST_FILES} files.")
        else:
            yield _read(part, name, most_mb)
    if not structure.is_whole:
        yield Attachment("Further parts", 0, left_out="It has too many parts, or they are nested too deeply.")


def _read(part: Part, name: str, most_mb: int) -> Attachment:
    too_large = f"The limit is {most_mb} MB for each file."
    # In base64 three bytes take four, and a line more.
    if part.size > most_mb * _MEGABYTE * 3:
        return Attachment(name, part.size, left_out=too_large)
    content = part.read()
    if len(content) > most_mb * _MEGABYTE:
        return Attachment(name, len(content), left_out=too_large)
    return Attachment(name, len(content), content)


def _is_other_form(part: Part) -> bool:
    """Whether it is the text once more, in the form that is not read."""
    is_text = part.media_type in ("text/plain", "text/html") and not part.is_attached
    return is_text and not _sent_name(part) and (part.alternative is not None or part.size <= LONGEST_TEXT)


def _sent_name(part: Part) -> str:
    return read_words(part.header.get_filename() or "", 300)


def _name(part: Part, number: int) -> str:
    if sent := _sent_name(part):
        return clean_name(sent)
    if part.media_type in _NAMES:
        return _NAMES[part.media_type]
    if part.media_type in ("text/plain", "text/html") and not first_of(part.header, "content-disposition"):
        return "Whole email.html" if part.media_type == "text/html" else "Whole email.txt"
    return f"attachment-{number}{mimetypes.guess_extension(part.media_type) or ''}"
