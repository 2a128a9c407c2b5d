"""vCards of versions 2.1 to 4.0 as rows of text, one card a row; pictures, sounds and keys are left out."""

import codecs
import logging
import quopri
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from crm_web.imports.encodings import FileUnreadable

_BEGIN = re.compile(rb"\s*BEGIN:\s*VCARD", re.I)
_UTF_16 = re.compile(b"(?:\xfe\xff)?\0B\0E\0G\0I\0N\0:|(?:\xff\xfe)?B\0E\0G\0I\0N\0:\0", re.I)
_BINARY = ("PHOTO", "LOGO", "SOUND", "KEY")
LONGEST_CARD = 1_000_000
"""Characters, pictures aside; a card has some hundreds."""
_PHONES = {"cell": "Mobile", "fax": "Fax", "pager": "Pager", "work": "Business Phone", "home": "Home Phone"}
_ADDRESSES = {"work": "Business ", "home": "Home "}
_LABELS = {"title": "Job Title", "url": "Website", "note": "Notes", "uid": "UUID", "fn": "Display Name"}
_SKIPPED = ("version", "n", "prodid", "rev", "label")

# What it can't read is told by an error.
logging.getLogger("vobject").setLevel(logging.CRITICAL)


def is_vcard(head: bytes) -> bool:
    """Return whether a file begins like a vCard."""
    return _BEGIN.match(head.removeprefix(codecs.BOM_UTF8)) is not None or _UTF_16.match(head) is not None


