"""From bytes to rows: detects encoding, delimiter and header, then streams numbered rows."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import BinaryIO

from crm_web.imports.asides import Asides
from crm_web.imports.encodings import HEAD, Encoding, check_encoding, find_encoding
from crm_web.imports.encodings import FileUnreadable as FileUnreadable
from crm_web.imports.json_rows import is_json, read_json
from crm_web.imports.vcards import is_vcard, read_vcards
from crm_web.imports.workbooks import is_workbook, read_workbook
from crm_web.lists.csv_export import read_cell

Row = tuple[int, list[str]]
"""The line of the file on which a row begins, and its cells."""

WORKBOOK = "workbook"
JSON = "JSON file"
VCARD = "vCard file"
"""What stands for the encoding of a file that is no text of cells."""
DELIMITERS = (",", ";", "\t", "|")
SAMPLE_ROWS = 1000
# Of very wide rows fewer, so that memory stays flat.
SAMPLE_SIZE, SAMPLED_ANYWAY = 1_000_000, 50
# Some exports put a title above the header; nobody puts ten.
HEADER_WITHIN = 10
# The longest text that a lead takes has 20,000 characters. What is longer than this is not a line of a table.
LONGEST_LINE = 1_000_000
# A cell that is too long for its field is the problem of its row, and not of the file.
csv.field_size_limit(LONGEST_LINE)


@dataclass(frozen=True)
class Table:
    """An opened file, its header found and its rows ready to stream, once.

    :param rows: all its rows, the sample included; blank lines are left out
    :param sheet: which sheet of a workbook it is
    :param sheets: the names of all its sheets
    :param question: what it leaves open about its encoding; else empty
    :param header_line: the line on which the header stands
    :param asides: what was taken out of the rows, once they are read
    """

    encoding: str
    is_guess: bool
    delimiter: str
    header: tuple[str, ...]
    sample: tuple[Row, ...]
    rows: Iterator[Row]
    question: str = ""
    header_line: int = 0
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    asides: Asides = Asides(())


def open_table(
    stream: BinaryIO,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_line: int | None = None,
    knows: Callable[[str], bool] = lambda name: False,
) -> Table:
    """Find out how a file is written.

    :param encoding: how a text is encoded; ``None`` to find out
    :param delimiter: what stands between its cells; ``None`` to find out
    :param sheet: which sheet of a workbook; ``None`` for the one with the most headings that are known
    :param header_line: the line on which the header stands; ``None`` to find it
    :param knows: tells whether a text is the name of a column; where lines stand above the header, it finds it
    :raise FileUnreadable: if it is empty or no table
    """
    stream.seek(0)
    if is_workbook(stream.read(8)):
        chosen, names, rows = read_workbook(stream, sheet=sheet, knows=knows)
        found = _find_header(rows, Encoding(WORKBOOK, False), "", knows, header_line)
        return replace(found, sheet=chosen, sheets=names)
    stream.seek(0)
    if is_json(stream.read(HEAD)):
        return _find_header(read_json(stream), Encoding(JSON, False), "", lambda name: False)
    stream.seek(0)
    if is_vcard(stream.read(HEAD)):
        return _find_header(read_vcards(stream), Encoding(VCARD, False), "", lambda name: False)
    how = Encoding(check_encoding(encoding), False) if encoding else find_encoding(stream)
    if delimiter is None:
        delimiter = find_delimiter(_read_head(stream, how.name))
    stream.seek(0)
    return _find_header(_read_rows(_read_lines(stream, how.name), delimiter), how, delimiter, knows, header_line)


def _find_header(
    rows: Iterator[Row], how: Encoding, delimiter: str, knows: Callable[[str], bool], said: int | None = None
) -> Table:
    sample = _take_sample(rows)
    if not sample:
        raise FileUnreadable("The file is empty.")
    if said:
        place = next((number for number, (line, _) in enumerate(sample) if line == said), -1)
    else:
        place = max(range(min(HEADER_WITHIN, len(sample))), key=lambda number: sum(map(knows, sample[number][1])))
    if place < 0:
        raise FileUnreadable(f"No row begins on line {said}. Choose another header row.", "header_line")
    names, first = sample[place][1], sample[place + 1 :]
    every: Iterator[Row] = chain(first, rows)
    if len(names) > 1 and all(name.startswith(" ") for name in names[1:]):
        first, every = [_drop_padding(row) for row in first], map(_drop_padding, every)
    header = tuple(name.strip() for name in names)
    asides = Asides(header if how.name not in (JSON, VCARD) else (), sample[:place])
    first, every = list(Asides(header).take_out(iter(first))), asides.take_out(every)
    return Table(
        how.name, how.is_guess, delimiter, header, tuple(first), every, how.question, sample[place][0], asides=asides
    )


def _take_sample(rows: Iterator[Row]) -> list[Row]:
    sample: list[Row] = []
    size = 0
    for row in islice(rows, SAMPLE_ROWS):
        sample.append(row)
        size += sum(map(len, row[1]))
        if size > SAMPLE_SIZE and len(sample) >= SAMPLED_ANYWAY:
            break
    return sample


def _drop_padding(row: Row) -> Row:
    """Some programs write ``, `` between cells: where the header does, the blank is no part of the text."""
    return row[0], [cell[1:] if cell.startswith(" ") else cell for cell in row[1]]


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
                # Files that were put together keep the mark of each one’s beginning.
                yield line.removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        bad = _find_undecodable(stream, encoding) or number + 1
        raise FileUnreadable(f"Line {bad:,} is not {encoding}. Use --encoding to set the file’s encoding.") from error
    finally:
        # The stream belongs to the caller, who may read it again, or has closed it already.
        with suppress(ValueError):
            text.detach()


def _find_undecodable(stream: BinaryIO, encoding: str) -> int | None:
    """The first line that can't be decoded; ``None`` where lines don't end with a single byte."""
    if encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32")):
        return None
    stream.seek(0)
    for number, line in enumerate(stream, start=1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            return number
    return None


class _Lines:
    """Lines, of which those of the row that is being read are kept."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.of_row: list[str] = []
        self.is_over = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines, None)
        if line is None:
            self.is_over = True
            raise StopIteration
        self.of_row.append(line)
        return line


def _read_rows(lines: Iterator[str], delimiter: str) -> Iterator[Row]:
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        begins = reader.line_num + 1
        source.of_row.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = _read_loosely(begins, source, delimiter, error)
        if any(map(str.strip, cells)):
            is_quoted = any("'" in line for line in source.of_row)
            yield begins, [read_cell(cell) for cell in cells] if is_quoted else cells


def _read_loosely(begins: int, source: _Lines, delimiter: str, error: csv.Error) -> list[str]:
    """A quotation mark within a cell does no harm; one that joins lines to one cell would swallow rows.

    :raise FileUnreadable: if it is not closed on its line
    """
    closes = csv.reader([*source.of_row, "end"], delimiter=delimiter)
    if len(source.of_row) == 1 and not source.is_over:
        with suppress(csv.Error):
            cells = next(closes)
            if closes.line_num == 1:
                return cells
    if sum(map(len, source.of_row)) > LONGEST_LINE:
        raise FileUnreadable(f"Line {begins:,} has a cell of more than {LONGEST_LINE:,} characters.") from error
    raise FileUnreadable(f"Line {begins:,}: a quotation mark is opened and never closed.") from error
