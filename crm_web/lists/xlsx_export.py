"""Excel export: numbers, dates and times as such, times in the user's time zone, and no formulas.

Rows go to a temporary file as they come, so memory stays constant.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from decimal import Decimal
from itertools import chain, islice
from typing import IO, Any

MOST_ROWS = 1_048_576
"""What a sheet holds, the head among them."""

TOO_LONG = "Too many rows for an Excel sheet. Export to CSV, or filter the list first."
SAMPLE = 200
NARROWEST, WIDEST = 8, 48
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}


@dataclass(frozen=True)
class Workbook:
    """A table for Excel.

    :param about: name and text of each line on a second sheet
    :param zone: the time zone for times
    """

    title: str
    head: Sequence[str]
    rows: Iterable[Sequence[object]]
    zone: tzinfo
    about: Sequence[tuple[str, str]] = field(default=())


def write_xlsx(file: IO[bytes], workbook: Workbook, *, most_rows: int = MOST_ROWS) -> int:
    """Write a table as an Excel file with constant memory.

    :param file: left open, at its end
    :param most_rows: the maximum rows of a sheet, including the heading
    :return: the number of rows written, without the heading
    """
    # Three megabytes for each process, few of which ever export to Excel.
    import xlsxwriter

    with xlsxwriter.Workbook(file, OPTIONS) as book:
        sheet = book.add_worksheet(workbook.title)
        sheet.freeze_panes(1, 1)
        rows = iter(workbook.rows)
        sample = list(islice(rows, SAMPLE))
        for place, width in enumerate(_measure(workbook.head, sample)):
            sheet.set_column(place, place, width)
        sheet.write_row(0, 0, workbook.head, book.add_format({"bold": True, "bottom": 1}))
        count = _write_rows(_Cells(book, sheet, workbook.zone), chain(sample, rows), most_rows)
        if workbook.about:
            _write_about(book, workbook.about)
    return count


def _write_rows(cells: "_Cells", rows: Iterator[Sequence[object]], most_rows: int) -> int:
    place = 0
    for place, row in enumerate(rows, start=1):
        if place == most_rows - 1:
            cells.write(place, 0, TOO_LONG)
            return place - 1
        for column, value in enumerate(row):
            if value is not None:
                cells.write(place, column, value)
    return place


class _Cells:
    """Writes each value with its type."""

    def __init__(self, book: Any, sheet: Any, zone: tzinfo) -> None:
        self.sheet, self.zone = sheet, zone
        self.money = book.add_format({"num_format": "#,##0.00"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm", "align": "left"})

    def write(self, row: int, column: int, value: object) -> None:
        if isinstance(value, datetime):
            local = value.astimezone(self.zone).replace(tzinfo=None)
            self.sheet.write_datetime(row, column, local, self.moment)
        elif isinstance(value, date):
            self.sheet.write_datetime(row, column, value, self.day)
        elif isinstance(value, Decimal):
            self.sheet.write_number(row, column, value, self.money)
        elif isinstance(value, int):
            self.sheet.write_number(row, column, value)
        else:
            self.sheet.write_string(row, column, str(value))


def _measure(head: Sequence[str], sample: Sequence[Sequence[object]]) -> Iterator[int]:
    """The width that fits the first rows, in digits, as Excel counts."""
    for place, name in enumerate(head):
        longest = max(len(_first_line(row[place])) for row in [head, *sample])
        yield min(max(longest + 2, NARROWEST, len(name) + 2), WIDEST)


def _first_line(value: object) -> str:
    if isinstance(value, datetime):
        return "0000-00-00 00:00"
    return "" if value is None else str(value).partition("\n")[0]


def _write_about(book: Any, lines: Sequence[tuple[str, str]]) -> None:
    sheet = book.add_worksheet("About this file")
    sheet.set_column(0, 0, 16)
    sheet.set_column(1, 1, 90)
    name_format = book.add_format({"bold": True, "valign": "top"})
    text_format = book.add_format({"text_wrap": True})
    for place, (name, text) in enumerate(lines):
        sheet.write_string(place, 0, name, name_format)
        sheet.write_string(place, 1, text, text_format)
