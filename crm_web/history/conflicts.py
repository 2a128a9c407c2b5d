"""The page on which a person resolves conflicts between their edits and somebody else's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import render_template
from wtforms import BooleanField, Field, HiddenField
from wtforms.csrf.core import CSRFTokenField

from crm_web.history.formatting import Value
from crm_web.history.queries import format_values
from crm_web.records.labels import label_of
from crm_web.records.operations import ChangedMeanwhile
from crm_web.records.serialization import to_history
from crm_web.web.form_fields import ChoiceField, RecordForm, TypedField


@dataclass(frozen=True)
class Disputed:
    """A field that two people changed to different values.

    :param original: its value when the form was opened; ``None`` if unknown
    """

    field: Field
    label: str
    who: str
    original: Value | None
    theirs: Value
    mine: Value
    their_text: str
    my_text: str


def show_conflict(form: RecordForm, record: Any, conflict: ChangedMeanwhile, *, back_url: str) -> str:
    """Render the page. It submits the whole form again, based on the present version."""
    disputed = list(_list_disputed(form, record, conflict))
    return render_template(
        "history/conflict.html",
        name=record.name,
        message=conflict.message,
        disputed=disputed,
        hidden=list(_list_hidden(form, record, conflict)),
        version=record.version,
        back_url=back_url,
    )


def _list_disputed(form: RecordForm, record: Any, conflict: ChangedMeanwhile) -> Iterator[Disputed]:
    entity, merged = type(record).__name__.lower(), conflict.merge
    for field in _list_fields(form):
        for column in (column for column in _columns(field) if column in merged.conflicts):
            theirs = getattr(record, column)
            values = [conflict.original.get(column, theirs), theirs, merged.values[column]]
            original, saved, mine = format_values(entity, [(column, to_history(value)) for value in values])
            yield Disputed(
                field=field,
                label=label_of(column),
                who=merged.conflicts[column],
                original=original if conflict.original else None,
                theirs=saved,
                mine=mine,
                their_text=_as_sent(field, getattr(record, field.name)),
                my_text=_as_sent(field, field.data),
            )


def _list_hidden(form: RecordForm, record: Any, conflict: ChangedMeanwhile) -> Iterator[tuple[str, str]]:
    """List the other fields of the form as hidden ones; those that only the other person changed keep the
    saved value.
    """
    for field in _list_fields(form):
        columns = _columns(field)
        if any(column in conflict.merge.taken_over for column in columns):
            yield field.name, _as_sent(field, getattr(record, field.name))
        elif not any(column in conflict.merge.conflicts for column in columns):
            yield field.name, _as_sent(field, field.data)


def _list_fields(form: RecordForm) -> Iterator[Field]:
    return (field for field in form if field.name != "version" and not isinstance(field, CSRFTokenField))


def _columns(field: Field) -> list[str]:
    return list(field.columns()) if isinstance(field, (TypedField, ChoiceField)) else [field.name]


def _as_sent(field: Field, value: Any) -> str:
    if isinstance(field, BooleanField):
        return "y" if value else ""
    if value is None or isinstance(field, HiddenField):
        return value or ""
    return str(field.show(value) if isinstance(field, TypedField) else value)
