"""A stored file as its pages show it: the first rows as they will be read, and which column is which field."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crm_web.core.errors import DomainError
from crm_web.imports.mapping import FIELDS, ColumnMapping
from crm_web.imports.operations import map_table
from crm_web.imports.other_things import OtherThings
from crm_web.imports.recognition import MappingUnclear, is_known
from crm_web.imports.stored.files import open_file
from crm_web.imports.stored.first_rows import read_first_rows
from crm_web.imports.stored.hints import hint_at_pages
from crm_web.imports.stored.settings import read_options
from crm_web.imports.stored.words import list_found
from crm_web.imports.tables import FileUnreadable, Table, open_table
from crm_web.imports.targets import Target, check_kinds, fields_of, map_for
from crm_web.models import Import
from crm_web.records.labels import label_of

SHOWN_ROWS = 5
SHOWN_VALUES = 3
LONGEST_VALUE = 60
READ_AT_ONCE = 10 * 1024 * 1024
"""Bytes of a file that is read as a whole while a page waits."""
UNCLEAR = "No column names a lead. Choose a field such as Last name, Company or Email for at least one of them."
UNTOLD = "No column says whether a row is a company or a person. Choose “Company or person” for the one that does."
_LABELS = {
    "activity_kind": "Type of activity",
    "call_outcome": "Outcome of a call",
    "close_date": "Closed (date)",
    "company_domain": "Website of its company",
    "company_ref": "ID of its company",
    "contact_ref": "ID of its contact",
    "created_at": "Created (date)",
    "deal_name": "Deal name",
    "deal_ref": "ID of its deal or lead",
    "further": "Added to the text",
    "is_done": "Done (yes or no)",
    "external_id": "ID in the other system",
    "full_name": "Full name",
    "is_company": "Company or person",
    "is_deleted": "Deleted (yes or no)",
    "is_won": "Won (yes or no)",
    "lost_at": "Lost (date)",
    "owner": "Owner",
    "parent_ref": "Parent company (name or ID)",
    "street_2": "Address line 2",
    "street_3": "Address line 3",
    "street_number": "Street number",
    "won_at": "Won (date)",
}


@dataclass(frozen=True)
class SourceColumn:
    """A column of the file.

    :param name: empty if it has none
    :param values: the first values that differ
    :param field: what it becomes; empty if it is left out
    :param can_be_chosen: false without a name or with that of an earlier column, which nobody could tell apart, and
        where the field follows from the heading
    """

    place: int
    name: str
    values: tuple[str, ...]
    field: str
    can_be_chosen: bool


def list_fields(record: Import) -> list[tuple[str, str]]:
    """List the fields that a column of a file can become, with their labels, in the order of the labels."""
    target = Target(record.options.get("target") or Target.LEADS)
    own = {"country": "Country of phone numbers"} if target is Target.CONTACTS else {}
    pairs = [(name, own.get(name) or _LABELS.get(name) or label_of(name)) for name in fields_of(target)]
    return sorted(pairs, key=lambda pair: pair[1].casefold())


def open_stored(record: Import) -> Table:
    """Open the file of an import as it is to be read.

    :raise FileUnreadable: if it can't be read so
    """
    options = read_options(record.options)
    return open_table(
        open_file(record),
        encoding=options.encoding,
        delimiter=options.delimiter,
        sheet=options.sheet,
        header_line=options.header_line,
        knows=is_known,
    )


def map_stored(record: Import, *, columns: Mapping[str, Any] | None = None) -> tuple[Table, ColumnMapping | None]:
    """Open the file of an import and choose its columns, by the first rows alone: a page can't read all of them.

    :param columns: instead of those that are stored; nothing in it lets the engine find all by itself
    :return: the file, and its columns; ``None`` if they can't be told
    :raise FileUnreadable: if the file can't be read as the options say
    """
    stored = record.options if columns is None else {**record.options, "columns": columns}
    csv = open_stored(record)
    return csv, map_columns(csv, stored, is_whole=False)[0]


def map_columns(
    csv: Table, stored: Mapping[str, Any], *, is_whole: bool
) -> tuple[ColumnMapping | None, DomainError | None]:
    """Choose the columns of an opened file.

    :param stored: the options of its import
    :param is_whole: whether by all its rows, or by the first ones
    :return: the columns, ``None`` if they can't be told; and what is wrong with the file
    """
    options = read_options(stored)
    if "target" not in stored:
        options = replace(options, target=None)
    try:
        mapping = map_table(csv, options, is_whole=is_whole)
    except OtherThings as error:
        return None, MappingUnclear(f"{error.about} If its rows are any of these, choose their fields under Columns.")
    except MappingUnclear:
        return None, MappingUnclear(UNCLEAR)
    except FileUnreadable as error:
        # It breaks off below the first rows.
        return map_columns(csv, stored, is_whole=False)[0], error
    if options.target is None:
        return mapping, None
    mapping = map_for(options.target, mapping)
    try:
        check_kinds(options.target, mapping)
    except MappingUnclear:
        return mapping, MappingUnclear(UNTOLD)
    return mapping, None


def list_questions(mapping: ColumnMapping | None) -> list[tuple[str, str]]:
    """List what the rows leave open: the field of the form of the file that answers it, and the question."""
    questions = mapping.questions if mapping else ()
    fields = {"day_first": "dates"}
    return [(fields.get(question.about, question.about), hint_at_pages(question.text)) for question in questions]


def is_small(size: int) -> bool:
    """Return whether a page can wait until all of a file is read; of a larger one only the check reads all."""
    return size <= READ_AT_ONCE


def describe(mapping: ColumnMapping | None, problem: DomainError | None, *, is_whole: bool) -> dict[str, Any]:
    """Say what a file needs before it can be checked, which of its columns are left out, and which words stand in the
    others, to be kept with it.

    :param problem: what is wrong with the file
    :param is_whole: whether ``mapping`` was chosen by all rows
    """
    asks, needs = next(iter(list_questions(mapping)), ("", ""))
    if problem:
        asks = problem.field or ("encoding" if isinstance(problem, FileUnreadable) else "")
        needs = hint_at_pages(problem.message)
    left_out = mapping.left_out() if mapping else []
    found = list_found(mapping, is_whole=is_whole) if mapping else {}
    return {"needs": needs, "asks": asks, "left_out": left_out, "found": found}


def describe_stored(record: Import) -> dict[str, Any]:
    """List what the file of an import needs with its present options."""
    is_whole = is_small(record.size)
    try:
        mapping, problem = map_columns(open_stored(record), record.options, is_whole=is_whole)
    except FileUnreadable as error:
        return describe(None, error, is_whole=False)
    return describe(mapping, problem, is_whole=is_whole)


def list_columns(csv: Table, mapping: ColumnMapping | None) -> list[SourceColumn]:
    """List the columns of a file with some of their values."""
    fields = _map_fields(mapping) if mapping else {}
    return [
        SourceColumn(place, name, _pick_values(csv, place), field, _can_be_chosen(csv.header, place, field))
        for place, name in enumerate(csv.header)
        for field in [fields.get(place, "")]
    ]


def _can_be_chosen(header: Sequence[str], place: int, field: str) -> bool:
    """Some fields follow from the heading alone."""
    name = header[place]
    return bool(name) and name not in header[:place] and (not field or field in FIELDS)


def _map_fields(mapping: ColumnMapping) -> dict[int, str]:
    pairs = [*mapping.columns.items(), *(pair for address in mapping.addresses for pair in address.items())]
    return {place: name for name, places in pairs for place in places}


def _pick_values(csv: Table, place: int) -> tuple[str, ...]:
    cells = (row[place].strip() for _, row in csv.sample if place < len(row))
    return tuple(dict.fromkeys(map(_cut, filter(None, cells))))[:SHOWN_VALUES]


def read_choices(columns: Sequence[SourceColumn], chosen: Mapping[int, str]) -> dict[str, list[str]]:
    """Turn what a person chose for each column into what the engine is told: fields whose columns differ from those
    that it finds by itself.

    :param columns: as the engine finds them by itself
    :param chosen: by the place of a column, its field; empty to leave it out
    :return: fields to names of columns; no name leaves the field out
    """
    found, said = _by_field(columns, {}), _by_field(columns, chosen)
    return {
        name: said.get(name, []) for name in sorted(found.keys() | said.keys()) if found.get(name) != said.get(name)
    }


def _by_field(columns: Iterable[SourceColumn], chosen: Mapping[int, str]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for column in columns:
        name = chosen.get(column.place, column.field)
        if name and column.can_be_chosen:
            fields.setdefault(name, []).append(column.name)
    return fields


def show_rows(record: Import) -> dict[str, Any]:
    """Read the first rows of a file for its page.

    :return: ``rows``, the header and the first rows, cut to what a page can show, ``None`` if they can’t be read;
        ``read``, the same rows as the import understands them; and ``kinds``, the column that tells companies from
        people
    """
    try:
        csv, mapping = map_stored(record)
    except FileUnreadable:
        return {"rows": None, "read": [], "kinds": ""}
    width = len(csv.header)
    rows = [[_cut(cell) for cell in (cells + [""] * width)[:width]] for _, cells in csv.sample[:SHOWN_ROWS]]
    if mapping is None:
        return {"rows": (csv.header, rows), "read": [], "kinds": ""}
    read = read_first_rows(csv, mapping, read_options(record.options), by=record.made_by)
    return {"rows": (csv.header, rows), "read": read, "kinds": mapping.name_of("is_company")}


def _cut(text: str) -> str:
    text = text.strip()
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
