"""Tables as Excel files, read again by another program."""

import io
import tracemalloc
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any

from python_calamine import CalamineWorkbook

from crm_web.lists.xlsx_export import TOO_LONG, Workbook, write_xlsx

HEAD = ["Name", "Amount", "Day", "Moment"]


def read(rows: Sequence[Sequence[object]], **settings: Any) -> list[list[Any]]:
    file = io.BytesIO()
    write_xlsx(file, Workbook("Leads", HEAD, rows, UTC), **settings)
    file.seek(0)
    return CalamineWorkbook.from_filelike(file).get_sheet_by_name("Leads").to_python()


def test_values_stay_what_they_are() -> None:
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    (_, row) = read([["Zoë 高橋 نورا", Decimal("1234567.89"), date(2026, 3, 1), moment]])
    assert row[:2] == ["Zoë 高橋 نورا", 1234567.89]
    assert row[2] in (date(2026, 3, 1), datetime(2026, 3, 1))
    assert row[3] == datetime(2026, 3, 1, 9, 30)


def test_what_somebody_typed_is_text_whatever_it_looks_like() -> None:
    typed = ["=1+1", "@SUM(A1)", "+1", "-1", "https://example.com", "007", "{=1}", "\x01\x0b", "_x0041_", "a\nb"]
    found = [row[0] for row in read([[text, None, None, None] for text in typed])[1:]]
    assert found[:7] == typed[:7]
    assert found[8:] == typed[8:]


def test_a_sheet_that_is_full_says_so() -> None:
    found = read([[f"row {number}", None, None, None] for number in range(10)], most_rows=5)
    assert [row[0] for row in found] == ["Name", "row 0", "row 1", "row 2", TOO_LONG]


def test_nothing_gives_the_head() -> None:
    assert read([]) == [HEAD]


def test_memory_stays_flat() -> None:
    def rows(count: int) -> Iterator[list[object]]:
        return ([f"row {number}" * 5, Decimal(number), None, None] for number in range(count))

    def peak(count: int) -> int:
        tracemalloc.start()
        with TemporaryFile() as file:
            write_xlsx(file, Workbook("Leads", HEAD, rows(count), UTC))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few = peak(300)
    assert peak(3000) < few * 1.5
