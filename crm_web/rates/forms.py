"""The forms for exchange rates."""

from decimal import Decimal
from typing import Any

from crm_web.core.errors import DomainError
from crm_web.rates.files import check_rate
from crm_web.records.number_input import read_number
from crm_web.web.form_fields import CurrencyField, DateField, RecordForm, Required, TypedField
from crm_web.web.template_filters import current_user_locale, rate
from crm_web.web.uploads import UploadField


class RateField(TypedField):
    """How much of a currency one euro is."""

    attributes = {"inputmode": "decimal"}
    width = "short"

    def read(self, typed: str) -> Decimal:
        try:
            return check_rate(read_number(typed, current_user_locale().locale))
        except DomainError as error:
            raise ValueError(error.message) from error

    def show(self, value: Decimal) -> str:
        return rate(value, user_locale=current_user_locale())


class RateForm(RecordForm):
    """The rate of one currency."""

    currency = CurrencyField("Currency", validators=[Required("Choose a currency.")])
    per_euro = RateField("One euro is", validators=[Required("Enter the rate.")], description="e.g. 1.0825 for USD.")
    valid_on = DateField("Date of the rate", validators=[Required("Enter the date.")])


class RatesFileForm(RecordForm):
    """A file of rates."""

    file = UploadField("File", description="eurofxref-daily.xml or eurofxref.zip, as the European Central Bank has it.")

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate the form; there has to be one file."""
        is_valid = super().validate(extra_validators)
        if is_valid and len(self.file.data or ()) != 1:
            self.file.errors = ["Choose one file."]
            return False
        return is_valid
