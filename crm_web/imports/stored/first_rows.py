"""The first rows of a stored file as the import will read them: which day, amount and number it understands."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from crm_web.core.clock import now
from crm_web.imports.mapping import ColumnMapping
from crm_web.imports.operations import Options
from crm_web.imports.rows import RowReader, RowRefused, Rules
from crm_web.imports.stored.hints import hint_at_pages
from crm_web.imports.tables import Table
from crm_web.imports.target_steps import READERS
from crm_web.imports.targets import Target
from crm_web.imports.vocabulary import squash
from crm_web.models import Employee
from crm_web.records.phones import list_regions

SHOWN_ROWS = 5
_LEAD = {
    "company": "Company",
    "email": "Email",
    "phone_e164": "Phone",
    "mobile_e164": "Mobile",
    "country": "Country",
    "status": "Status",
    "source": "Source",
    "owner": "Owner",
    "created_at": "Created",
    "closed_at": "Closed",
    "expected_close_on": "Expected close",
}
_OF_LEADS = ("status", "source", "closed_at", "expected_close_on")
_ACTIVITY = {
    "activity_kind": "Type",
    "subject": "Subject",
    "happened_at": "Date and time",
    "due_on": "Due date",
    "done_at": "Done",
    "owner": "Owner",
    "email": "Email",
}


class Cell(NamedTuple):
    """A value and how to show it: as ``text``, ``day``, ``moment``, ``money`` with its currency, or ``open``."""

    kind: str
    value: Any
    currency: str = ""


@dataclass(frozen=True)
class ReadRow:
    """A row as it is understood.

    :param cells: labels to cells
    :param problems: why it would be refused
    """

    line: int
    cells: Mapping[str, Cell]
    problems: str = ""


def read_first_rows(csv: Table, mapping: ColumnMapping, options: Options, *, by: Employee) -> list[ReadRow]:
    """Read the first rows as the import does."""
    statuses = {squash(word): status for word, status in options.statuses.items()}
    regions = list_regions(options.country, by, home=options.region)
    rules = Rules(regions, options.currency, now(), statuses, words=options.all_words)
    reader = READERS[options.target or Target.LEADS](_settle(mapping), rules)
    labels = _ACTIVITY if options.target is Target.ACTIVITIES else _LEAD
    if options.target in (Target.CUSTOMERS, Target.MIXED, Target.CONTACTS):
        labels = {name: label for name, label in labels.items() if name not in _OF_LEADS}
    left_open = sorted({place for question in mapping.questions for place in question.places})
    return [_read(reader, line, cells, labels, left_open) for line, cells in csv.sample[:SHOWN_ROWS]]


def _settle(mapping: ColumnMapping) -> ColumnMapping:
    """Leave out the columns whose values can be read in two ways."""
    left_open = {place for question in mapping.questions for place in question.places}
    settled = {name: places for name, places in mapping.columns.items() if left_open.isdisjoint(places)}
    return replace(mapping, columns=settled)


def _read(
    reader: RowReader, line: int, cells: list[str], labels: Mapping[str, str], left_open: Sequence[int]
) -> ReadRow:
    try:
        values = reader.read(cells)
    except RowRefused as refusal:
        texts = [f"{problem.column}: {problem.reason}".removeprefix(": ") for problem in refusal.problems]
        return ReadRow(line, {}, " ".join(map(hint_at_pages, texts)))
    shown = dict(_list_cells(values, labels))
    return ReadRow(line, shown | {reader.mapping.name(place): Cell("open", cells[place]) for place in left_open})


def _list_cells(values: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[tuple[str, Cell]]:
    name = " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
    if name:
        yield "Name", Cell("text", name)
    for field, label in labels.items():
        if values.get(field) is not None:
            yield label, _show(values[field])
    if values.get("amount") is not None and "status" in labels:
        yield "Amount", Cell("money", values["amount"], values["currency"])


def _show(value: Any) -> Cell:
    """A day without a time is kept as its noon in Greenwich."""
    if isinstance(value, dt.datetime):
        return Cell("day", value.date()) if value.timetz() == dt.time(12, tzinfo=dt.UTC) else Cell("moment", value)
    return Cell("day", value) if isinstance(value, dt.date) else Cell("text", getattr(value, "label", value))
