"""The page on which a person decides between what they typed and what someone else saved meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import render_template
from wtforms import BooleanField, Field, HiddenField
from wtforms.csrf.core import CSRFTokenField

from crm_web.history.formatting import Value
from crm_web.history.queries import put_values_in_words
from crm_web.records.labels import label_of
from crm_web.records.operations import ChangedMeanwhile
from crm_web.records.serialization import to_history
from crm_web.web.form_fields import ChoiceField, RecordForm, TypedField


@dataclass(frozen=True)
class Disputed:
    """
    One field that two people changed to different things.

    :param field: the field of the form
    :param label: what pages call it
    :param who: who the other person is
    :param original: what it held when the form was opened; ``None`` where that is not known
    :param theirs: what is saved by now
    :param mine: what was typed
    :param their_text: what the form sends for what is saved by now
    :param my_text: what the form sends for what was typed
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
    """
    Draw the page. It sends the whole form once more, on top of what is saved by now.

    :param form: the form as the person sent it
    :param record: the record, read afresh
    :param conflict: what can't be put together
    :param back_url: where the person goes who gives up
    :return: the page
    """
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
            told = [conflict.original.get(column, theirs), theirs, merged.values[column]]
            original, saved, mine = put_values_in_words(entity, [(column, to_history(value)) for value in told])
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
    """Whatever else the form holds goes along unseen, with what only the other changed as they left it."""
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
