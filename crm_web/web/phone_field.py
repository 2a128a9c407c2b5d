"""The form field for phone numbers, which are parsed for the country that the form gives."""

from typing import Any

from flask_login import current_user
from wtforms.validators import ValidationError

from crm_web.records import parsing
from crm_web.records.merging import DERIVED_SUFFIX
from crm_web.records.phones import list_regions, read_number
from crm_web.web.form_fields import TypedField
from crm_web.web.widgets import TelInput

PHONE_HELP = "Include the country code for international numbers, e.g. +44 20 7946 0958."


class PhoneField(TypedField):
    """A phone number; it also fills the E.164 column beside its own, such as ``phone_e164``."""

    widget = TelInput()
    e164: str | None = None
    """The number as everybody in the world would dial it, once the form is validated."""
    doubt = ""
    """Why the number may be wrong, as sentences."""

    def read(self, typed: str) -> str:
        """Check the length only: the country may be in another field."""
        return parsing.read_text(typed.strip(), 50)

    def pre_validate(self, form: Any) -> None:
        """Parse the number, unless number and country are as saved."""
        if self.data is None:
            return
        if form.record is not None and self._is_kept(form):
            self.e164 = getattr(form.record, self.name + DERIVED_SUFFIX)
            return
        typed, self.data = self.data, None
        try:
            self.data, self.e164, self.doubt = read_number(typed, list_regions(form.phone_country, current_user))
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def _is_kept(self, form: Any) -> bool:
        is_same_number = self.data == getattr(form.record, self.name)
        return is_same_number and bool(form.phone_country == getattr(form.record, "phone_country", None))

    def columns(self) -> dict[str, Any]:
        return {self.name: self.data, self.name + DERIVED_SUFFIX: self.e164}
