"""Lists as CSV files that a spreadsheet opens without running anything that a person typed."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as something else."""

# A text that begins like one of ours gets a second apostrophe, so that reading takes off what writing put on.
_FORMULA = re.compile(r"'*\s*[=+\-@＝＋－＠\t\r]")
# A spreadsheet can only count with these; a phone number has to stay one, so that the file can be read in again.
_HARMLESS = re.compile(r"[+-]?[\d ().,/-]*")
BATCH = 200


def write_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """
    Write a table as CSV, some rows at a time, with flat memory.

    :param head: the names of the columns
    :param rows: the cells of each row; ``None`` is an empty cell
    :return: an iterator over pieces of the file
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(BYTE_ORDER_MARK)
    writer.writerow(head)
    for number, row in enumerate(rows, start=1):
        writer.writerow([write_cell(value) for value in row])
        if number % BATCH == 0:
            yield _take(buffer)
    yield _take(buffer)


def write_cell(value: object) -> str:
    """
    Write one value as text that no spreadsheet takes for a formula.

    :param value: anything; moments are written in UTC to the second
    :return: the text, with an apostrophe in front where it would be run otherwise
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    if _FORMULA.match(text) and not _HARMLESS.fullmatch(text):
        return f"'{text}"
    return text


def read_cell(text: str) -> str:
    """
    Read a cell as it was before it was written: without the apostrophe that kept it from being run.

    :param text: the cell of a file
    :return: the text that somebody typed
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _take(buffer: io.StringIO) -> str:
    piece = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return piece
