"""What forms of records share: a key to be answered once, and the question about duplicates."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from wtforms import HiddenField
from wtforms.widgets import HiddenInput

from crm_web.records.matching import Match
from crm_web.web.form_fields import RecordForm, TypedField


class IdempotencyKeyField(TypedField):
    """The key of one form on one page, new whenever the form is shown afresh; anything that is no key is not sent."""

    widget = HiddenInput()

    def __init__(self, **options: Any) -> None:
        super().__init__(default=uuid4, **options)

    def read(self, typed: str) -> UUID | None:
        """Read the key."""
        try:
            return UUID(typed)
        except ValueError:
            return None

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was sent; a form without a key has none, whatever it began with."""
        self.data = None
        super().process_formdata(valuelist)

    def columns(self) -> dict[str, Any]:
        """Give no columns: it is not part of the record."""
        return {}

    def _value(self) -> str:
        return str(self.data or uuid4())


class IdempotentForm(RecordForm):
    """A form that creates something, and is answered once however often it is sent: see ``crm_web.web.idempotency``."""

    submission = IdempotencyKeyField()

    def refuse_changed(self, message: str) -> None:
        """Refuse the form, which was sent before with other fields; sent once more, it is a new one."""
        self.form_errors: list[str] = [message]
        self.submission.data = None

    def validate(self, extra_validators: Any = None) -> bool:
        """Check each field, and that the form was not refused before."""
        return bool(super().validate(extra_validators)) and not self.form_errors


class DuplicateCheckForm(RecordForm):
    """A form about a person or company who may be known already."""

    confirmed = HiddenField()
    shown_matches = HiddenField()

    def is_confirmed(self, matches: Sequence[Match]) -> bool:
        """Tell whether there is nothing to ask, or the person has seen these matches and wants to save nevertheless."""
        if not matches:
            return True
        return bool(self.confirmed.data) and self.shown_matches.data in (None, "", _name_matches(matches))

    def ask_about(self, matches: Sequence[Match]) -> None:
        """Let the next press of the button mean these matches, and no other ones."""
        for field, value in ((self.confirmed, "1" if matches else ""), (self.shown_matches, _name_matches(matches))):
            field.data, field.raw_data = value, None

    def speaks_of(self, *names: str) -> bool:
        """Tell whether one of these fields is filled or wrong, so that a fold around them has to stand open."""
        return any(self[name].data or self[name].errors or self[name].raw_data not in (None, [""]) for name in names)


def _name_matches(matches: Sequence[Match]) -> str:
    return " ".join(f"{match.entity}-{match.record_id}" for match in matches)
