"""What forms of records share: the idempotency key and the duplicate check."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from wtforms import HiddenField

from crm_web.records.matching import Match
from crm_web.web.form_fields import RecordForm, TypedField
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
