"""What spreadsheets do to values: numbers cut short, results that failed, and days as numbers."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

NOTHING = frozenset({"NULL", "\\N", "#N/A"})
"""What databases and spreadsheets write for a value that is not there, in any column."""
_FAILED = frozenset({"#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
_SHORTENED = re.compile(r"-?\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
# From 1970 to 2099. No other way to write a day has five digits.
_DAY_NUMBER = re.compile(r"(?:2[6-9]|[3-6]\d|7[0-2])\d{3}(?:\.\d+)?")
_DAY_ZERO = datetime(1899, 12, 30, tzinfo=UTC)


def check_result(text: str) -> None:
    """Refuse the result of a calculation that failed.

    :raise ValueError: if it is one
    """
    if text in _FAILED:
        raise ValueError("The spreadsheet couldn’t calculate this. Enter the value.")


def check_digits(text: str) -> None:
    """Refuse a long number, such as an ID, of which only the first digits are left.

    :raise ValueError: if it is one
    """
    if _SHORTENED.fullmatch(text.strip()):
        raise ValueError(
            "The spreadsheet cut this number short, and its last digits are lost. Take it from the original file."
        )


def is_day_number(text: str) -> bool:
    """Return whether a text is a day as Excel counts them, such as ``45231``."""
    return _DAY_NUMBER.fullmatch(text) is not None


def read_day_number(text: str) -> datetime:
    """Turn the number of a day into that day’s noon in Greenwich; one with a fraction into that moment."""
    whole, _, part = text.partition(".")
    hours = timedelta(seconds=round(float(f"0.{part}") * 86400)) if part.strip("0") else timedelta(hours=12)
    return _DAY_ZERO + timedelta(days=int(whole)) + hours


def is_total(cells: Sequence[str]) -> bool:
    """Return whether a row only adds up the others: the word for it, and nothing but numbers."""
    first = next((cell for cell in cells if cell and not cell.isspace()), "")
    if not _TOTAL.fullmatch(first.strip()):
        return False
    filled = [cell for cell in cells if cell and not cell.isspace()]
    return len(filled) > 1 and are_figures(filled[1:])


def are_figures(cells: Sequence[str]) -> bool:
    """Return whether nothing but numbers is filled in."""
    return all(not cell.strip() or len(cell.strip()) <= 3 or _FIGURE.fullmatch(cell.strip()) for cell in cells)


_TOTAL = re.compile(r"(?:(?:grand|sub)[- ]?)?totals?:?|sum:?|(?:gesamt)?summe:?|gesamt:?|somme:?|suma:?", re.IGNORECASE)
_FIGURE = re.compile(r"[^\w]*\d[\d.,'’\s]*[^\w]*(?:[A-Z]{3})?")
