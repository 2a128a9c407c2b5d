"""Formatting of history: labels for columns, names for ids, and values from JSON."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from crm_web.models import (
    ActivityKind,
    CallOutcome,
    Change,
    ChangeAction,
    ChangeSource,
    CustomerKind,
    CustomerStatus,
    LeadStatus,
    LostReason,
    MediaType,
    RateSource,
    Rating,
    Role,
    StartPage,
    TaskPriority,
)
from crm_web.records.labels import label_of

ENTITIES = {
    "lead": "Lead",
    "customer": "Customer",
    "contact": "Contact",
    "activity": "Activity",
    "file": "File",
    "exchange_rate": "Exchange rate",
    "employee": "Employee",
}
"""The kinds of record that history keeps, each with its word."""

CHANGE_SOURCES = {
    ChangeSource.WEB: "via web",
    ChangeSource.API: "via API",
    ChangeSource.IMPORT: "via import",
    ChangeSource.BULK: "via bulk edit",
    ChangeSource.COMMAND: "via command line",
    ChangeSource.SQL: "via database",
    ChangeSource.EMAIL: "by email",
}
"""The ways in, as the end of a sentence."""

CHANGE_SOURCE_LABELS = {
    ChangeSource.WEB: "Web",
    ChangeSource.API: "API",
    ChangeSource.IMPORT: "Import",
    ChangeSource.BULK: "Bulk edit",
    ChangeSource.COMMAND: "Command line",
    ChangeSource.SQL: "Database",
    ChangeSource.EMAIL: "Email",
}
"""The ways in, as the lines of a choice."""


# The kind of record that a foreign key refers to.
_LEADS_TO = {
    "activity_id": "activity",
    "assignee_id": "employee",
    "created_by_id": "employee",
    "created_from_lead_id": "lead",
    "customer_id": "customer",
    "deleted_by_id": "employee",
    "lead_id": "lead",
    "manager_id": "employee",
    "owner_id": "employee",
    "parent_id": "customer",
    "updated_by_id": "employee",
}
_WORDS: dict[tuple[str, str], Callable[[str], Any]] = {
    ("lead", "rating"): Rating,
    ("lead", "lost_reason"): LostReason,
    ("customer", "kind"): CustomerKind,
    ("customer", "status"): CustomerStatus,
    ("activity", "kind"): ActivityKind,
    ("activity", "outcome"): CallOutcome,
    ("activity", "priority"): TaskPriority,
    ("employee", "chosen_start_page"): StartPage,
    ("employee", "role"): Role,
    ("file", "media_type"): MediaType,
    ("exchange_rate", "source"): RateSource,
}
_BY_ENDING: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "_at": ("moment", datetime.fromisoformat),
    "_on": ("day", date.fromisoformat),
    "_time": ("time", time.fromisoformat),
    "amount": ("number", lambda value: Decimal(str(value))),
    "country": ("country", str),
    "recurrence": ("recurrence", str),
}
# The label of the action says this already.
_SAID_BY_ACTION = ("deleted_at", "deleted_by_id")
_MERGED = "merged_into_id"
# Columns that follow from others, or that have an action of their own with its own undo.
_NEVER_BY_ITSELF = (
    *_SAID_BY_ACTION,
    "closed_at",
    "created_from_lead_id",
    "customer_id",
    "external_id",
    "external_system",
    "has_second_factor",
    "is_active",
    "lead_id",
    "lost_note",
    "lost_reason",
    _MERGED,
)


class RecordRef(NamedTuple):
    """A reference to a row of a table that has history.

    :param entity: its kind, such as ``lead``
    """

    entity: str
    id: int


class RecordName(NamedTuple):
    """The present name of a record, its URL and its owner.

    :param owner_id: ``None`` for nobody
    """

    name: str
    lead_id: int | None
    customer_id: int | None
    owner_id: int | None
    is_in_trash: bool
    is_gone: bool = False


class Value(NamedTuple):
    """A value before or after a change.

    :param kind: how a page shows it: ``text``, ``status``, ``day``, ``time``, ``moment``, ``number``, ``country`` or
        ``recurrence``
    :param value: ``None`` if the field was empty
    """

    kind: str
    value: Any


class FieldChange(NamedTuple):
    """The change of one field."""

    column: str
    is_restorable: bool
    label: str
    old: Value
    new: Value


@dataclass(frozen=True)
class ReadableChange:
    """A change as a page shows it.

    :param who: ``None`` for the system
    :param place: the URL of the record today; ``None`` if there is none
    """

    id: int
    at: datetime
    who: str | None
    action: str
    source: str
    request_id: str | None
    record: RecordRef
    entity_label: str
    name: str
    place: RecordName | None
    fields: list[FieldChange]


def format_change(change: Change, names: Mapping[RecordRef, RecordName]) -> ReadableChange:
    """Format one entry of history."""
    record = RecordRef(change.entity, change.entity_id)
    place = names.get(record)
    return ReadableChange(
        id=change.id,
        at=change.at,
        who=change.actor.name if change.actor else None,
        action=_action_label(change),
        source=CHANGE_SOURCES[change.source],
        request_id=change.request_id,
        record=record,
        entity_label=ENTITIES.get(change.entity, change.entity),
        name=place.name if place else name_at_the_time(change),
        place=place,
        fields=list(_fields(change, names)),
    )


def list_references(change: Change) -> Iterator[RecordRef]:
    """Find the records that a change refers to by id."""
    for column, values in change.fields.items():
        if column == _MERGED:
            yield from (RecordRef(change.entity, value) for value in values if type(value) is int)
        elif column not in _SAID_BY_ACTION:
            yield from (record for value in values for record in resolve_reference(column, value))


def resolve_reference(column: str, value: Any) -> Iterator[RecordRef]:
    """Find the record that a JSON value is the id of."""
    if column in _LEADS_TO and type(value) is int:
        yield RecordRef(_LEADS_TO[column], value)


def _action_label(change: Change) -> str:
    trashed = change.fields.get("deleted_at") if change.action is ChangeAction.CHANGED else None
    if trashed is not None and (merged := change.fields.get(_MERGED)):
        return "Merge undone" if merged[1] is None else "Merged"
    if trashed is not None:
        return "Restored" if trashed[1] is None else "Moved to trash"
    return change.action.label


def name_at_the_time(change: Change) -> str:
    """Return the name of a record as far as one of its changes has it; else its kind and number."""
    values = {column: new or old for column, (old, new) in change.fields.items()}
    named = values.get("currency", "?") if change.entity == "exchange_rate" else name_of(values)
    return named if named != "?" else f"{ENTITIES.get(change.entity, change.entity)} {change.entity_id}"


def name_of(values: Mapping[str, Any]) -> str:
    """Name a record by its columns, as the database function ``crm_lead_name`` does; a question mark if it has
    no name.
    """
    person = f"{values.get('first_name') or ''} {values.get('last_name') or ''}".strip()
    names = (values.get("name"), person, *(values.get(column) for column in ("company", "subject", "email")))
    return next((str(name).strip() for name in names if name and str(name).strip()), "?")


def _fields(change: Change, names: Mapping[RecordRef, RecordName]) -> Iterator[FieldChange]:
    hidden = _SAID_BY_ACTION if "deleted_at" in change.fields and change.action is ChangeAction.CHANGED else ()
    for column in sorted(change.fields, key=label_of):
        if column not in hidden:
            old, new = (format_value(change.entity, column, value, names) for value in change.fields[column])
            yield FieldChange(column, is_restorable(change, column), label_of(column), old, new)


def is_restorable(change: Change, column: str) -> bool:
    """Return whether the value before a change can be restored."""
    is_kept = change.action is ChangeAction.CHANGED and change.entity in ("lead", "customer", "contact", "employee")
    return is_kept and column not in _NEVER_BY_ITSELF


def format_value(entity: str, column: str, value: Any, names: Mapping[RecordRef, RecordName]) -> Value:
    """Format a JSON value of history.

    :param entity: such as ``lead``
    """
    if value is None:
        return Value("text", None)
    if column in _LEADS_TO or column == _MERGED:
        target = entity if column == _MERGED else _LEADS_TO[column]
        named = names.get(RecordRef(target, value))
        return Value("text", named.name if named else f"{ENTITIES[target]} {value}")
    try:
        return _typed(entity, column, value)
    except (ValueError, TypeError, ArithmeticError):
        # Old entries may hold values that no longer exist; they are shown as they are.
        return Value("text", str(value))


def _typed(entity: str, column: str, value: Any) -> Value:
    if entity == "lead" and column in ("status", "furthest_status"):
        return Value("status", LeadStatus(value))
    if (entity, column) in _WORDS:
        return Value("text", _WORDS[(entity, column)](value).label)
    if isinstance(value, bool):
        return Value("text", "yes" if value else "no")
    for ending, (kind, read) in _BY_ENDING.items():
        if column.endswith(ending):
            return Value(kind, read(value))
    return Value("text", str(value))
