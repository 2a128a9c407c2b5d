"""Records in JSON as rows of text: one object a line, as our API exports them, or one list of objects."""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from crm_web.imports.encodings import FileUnreadable

_START = re.compile(rb'\s*(?:\[\s*)?\{\s*"')
BLOCK = 64 * 1024
LARGEST_OBJECT = 1_000_000
"""Characters; a lead has some thousands."""


def is_json(head: bytes) -> bool:
    """Return whether a file begins like JSON."""
    return _START.match(head.removeprefix(codecs.BOM_UTF8)) is not None


def read_json(stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Read the objects of a file.

    :return: the names of all their fields as the first row, then the values of each object, numbered from 1
    :raise FileUnreadable: if it is no list of objects
    """
    names = list(dict.fromkeys(name for found in _iterate_objects(stream) for name in found))
    if names:
        yield 0, names
    for number, found in enumerate(_iterate_objects(stream), start=1):
        yield number, [found.get(name, "") for name in names]


def _iterate_objects(stream: BinaryIO) -> Iterator[dict[str, str]]:
    """One at a time, with flat memory."""
    decoder = json.JSONDecoder()
    text, is_over, count = "", False, 0
    blocks = _read_text(stream)
    while True:
        text = text.lstrip(" \t\r\n,") if count else text.lstrip(" \t\r\n[")
        if is_over and text.rstrip() in ("", "]"):
            return
        try:
            found, end = decoder.raw_decode(text)
        except json.JSONDecodeError as error:
            piece = next(blocks, None)
            if piece is None or len(text) > LARGEST_OBJECT:
                raise FileUnreadable(f"Object {count + 1:,} is not valid JSON: {error.msg}.") from error
            text, is_over = text + piece, piece == ""
            continue
        if not isinstance(found, dict):
            raise FileUnreadable("This JSON is not a list of records.")
        count += 1
        text = text[end:]
        yield dict(_flatten("", found))


def _read_text(stream: BinaryIO) -> Iterator[str]:
    """Its blocks, and an empty one at the end."""
    stream.seek(0)
    decode = codecs.getincrementaldecoder("utf-8-sig")().decode
    try:
        while block := stream.read(BLOCK):
            yield decode(block)
        yield decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise FileUnreadable("This JSON is not in UTF-8.") from error


def _flatten(prefix: str, found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """``{"owner": {"email": …}}`` is a field ``owner.email``."""
    for name, value in found.items():
        if isinstance(value, dict):
            yield from _flatten(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", _write(value)


def _write(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(_write, value))
    return str(value)
