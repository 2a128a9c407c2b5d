"""History in a person's words: labels for columns, names for ids, and the real values behind the JSON."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from crm_web.models import (
    ActivityKind,
    Change,
    ChangeAction,
    ChangeSource,
    CustomerKind,
    CustomerStatus,
    LeadStatus,
    LostReason,
    Rating,
    Role,
)
from crm_web.records.labels import label_of

ENTITIES = {
    "lead": "Lead",
    "customer": "Customer",
    "contact": "Contact",
    "activity": "Activity",
    "employee": "Employee",
}
"""The kinds of record that history keeps, each with its word."""

CHANGE_SOURCES = {
    ChangeSource.WEB: "in the browser",
    ChangeSource.API: "by the API",
    ChangeSource.IMPORT: "by the import command",
    ChangeSource.BULK: "by a bulk edit",
    ChangeSource.COMMAND: "by a command",
    ChangeSource.SQL: "directly in the database",
}
"""The ways in, as the end of a sentence."""

CHANGE_SOURCE_LABELS = {
    ChangeSource.WEB: "Browser",
    ChangeSource.API: "API",
    ChangeSource.IMPORT: "Import command",
    ChangeSource.BULK: "Bulk edit",
    ChangeSource.COMMAND: "Command",
    ChangeSource.SQL: "Database",
}
"""The ways in, as the lines of a choice."""


# Which kind of record an id of another table leads to.
_LEADS_TO = {
    "assignee_id": "employee",
    "created_from_lead_id": "lead",
    "customer_id": "customer",
    "deleted_by_id": "employee",
    "lead_id": "lead",
    "manager_id": "employee",
    "owner_id": "employee",
    "parent_id": "customer",
}
_WORDS: dict[tuple[str, str], Callable[[str], Any]] = {
    ("lead", "rating"): Rating,
    ("lead", "lost_reason"): LostReason,
    ("customer", "kind"): CustomerKind,
    ("customer", "status"): CustomerStatus,
    ("activity", "kind"): ActivityKind,
    ("employee", "role"): Role,
}
_BY_ENDING: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "_at": ("moment", datetime.fromisoformat),
    "_on": ("day", date.fromisoformat),
    "amount": ("number", lambda value: Decimal(str(value))),
    "country": ("country", str),
}
# The rest of a move to the trash, and of one back, is said by the action itself.
_SAID_BY_ACTION = ("deleted_at", "deleted_by_id")
# What follows from another change, or has a deed of its own with its own undo.
_NEVER_BY_ITSELF = (
    *_SAID_BY_ACTION,
    "closed_at",
    "created_from_lead_id",
    "customer_id",
    "external_id",
    "external_system",
    "is_active",
    "lead_id",
    "lost_note",
    "lost_reason",
)


class Record(NamedTuple):
    """
    One row of a table that history keeps.

    :param entity: its kind, such as ``lead``
    :param id: its id
    """

    entity: str
    id: int


class RecordName(NamedTuple):
    """
    How a record is called today, and where it is shown.

    :param name: its name
    :param lead_id: the lead on whose page it stands
    :param customer_id: the customer on whose page it stands
    :param owner_id: the employee whose it is; ``None`` for nobody
    :param is_in_trash: whether it, or the customer that it belongs to, is in the trash
    :param is_gone: whether it was deleted for good, so that only history tells of it
    """

    name: str
    lead_id: int | None
    customer_id: int | None
    owner_id: int | None
    is_in_trash: bool
    is_gone: bool = False


class Value(NamedTuple):
    """
    A value before or after a change.

    :param kind: how a page shows it: ``text``, ``status``, ``day``, ``moment``, ``number`` or ``country``
    :param value: the value itself; ``None`` where the field was empty
    """

    kind: str
    value: Any


class FieldChange(NamedTuple):
    """
    One field, from old to new.

    :param column: the name of its column
    :param can_go_back: whether it can be given its old value again by itself
    :param label: what the field is called on the pages
    :param old: the value before
    :param new: the value after
    """

    column: str
    can_go_back: bool
    label: str
    old: Value
    new: Value


@dataclass(frozen=True)
class ReadableChange:
    """
    One change as a page shows it.

    :param id: its number in history
    :param at: when
    :param who: by whom; ``None`` for the installation itself
    :param deed: what was done, as a word that a sentence can begin with
    :param door: by which way, as the end of a sentence
    :param request_id: the number of the request, as in the log
    :param record: whose row it is
    :param entity_label: the word for its kind
    :param name: what the record is called, or was
    :param place: where the record stands today; ``None`` where nobody knows it
    :param fields: what changed
    """

    id: int
    at: datetime
    who: str | None
    deed: str
    door: str
    request_id: str | None
    record: Record
    entity_label: str
    name: str
    place: RecordName | None
    fields: list[FieldChange]


def read_change(change: Change, names: Mapping[Record, RecordName]) -> ReadableChange:
    """
    Put one row of history in words.

    :param change: the row, with its actor loaded
    :param names: the names of the records that it speaks of
    :return: what a page shows
    """
    record = Record(change.entity, change.entity_id)
    place = names.get(record)
    return ReadableChange(
        id=change.id,
        at=change.at,
        who=change.actor.name if change.actor else None,
        deed=_deed(change),
        door=CHANGE_SOURCES[change.door],
        request_id=change.request_id,
        record=record,
        entity_label=ENTITIES.get(change.entity, change.entity),
        name=place.name if place else name_at_the_time(change),
        place=place,
        fields=list(_fields(change, names)),
    )


def records_named_in(change: Change) -> Iterator[Record]:
    """
    Find the records of which a change holds only the id.

    :param change: a row of history
    :return: an iterator over those records
    """
    for column, values in change.fields.items():
        if column not in _SAID_BY_ACTION:
            yield from (record for value in values for record in records_meant(column, value))


def records_meant(column: str, value: Any) -> Iterator[Record]:
    """
    Find the record that a value is the id of.

    :param column: the name of the column
    :param value: the value as JSON
    :return: an iterator over that record, or over none
    """
    if column in _LEADS_TO and type(value) is int:
        yield Record(_LEADS_TO[column], value)


def _deed(change: Change) -> str:
    trashed = change.fields.get("deleted_at") if change.action is ChangeAction.CHANGED else None
    if trashed is not None:
        return "Restored" if trashed[1] is None else "Moved to the trash"
    return change.action.label


def name_at_the_time(change: Change) -> str:
    """
    Say what a record was called, as far as one of its changes tells.

    :param change: a row of history
    :return: the name; its kind and number where nothing names it
    """
    named = name_of({column: new or old for column, (old, new) in change.fields.items()})
    return named if named != "?" else f"{ENTITIES.get(change.entity, change.entity)} {change.entity_id}"


def name_of(values: Mapping[str, Any]) -> str:
    """
    Name a record by its columns, a person as ``crm_lead_name`` does it in the database.

    :param values: column names to values
    :return: the name; a question mark where none of them names it
    """
    person = f"{values.get('first_name') or ''} {values.get('last_name') or ''}".strip()
    names = (values.get("name"), person, *(values.get(column) for column in ("company", "subject", "email")))
    return next((str(name).strip() for name in names if name and str(name).strip()), "?")


def _fields(change: Change, names: Mapping[Record, RecordName]) -> Iterator[FieldChange]:
    hidden = _SAID_BY_ACTION if _deed(change) in ("Restored", "Moved to the trash") else ()
    for column in sorted(change.fields, key=label_of):
        if column not in hidden:
            old, new = (read_value(change.entity, column, value, names) for value in change.fields[column])
            yield FieldChange(column, can_go_back(change, column), label_of(column), old, new)


def can_go_back(change: Change, column: str) -> bool:
    """
    Tell whether a field can be given the value that it had before a change.

    :param change: a row of history
    :param column: the name of a column
    :return: false for activities, for what made or removed a record, and for what follows from other changes
    """
    is_kept = change.action is ChangeAction.CHANGED and change.entity in ("lead", "customer", "contact", "employee")
    return is_kept and column not in _NEVER_BY_ITSELF


def read_value(entity: str, column: str, value: Any, names: Mapping[Record, RecordName]) -> Value:
    """
    Put one value of history in words.

    :param entity: the kind of record, such as ``lead``
    :param column: the name of the column
    :param value: the value as JSON
    :param names: the names of the records that the value may be the id of
    :return: what a page shows
    """
    if value is None:
        return Value("text", None)
    if column in _LEADS_TO:
        named = names.get(Record(_LEADS_TO[column], value))
        return Value("text", named.name if named else f"{ENTITIES[_LEADS_TO[column]]} {value}")
    try:
        return _typed(entity, column, value)
    except (ValueError, TypeError, ArithmeticError):
        # Old rows may hold words that the product no longer knows; they are still shown as they are.
        return Value("text", str(value))


def _typed(entity: str, column: str, value: Any) -> Value:
    if (entity, column) == ("lead", "status"):
        return Value("status", LeadStatus(value))
    if (entity, column) in _WORDS:
        return Value("text", _WORDS[(entity, column)](value).label)
    if isinstance(value, bool):
        return Value("text", "yes" if value else "no")
    for ending, (kind, read) in _BY_ENDING.items():
        if column.endswith(ending):
            return Value(kind, read(value))
    return Value("text", str(value))
