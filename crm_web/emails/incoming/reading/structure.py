"""Splits a message into its parts.

The parser of the standard library recurses for each level and asks each boundary at each line: a thousand levels end
in a RecursionError, some hundred keep it busy for minutes, and it holds a message several times. Here parts are places
in the one copy of the message, and levels, parts and headers are bounded. What a header says, the library tells.
"""

import re
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from functools import cached_property
from itertools import chain

DEEPEST = 12
MOST_PARTS = 200
LARGEST_HEADER = 256 * 1024
LONGEST_LINE = 8_000
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_OTHERS = bytes(set(range(256)) - set(_BASE64))
_BLOCK = 1024 * 1024
_END_OF_HEADER = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Part:
    """A part of a message that holds no others.

    :param alternative: which choice of forms of one text it is one of; ``None`` if of none
    """

    message: bytes
    header: Message
    start: int
    end: int
    alternative: int | None = None

    @cached_property
    def media_type(self) -> str:
        """Such as ``text/plain``, in lower case."""
        return self.header.get_content_type()

    @property
    def is_attached(self) -> bool:
        return (self.header.get_content_disposition() or "") == "attachment"

    @property
    def size(self) -> int:
        """Bytes at most, as they are sent."""
        return self.end - self.start

    def read(self, most: int | None = None) -> bytes:
        """Decode the content; what is wrong in its encoding is left out.

        :param most: only so many bytes of what was sent
        """
        end = self.end if most is None else min(self.end, self.start + most)
        encoding = first_of(self.header, "content-transfer-encoding").strip().lower()
        if encoding == "base64":
            return b"".join(self._decode_base64(end))
        sent = self.message[self.start : end]
        return a2b_qp(sent) if encoding == "quoted-printable" else sent

    def _decode_base64(self, end: int) -> Iterator[bytes]:
        """Decode block after block, so that a large file is not held several times."""
        rest = b""
        for start in range(self.start, end, _BLOCK):
            letters = rest + self.message[start : min(end, start + _BLOCK)].translate(None, _OTHERS)
            whole = len(letters) // 4 * 4
            rest = letters[whole:]
            yield a2b_base64(letters[:whole])
        if len(rest) > 1:
            yield a2b_base64(rest + b"=" * (4 - len(rest)))


@dataclass(frozen=True)
class Structure:
    """The parts of a message.

    :param body: where its header ends
    :param is_whole: whether all of them are here; otherwise there were too many, or they lay too deep
    """

    header: Message
    body: int
    parts: list[Part]
    is_whole: bool


def first_of(header: Message, name: str) -> str:
    """Return the first header of a name, as it is written; empty without one.

    :param name: in lower case
    """
    return next((str(value) for known, value in header.raw_items() if known.lower() == name), "")


def split_message(message: bytes) -> Structure:
    """Split a message into parts."""
    if b"\n" not in message:
        # Lines that end as those of old Macs did: all of it would be one header.
        message = message.replace(b"\r", b"\n")
    header, body = _read_header(message, 0, len(message))
    walk = _Walk(message)
    walk.visit(header, body, len(message), depth=0, alternative=None)
    return Structure(header, body, walk.parts, walk.is_whole)


class _Walk:
    def __init__(self, message: bytes) -> None:
        self.message = message
        self.parts: list[Part] = []
        self.is_whole = True
        self._alternatives = 0

    def visit(self, header: Message, start: int, end: int, *, depth: int, alternative: int | None) -> None:
        boundary = _find_boundary(header)
        places = _split(self.message, boundary, start, end) if boundary and depth < DEEPEST else None
        first = next(places, None) if places else None
        if first is None or places is None:
            self.is_whole &= depth < DEEPEST
            self.parts.append(Part(self.message, header, start, end, alternative))
            return
        if header.get_content_subtype() == "alternative" and alternative is None:
            self._alternatives += 1
            alternative = self._alternatives
        for begin, stop in chain([first], places):
            if len(self.parts) >= MOST_PARTS:
                self.is_whole = False
                return
            inner, body = _read_header(self.message, begin, stop)
            self.visit(inner, body, stop, depth=depth + 1, alternative=alternative)


def _read_header(message: bytes, start: int, end: int) -> tuple[Message, int]:
    """Read the header of a part; returns where its content begins."""
    if message[start : start + 2] == b"\r\n" or message[start : start + 1] == b"\n":
        return Message(), start + (2 if message[start : start + 1] == b"\r" else 1)
    found = _END_OF_HEADER.search(message, start, end)
    stop, body = (found.start(), found.end()) if found else (end, end)
    block = message[start : min(stop, start + LARGEST_HEADER)]
    return _shorten(BytesHeaderParser(policy=compat32).parsebytes(block)), body


def _shorten(header: Message) -> Message:
    """Cut each header: what looks for parameters in them takes the square of their length."""
    short = Message()
    for name, value in header.raw_items():
        short.set_raw(name, str(value)[:LONGEST_LINE])
    return short


def _find_boundary(header: Message) -> bytes:
    if header.get_content_maintype() != "multipart":
        return b""
    try:
        return (header.get_boundary() or "").encode("ascii", "surrogateescape")
    except ValueError:
        return b""


def _split(message: bytes, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Tell where the parts between boundaries begin and end; one that never ends goes to the end of what holds it."""
    line = re.compile(rb"(?<![^\n])--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    begin = None
    for found in line.finditer(message, start, end):
        if begin is not None:
            yield begin, max(begin, found.start() - (2 if message[found.start() - 2 : found.start()] == b"\r\n" else 1))
        if found[1]:
            return
        begin = found.end()
    if begin is not None:
        yield begin, end