def read_vcards(stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Read the cards of a file.

    :return: the names of all their fields as the first row, then the values of each card, numbered from 1
    :raise FileUnreadable: if a card can't be read
    """
    names = list(dict.fromkeys(name for card in _iterate_cards(stream) for name in card))
    if names:
        yield 0, names
    for number, card in enumerate(_iterate_cards(stream), start=1):
        yield number, [card.get(name, "") for name in names]


def _iterate_cards(stream: BinaryIO) -> Iterator[dict[str, str]]:
    """One at a time, with flat memory."""
    number, lines, left_out = 0, list[str](), list[str]()
    for line in _iterate_properties(stream):
        name = re.split("[;:]", line, maxsplit=1)[0].rpartition(".")[2].upper()
        if name in _BINARY:
            left_out.append(name.capitalize())
        elif line.strip() and name != "PROFILE":
            lines.append(line)
        if sum(map(len, lines)) > LONGEST_CARD:
            raise FileUnreadable(f"Card {number + 1:,} is longer than {LONGEST_CARD:,} characters.")
        if line.upper().startswith("END:"):
            number += 1
            yield _flatten(_parse(lines, number)) | dict.fromkeys(left_out, "(not imported)")
            lines, left_out = [], []
    if lines:
        raise FileUnreadable(f"Card {number + 1:,} of this vCard file has no end.")


def _parse(lines: list[str], number: int) -> Any:
    # It takes ten megabytes, which only who reads cards has to spend.
    import vobject

    try:
        return vobject.readOne("\r\n".join(lines), ignoreUnreadable=True)
    except Exception as error:  # The library raises whatever its parts do.
        raise FileUnreadable(f"Card {number:,} can’t be read as a vCard.") from error


def _iterate_properties(stream: BinaryIO) -> Iterator[str]:
    """Lines that belong together, as one, decoded."""
    stream.seek(0)
    is_wide = _UTF_16.match(stream.read(16)) is not None
    stream.seek(0)
    lines = codecs.iterdecode(stream, "utf-16" if stream.read(2) != b"\0B" else "utf-16-be") if is_wide else None
    stream.seek(0)
    held = b""
    for raw in (line.encode() for line in _split(lines)) if lines else stream:
        line = raw.rstrip(b"\r\n")
        if held.endswith(b"=") and _is_quoted(held):
            held = held[:-1] + line
        elif line[:1] in (b" ", b"\t"):
            held += line[1:]
        elif held and b":" not in line and _is_binary(held):
            continue
        else:
            yield _decode(held)
            held = line
    yield _decode(held)


def _split(pieces: Iterator[str]) -> Iterator[str]:
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece).split("\n")
        yield from lines
    yield rest


def _is_quoted(line: bytes) -> bool:
    return b"QUOTED-PRINTABLE" in line.partition(b":")[0].upper()


def _is_binary(line: bytes) -> bool:
    return b"BASE64" in line.partition(b":")[0].upper() or b"ENCODING=B" in line.partition(b":")[0].upper()


def _decode(line: bytes) -> str:
    """Decode a property by what it says itself; else it is UTF-8, or Western European as old telephones write it."""
    head, colon, value = line.partition(b":")
    charset = re.search(rb"CHARSET=\"?([\w-]+)", head, re.I)
    if _is_quoted(line):
        value = quopri.decodestring(value)
    try:
        text = value.decode(charset[1].decode() if charset else "utf-8")
    except (UnicodeDecodeError, LookupError):
        text = value.decode("cp1252", "replace")
    shown = re.sub(r";?(?:ENCODING=)?QUOTED-PRINTABLE|;?CHARSET=\"?[\w-]+\"?", "", head.decode("latin-1"), flags=re.I)
    return f"{shown}{colon.decode()}" + text.replace("\r\n", "\\n").replace("\n", "\\n")


def _flatten(card: Any) -> dict[str, str]:
    """Every property of a card under a heading that the columns know, or under its own."""
    found: dict[str, str] = {}
    name = getattr(card, "n", None)
    if name is not None:
        given = " ".join(filter(None, (_text(name.value.given), _text(name.value.additional))))
        _put(found, "First Name", given)
        _put(found, "Last Name", _text(name.value.family))
        _put(found, "Name Prefix", _text(name.value.prefix))
        _put(found, "Name Suffix", _text(name.value.suffix))
    for key, properties in card.contents.items():
        for each in properties if key not in _SKIPPED else ():
            _put_property(found, key, each)
    if found.get("First Name") or found.get("Last Name") or found.get("Display Name") == found.get("Company"):
        found.pop("Display Name", None)
    return found


def _put_property(found: dict[str, str], key: str, each: Any) -> None:
    words = [word for words in each.params.values() for word in words] + list(each.singletonparams)
    types = {part for word in words for part in word.casefold().split(",")}
    if key == "email":
        _put(found, f"Email {1 + sum(name.startswith('Email ') for name in found)}", _text(each.value))
    elif key == "tel":
        kind = next((label for word, label in _PHONES.items() if word in types), "Phone")
        _put(found, kind, _text(each.value).removeprefix("tel:"))
    elif key == "adr":
        _put_address(found, next((label for word, label in _ADDRESSES.items() if word in types), ""), each.value)
    elif key == "org":
        company, *department = each.value if isinstance(each.value, list) else [each.value]
        _put(found, "Company", _text(company))
        _put(found, "Department", _text(department))
    else:
        _put(found, _LABELS.get(key, key.removeprefix("x-").replace("-", " ").capitalize()), _text(each.value))


def _put_address(found: dict[str, str], start: str, address: Any) -> None:
    parts = {
        "Street": address.street,
        "Street 2": ", ".join(filter(None, map(_text, (address.box, address.extended)))),
        "City": address.city,
        "State": address.region,
        "Postal Code": address.code,
        "Country": address.country,
    }
    for label, value in parts.items():
        _put(found, f"{start}{label}", _text(value))


def _put(found: dict[str, str], label: str, value: str) -> None:
    """Put a value under its label, or the label with a number if that is taken by another."""
    if not value or value in (found.get(label), found.get(f"{label} 2")):
        return
    number = 2
    while label in found:
        label, number = f"{label.rstrip('0123456789 ')} {number}", number + 1
    found[label] = value


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, map(_text, value)))
    return str(value).replace("\\:", ":").strip() if value is not None else ""
