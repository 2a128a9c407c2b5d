"""From bytes to rows: detects encoding, delimiter and header, then streams numbered rows."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO

from charset_normalizer import from_bytes

from crm_web.core.errors import DomainError
from crm_web.lists.csv_export import read_cell

Row = tuple[int, list[str]]
"""The line of the file on which a row begins, and its cells."""

DELIMITERS = (",", ";", "\t", "|")
HEAD = 64 * 1024
SAMPLE_ROWS = 1000
# Some exports put a title above the header; nobody puts ten.
HEADER_WITHIN = 10
# The longest text that a lead takes has 20,000 characters. What is longer than this is not a line of a table.
LONGEST_LINE = 1_000_000
FEWEST_TELLING_BYTES = 8
_LATIN_BLOCKS = ("Basic Latin", "Latin", "Control", "General Punctuation", "Currency")

_SIGNATURES = {
    b"PK\x03\x04": "an Excel workbook or a zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a compressed file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format": "a database",
    b"BEGIN:VCARD": "a vCard",
    b"{": "JSON",
    b"<?xml": "XML",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}
# UTF-32 begins like UTF-16, so it comes first.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


class FileUnreadable(DomainError):
    """The file is no CSV file, or not one that can be read to its end."""


@dataclass(frozen=True)
class CsvFile:
    """An opened file, its header found and its rows ready to stream, once.

    :param rows: all its rows, the sample included; blank lines are left out
    """

    encoding: str
    is_guess: bool
    delimiter: str
    header: tuple[str, ...]
    sample: tuple[Row, ...]
    rows: Iterator[Row]


def open_csv(
    stream: BinaryIO,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    knows: Callable[[str], bool] = lambda name: False,
) -> CsvFile:
    """Find out how a file is written.

    :param encoding: how it is encoded; ``None`` to find out
    :param delimiter: what stands between its cells; ``None`` to find out
    :param knows: tells whether a text is the name of a column; where lines stand above the header, it finds it
    :raise FileUnreadable: if it is empty or no CSV file
    """
    found, is_guess = (_check_encoding(encoding), False) if encoding else find_encoding(stream)
    if delimiter is None:
        delimiter = find_delimiter(_read_head(stream, found))
    stream.seek(0)
    rows = _read_rows(_read_lines(stream, found), delimiter)
    sample = list(islice(rows, SAMPLE_ROWS))
    if not sample:
        raise FileUnreadable("The file is empty.")
    place = max(range(min(HEADER_WITHIN, len(sample))), key=lambda number: sum(map(knows, sample[number][1])))
    names, first = sample[place][1], sample[place + 1 :]
    every: Iterator[Row] = chain(first, rows)
    if len(names) > 1 and all(name.startswith(" ") for name in names[1:]):
        first, every = [_drop_padding(row) for row in first], map(_drop_padding, every)
    header = tuple(name.strip() for name in names)
    return CsvFile(found, is_guess, delimiter, header, tuple(first), every)


def _drop_padding(row: Row) -> Row:
    """Some programs write ``, `` between cells: where the header does, the blank is no part of the text."""
    return row[0], [cell[1:] if cell.startswith(" ") else cell for cell in row[1]]


def _check_encoding(name: str) -> str:
    try:
        found = codecs.lookup(name)
        codecs.getincrementaldecoder(name)
        b"a".decode(name, "ignore")  # some are no encodings of text
    except (LookupError, UnicodeError) as error:
        raise FileUnreadable(f"Unknown encoding “{name}”. Try utf-8, cp1252 or utf-16.") from error
    # With or without a byte order mark.
    return "utf-8-sig" if found.name == "utf-8" else found.name


def find_encoding(stream: BinaryIO) -> tuple[str, bool]:
    """Find out how a text is encoded: by its byte order mark, else strictly UTF-8, else by a guess.

    :raise FileUnreadable: if it is no text
    """
    stream.seek(0)
    head = stream.read(HEAD)
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name, False
    wide = _find_wide(head)
    if wide:
        return wide, True
    _refuse_other_kinds(head)
    broken_at = _first_not_utf8(stream)
    return ("utf-8", False) if broken_at is None else (_guess_encoding(stream, broken_at), True)


def _find_wide(head: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of Western text is zero."""
    pairs = len(head) // 2
    if pairs >= 4 and head[1::2].count(0) > pairs * 0.7 > pairs * 0.1 > head[0::2].count(0):
        return "utf-16-le"
    if pairs >= 4 and head[0::2].count(0) > pairs * 0.7 > pairs * 0.1 > head[1::2].count(0):
        return "utf-16-be"
    return None


