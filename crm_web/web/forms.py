"""What forms of records share: editing single fields, the idempotency key and the duplicate check."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from flask import request
from wtforms import Field, HiddenField

from crm_web.records.matching import Match
from crm_web.web.form_fields import HiddenNumber, RecordForm, TypedField, stored_values
from crm_web.web.widgets import HiddenInput


class IdempotencyKeyField(TypedField):
    """The idempotency key of a form, new each time the form is rendered; an invalid one counts as not sent."""

    widget = HiddenInput()

    def __init__(self, **options: Any) -> None:
        super().__init__(default=uuid4, **options)

    def read(self, typed: str) -> UUID | None:
        try:
            return UUID(typed)
        except ValueError:
            return None

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = None
        super().process_formdata(valuelist)

    def columns(self) -> dict[str, Any]:
        return {}

    def _value(self) -> str:
        return str(self.data or uuid4())


class EditForm(RecordForm):
    """A record, with the version that the form was opened with. An address may ask for some of its fields only.

    The others keep what is saved, so that every rule is checked as always; those that are wrong are shown as well.
    """

    version = HiddenNumber()

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        asked = request.args.get("fields", "").split(",")
        self.only = [name for name in asked if name in self and not _is_hidden(self[name])]

    @property
    def shown(self) -> list[Field]:
        """The fields that were asked for, and those that are wrong."""
        return [field for field in self if field.name in self.only or field.errors]

    def changes(self) -> dict[str, Any]:
        """Return the values to save: all of them, or of the fields that were asked for."""
        if not self.only:
            return self.values()
        sent = stored_values(field for field in self if field.raw_data)
        return {name: value for name, value in self.values().items() if name in sent}

    def take_typed(self, sent: "EditForm", earlier: Mapping[str, Any]) -> None:
        """Take over what was typed into the form of a record that was merged into this one meanwhile.

        :param sent: that form as it came
        :param earlier: what its columns held when it was opened, of those that changed since
        """
        for field in sent:
            if _is_hidden(field) or (self.only and field.name not in self.only):
                continue
            opened = earlier.get(field.name, getattr(sent.record, field.name, field.data))
            if field.process_errors or field.data != opened:
                typed = self[field.name]
                typed.data, typed.raw_data, typed.process_errors = field.data, field.raw_data, field.process_errors
        what = f"{sent.record.name} was merged into this record after you opened its page."
        self.form_errors = [f"{what} Check your changes, then save them here."]


def _is_hidden(field: Field) -> bool:
    return getattr(field.widget, "input_type", "") == "hidden"


class IdempotentForm(RecordForm):
    """A form that creates something once, however often it is sent: see ``crm_web.web.idempotency``."""

    submission = IdempotencyKeyField()

    def refuse_changed(self, message: str) -> None:
        """Refuse a form that was sent before with other values; sending it once more counts as a new form."""
        self.form_errors: list[str] = [message]
        self.submission.data = None

    def validate(self, extra_validators: Any = None) -> bool:
        return bool(super().validate(extra_validators)) and not self.form_errors


class DuplicateCheckForm(RecordForm):
    """A form about a person or company that may exist already."""

    confirmed = HiddenField()
    shown_matches = HiddenField()

    def is_confirmed(self, matches: Sequence[Match]) -> bool:
        """Return whether there are no matches, or the person has seen these and saves anyway."""
        if not matches:
            return True
        return bool(self.confirmed.data) and self.shown_matches.data in (None, "", _name_matches(matches))

    def ask_to_confirm(self, matches: Sequence[Match]) -> None:
        """Make the next submission confirm exactly these matches."""
        for field, value in ((self.confirmed, "1" if matches else ""), (self.shown_matches, _name_matches(matches))):
            field.data, field.raw_data = value, None


def _name_matches(matches: Sequence[Match]) -> str:
    return " ".join(f"{match.entity}-{match.record_id}" for match in matches)
