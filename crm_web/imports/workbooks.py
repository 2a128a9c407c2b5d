"""Sheets of workbooks as rows of text: Excel's new and old files, and those of LibreOffice."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, time
from typing import Any, BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from crm_web.imports.encodings import FileUnreadable
from crm_web.imports.workbook_errors import Failed, find_failed

ZIP, OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# A sheet is in memory as a whole; a hundred megabytes of XML are some hundred thousand rows.
LARGEST = 100 * 1024 * 1024
LARGEST_OLD = 30 * 1024 * 1024
FIRST_ROWS = 10


def is_workbook(head: bytes) -> bool:
    """Return whether a file begins like a workbook."""
    return head.startswith((ZIP, OLD))


def read_workbook(
    stream: BinaryIO, *, sheet: str | None, knows: Callable[[str], bool]
) -> tuple[str, tuple[str, ...], Iterator[tuple[int, list[str]]]]:
    """Read a sheet of a workbook.

    :param sheet: the name of the sheet; ``None`` for the one with the most headings that are known
    :param knows: tells whether a text is the name of a column
    :return: its name, those of all sheets, and its rows, numbered as in the spreadsheet; blank ones are left out
    :raise FileUnreadable: if it is no workbook, or has no such sheet
    """
    _refuse_large(stream)
    stream.seek(0)
    try:
        # It is closed with what it reads.
        workbook = CalamineWorkbook.from_filelike(_Kept(stream))
        chosen = _choose_sheet(workbook, sheet, knows)
    except PasswordError as error:
        raise FileUnreadable("This workbook is protected by a password. Remove it, then import the file.") from error
    except CalamineError as error:
        stream.seek(0)
        kind = "an old Excel workbook" if stream.read(4) == OLD else "an Excel or LibreOffice workbook"
        raise FileUnreadable(f"This is not {kind} that can be read. Save it as CSV or XLSX.") from error
    return chosen.name, tuple(workbook.sheet_names), _read_rows(chosen, find_failed(stream, chosen.name))


class _Kept:
    """The file without its end: it belongs to the caller."""

    def __init__(self, stream: BinaryIO) -> None:
        self.read, self.seek, self.tell = stream.read, stream.seek, stream.tell


def _refuse_large(stream: BinaryIO) -> None:
    size = stream.seek(0, 2)
    limit = LARGEST_OLD
    with suppress(zipfile.BadZipFile):
        sizes = [part.file_size for part in zipfile.ZipFile(stream).infolist() if part.filename.endswith(".xml")]
        size, limit = max(sizes, default=0), LARGEST
    if size > limit:
        raise FileUnreadable("This workbook is too large to be read at once. Save it as CSV, then import that file.")


def _choose_sheet(workbook: CalamineWorkbook, name: str | None, knows: Callable[[str], bool]) -> CalamineSheet:
    names = workbook.sheet_names
    if name is not None and name not in names:
        raise FileUnreadable(f"The workbook has no sheet “{name}”. Its sheets are: {', '.join(names)}.")
    sheets = [workbook.get_sheet_by_name(each) for each in ([name] if name is not None else names)]
    if not sheets:
        raise FileUnreadable("The file is empty.")
    return max(sheets, key=lambda each: _count_known(each, knows)) if len(sheets) > 1 else sheets[0]


def _count_known(sheet: CalamineSheet, knows: Callable[[str], bool]) -> tuple[int, bool]:
    first = sheet.to_python(nrows=FIRST_ROWS)
    return max((sum(knows(write_cell(cell)) for cell in row) for row in first), default=0), sheet.height > 0


def _read_rows(sheet: CalamineSheet, failed: Failed) -> Iterator[tuple[int, list[str]]]:
    # Rows count from the first of the sheet, and their cells from the first column that holds anything.
    first = sheet.start[1] if sheet.start else 0
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [cell if type(cell) is str else write_cell(cell) for cell in row]
        for column, text in failed.get(number, {}).items():
            if 0 <= column - first < len(cells) and not cells[column - first]:
                cells[column - first] = text
        if any(map(str.strip, cells)):
            yield number, cells


def write_cell(value: Any) -> str:
    """Write the value of a cell as a text that is read as the same value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _write_number(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ", timespec="seconds")
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _write_number(value: float) -> str:
    """Whole numbers without a point; three decimals would look like a thousands mark."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = f"{value:.10f}".rstrip("0") if abs(value) < 1e15 else repr(value)
    return f"{text}0" if len(text.rpartition(".")[2]) == 3 else text
