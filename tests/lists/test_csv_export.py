"""Lists as CSV files."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crm_web.lists.csv_export import BATCH, read_cell, write_cell, write_csv


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (Decimal("12.50"), "12.50"),
        (date(2026, 3, 31), "2026-03-31"),
        (datetime(2026, 3, 31, 14, 30, 1, 999, tzinfo=UTC), "2026-03-31 14:30:01+00:00"),
        ("=1+1", "'=1+1"),
        ("'=1+1", "''=1+1"),
        ("+44 20 7946 0958", "+44 20 7946 0958"),
    ],
)
def test_a_value_is_written_as_text(value: object, cell: str) -> None:
    assert write_cell(value) == cell


@pytest.mark.parametrize("typed", ["=1+1", "@x", "plain", "'quoted'", "+44 20", " =1"])
def test_a_cell_is_read_as_it_was_typed(typed: str) -> None:
    assert read_cell(write_cell(typed)) == typed


def test_long_tables_come_in_pieces() -> None:
    pieces = list(write_csv(["A"], ([number] for number in range(BATCH + 1))))
    assert len(pieces) == 2
    assert pieces[0].startswith("\ufeffA\r\n0\r\n")
