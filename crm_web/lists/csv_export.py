"""CSV export that is safe to open: no cell is run as a formula."""

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
    """Yield a table as CSV in pieces, with constant memory."""
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
    """Format a value; text that a spreadsheet would run as a formula gets an apostrophe in front. Times are in UTC."""
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
    """Return the original text of a cell, without that apostrophe."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _take(buffer: io.StringIO) -> str:
    piece = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return piece