def _refuse_other_kinds(head: bytes) -> None:
    start = head.lstrip()[:16]
    for signature, kind in _SIGNATURES.items():
        if start.startswith(signature):
            raise FileUnreadable(f"This is {kind}, not a CSV file. Save it as CSV, then import that file.")
    controls = sum(head.count(code) for code in range(32) if code not in b"\t\n\x0b\x0c\r\x1b")
    if controls >= 8 and controls > len(head) * 0.02:
        raise FileUnreadable("This is not a text file. Save it as CSV, then import that file.")


def _first_not_utf8(stream: BinaryIO) -> int | None:
    """The place of the first byte that is not UTF-8; a file of any size is looked through without keeping it."""
    stream.seek(0)
    decoder, read = codecs.getincrementaldecoder("utf-8")(), 0
    while True:
        block = stream.read(1024 * 1024)
        pending = len(decoder.getstate()[0])
        try:
            decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            return read - pending + error.start
        if not block:
            return None
        read += len(block)


def _guess_encoding(stream: BinaryIO, broken_at: int) -> str:
    """Guess an encoding of one byte a character, or an Asian one.

    The guesser tells alphabets well, but not the encodings of one alphabet: among those of Latin letters, Western
    European is taken unless it turns letters into signs, as it does with Polish or Czech.
    """
    stream.seek(max(0, broken_at - HEAD // 2))
    sample = stream.read(HEAD)
    best = from_bytes(sample).best()
    western = [sign for sign in sample.decode("cp1252", "replace") if ord(sign) >= 0x80]
    is_latin = best is None or all(name.startswith(_LATIN_BLOCKS) for name in best.alphabets)
    if best is None or is_latin or len(western) < FEWEST_TELLING_BYTES:
        letters = sum(sign.isalpha() for sign in western)
        return "cp1252" if letters >= 0.8 * len(western) or len(western) < FEWEST_TELLING_BYTES else "cp1250"
    return best.encoding


def _read_head(stream: BinaryIO, encoding: str) -> str:
    stream.seek(0)
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(stream.read(HEAD))


def find_delimiter(head: str) -> str:
    """Find out what stands between the cells: what splits most of the first lines into equally many.

    :return: one of ``DELIMITERS``
    """
    first = head.lstrip("\ufeff\r\n")[:5].lower()
    if first.startswith("sep=") and first[4:]:
        return first[4]  # Excel's own way to say it.
    return max(DELIMITERS, key=lambda delimiter: _regularity(head, delimiter))


def _regularity(head: str, delimiter: str) -> tuple[float, int]:
    rows = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    widths = [len(row) for row in islice(rows, 50)]
    widths = [width for width in (widths[:-1] if len(head) == HEAD else widths) if width]
    usual = max(set(widths), key=widths.count, default=0)
    return (widths.count(usual) / len(widths) if usual > 1 else 0), usual


def _read_lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    """Lines with their ends as they are, because a cell in quotes keeps its own."""
    text = io.TextIOWrapper(stream, encoding=encoding, errors="strict", newline="")
    number = 0
    try:
        while line := text.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                raise FileUnreadable(
                    f"Line {number:,} is longer than {LONGEST_LINE:,} characters. This is not a table."
                )
            if number > 1 or not line.lower().startswith("sep="):
                yield line
    except UnicodeDecodeError as error:
        raise FileUnreadable(
            f"The text after line {number:,} is not {encoding}. Use --encoding to set the file’s encoding."
        ) from error
    finally:
        # The stream belongs to the caller, who may read it again, or has closed it already.
        with suppress(ValueError):
            text.detach()


def _read_rows(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileUnreadable(
                f"Line {begins:,} can't be read ({error}): a quotation mark may be opened there and never closed."
            ) from error
        if any(map(str.strip, cells)):
            yield begins, [read_cell(cell) if cell[:1] == "'" else cell for cell in cells]
