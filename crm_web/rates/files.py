"""Reads files of exchange rates as the European Central Bank publishes them: XML or CSV, of one day or of many."""

import csv
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser
from io import BytesIO
from zipfile import BadZipFile, ZipFile

from crm_web.core.errors import DomainError
from crm_web.models import CURRENCIES

DAY_FORMATS = ("%Y-%m-%d", "%d %B %Y")
USE = "Use the XML or CSV file of the European Central Bank, or its ZIP file."
LARGEST_FILE = 20 * 1024 * 1024
SMALLEST, LARGEST = Decimal("1e-8"), Decimal("1e9")


class RatesUnreadable(DomainError):
    """The file does not hold exchange rates as they are expected."""


@dataclass(frozen=True)
class DayOfRates:
    """The rates of one day.

    :param per_euro: how much of each currency one euro is
    """

    valid_on: date
    per_euro: dict[str, Decimal]


def read_rates(content: bytes) -> DayOfRates:
    """Read the rates of the latest day in a file. Currencies that the product doesn't know are skipped.

    :param content: ``eurofxref-daily.xml``, ``eurofxref.zip`` or one of the files of many days
    :raise RatesUnreadable: if there is no rate in it, or one that is no positive number
    """
    found: dict[date, dict[str, Decimal]] = defaultdict(dict)
    for day, currency, rate in _list_cells(content):
        if currency in CURRENCIES and rate not in ("", "N/A"):
            found[_read_day(day)][currency] = read_rate(rate)
    if not found:
        raise RatesUnreadable(f"No exchange rates found. {USE}")
    latest = max(found)
    return DayOfRates(latest, found[latest])


def _unpack(content: bytes) -> bytes:
    """The one file in a ZIP file, as the bank publishes its CSV; anything else as it is."""
    if not content.startswith(b"PK"):
        return content
    try:
        with ZipFile(BytesIO(content)) as packed, packed.open(packed.namelist()[0]) as file:
            return file.read(LARGEST_FILE)
    except (BadZipFile, IndexError, NotImplementedError, OSError, RuntimeError, ValueError, zlib.error):
        raise RatesUnreadable(f"This ZIP file can’t be read. {USE}") from None


def check_rate(rate: Decimal) -> Decimal:
    """Return a rate if it can be one.

    :raise RatesUnreadable: if it is no positive number, or far too large or small
    """
    if not (rate.is_finite() and SMALLEST <= rate <= LARGEST):
        raise RatesUnreadable("Enter a positive number, such as 1.0825.", "per_euro")
    return rate


def read_rate(text: str) -> Decimal:
    """Read how much of a currency one euro is.

    :raise RatesUnreadable: if it is no positive number
    """
    try:
        rate = Decimal(text)
    except InvalidOperation:
        rate = Decimal(0)
    if not (rate.is_finite() and SMALLEST <= rate <= LARGEST):
        raise RatesUnreadable(f"“{text[:50]}” is not a rate. Enter a positive number with a point, such as 1.0825.")
    return rate


def _list_cells(content: bytes) -> list[tuple[str, str, str]]:
    """List day, currency and rate, as they are written."""
    try:
        text = _unpack(content).decode("utf-8-sig")
        return list(_read_xml(text) if text.lstrip().startswith("<") else _read_csv(text))
    except (UnicodeDecodeError, csv.Error, AssertionError):  # The last is how the parser of markup gives up.
        raise RatesUnreadable(f"This file can’t be read. {USE}") from None


def _read_day(text: str) -> date:
    for pattern in DAY_FORMATS:
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    raise RatesUnreadable(f"“{text[:50]}” is not a date, such as 2026-11-27.")


def _read_csv(text: str) -> Iterator[tuple[str, str, str]]:
    rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
    for row in rows[1:]:
        yield from ((row[0], currency, rate) for currency, rate in zip(rows[0][1:], row[1:], strict=False) if currency)


def _read_xml(text: str) -> Iterator[tuple[str, str, str]]:
    cubes = _Cubes()
    cubes.feed(text)
    return iter(cubes.found)


class _Cubes(HTMLParser):
    """Reads ``<Cube time="…">`` and ``<Cube currency="…" rate="…">``; entities of the file do nothing here."""

    def __init__(self) -> None:
        super().__init__()
        self.day = ""
        self.found: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.day = given.get("time") or self.day
        if tag == "cube" and given.get("currency"):
            self.found.append((self.day, str(given["currency"]), given.get("rate") or ""))
