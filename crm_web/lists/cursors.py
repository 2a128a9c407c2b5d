"""Cursors: where a page of a list starts, as addresses carry it."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

MOST_SCANNED = 1_000_000
_READERS: dict[type, Callable[[str], Any]] = {
    str: str,
    int: int,
    Decimal: lambda text: _read_amount(text),
    date: date.fromisoformat,
    datetime: lambda text: datetime.fromisoformat(text).astimezone(UTC),
}
_LARGEST_AMOUNT = Decimal(10) ** 30


class CursorPosition(NamedTuple):
    """Where a page stands.

    :param side: of that row: ``after`` or ``before``
    :param key: the sort key of a row
    :param row_id: its id
    :param scan: how many rows to search from there, if more than usual
    """

    side: str
    key: Any
    row_id: int
    scan: int = 0


def cursor_after(key: Any, row_id: int, scan: int = 0) -> str:
    """Return the cursor of the page that starts after a row."""
    return encode_cursor(CursorPosition("after", key, row_id, scan))


def cursor_before(key: Any, row_id: int, scan: int = 0) -> str:
    """Return the cursor of the page that ends before a row."""
    return encode_cursor(CursorPosition("before", key, row_id, scan))


def encode_cursor(position: CursorPosition) -> str:
    """Write a position as an address carries it."""
    side, key, row_id, scan = position
    value = key.isoformat() if hasattr(key, "isoformat") else str(key)
    parts = [side, value, row_id, *([scan] if scan else [])]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, key_type: type) -> CursorPosition | None:
    """Read a cursor, which may be anything, as it comes from the URL.

    :param key_type: of the sort keys
    :return: the position; ``None`` for an invalid cursor, which means the first page
    """
    if not cursor or "\x00" in cursor:
        return None
    try:
        side, key, row_id, *more = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        key.encode()
        value = _reader_of(key_type)(key)
        (scan,) = more or (0,)
    except (binascii.Error, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError):
        return None
    if side not in ("after", "before") or "\x00" in key:
        return None
    if not (_is_between(row_id, -(2**63), 2**63) and _is_between(scan, -1, MOST_SCANNED + 1)):
        return None
    return CursorPosition(side, value, row_id, scan)


def _is_between(number: Any, low: int, high: int) -> bool:
    return type(number) is int and low < number < high


def _reader_of(kind: type) -> Callable[[str], Any]:
    """An enum parses its own values, and refuses all others."""
    return kind if issubclass(kind, StrEnum) else _READERS[kind]


def _read_amount(text: str) -> Decimal:
    """PostgreSQL refuses exponents that Python accepts."""
    amount = Decimal(text)
    if not abs(amount) < _LARGEST_AMOUNT:
        raise ValueError
    return amount
