"""Form fields: each parses typed text with ``crm_web.records.parsing`` and shows again what was typed.

``field.data`` is the value to store, ``None`` if it was left empty. A field that was not sent keeps its initial value.
``stored_values(form)`` gives column names and values for an operation, including the E.164 form of each phone number.
``show_refusal(form, error)`` puts the message of a ``DomainError`` onto its field.

    class LeadForm(RecordForm):
        last_name = TextLine("Last name", limit_of(Lead.last_name))
        owner_id = OwnerField("Owner")              # form.owner_id.offer(list_possible_owners(), lead.owner)
        version = HiddenNumber()
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, Form, StringField
from wtforms.fields.choices import Choice, SelectFieldBase  # type: ignore[attr-defined]  # The stubs are older.
from wtforms.form import BaseForm
from wtforms.validators import StopValidation, ValidationError

from crm_web.core.csrf import FormToken
from crm_web.core.errors import DomainError
from crm_web.models import Employee
from crm_web.records import parsing
from crm_web.records.currency_signs import Sign
from crm_web.records.number_input import write_amount
from crm_web.records.people import Person
from crm_web.web.country_names import list_countries, list_currencies
from crm_web.web.refills import MESSAGE, is_refill
from crm_web.web.template_filters import current_user_locale
from crm_web.web.widgets import HiddenInput, Option, Select, TextArea, TextInput

SHORT = 50
"""A text of at most so many characters gets a short field."""


class RecordForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types.
    """Base of all forms. It reads form-encoded bodies only."""

    only: Sequence[str] = ()
    """The fields that were asked for; none where it is the whole form: see ``EditForm``."""

    def __init__(self, *args: Any, obj: Any = None, **settings: Any) -> None:
        super().__init__(*args, obj=obj, **settings)
        self.record = obj

    def values(self) -> dict[str, Any]:
        """Return the values of a valid form for an operation."""
        return stored_values(self)

    @property
    def phone_country(self) -> str | None:
        """The country for phone numbers without a country code, as far as the form says."""
        return None

    @property
    def phone_warnings(self) -> list[str]:
        """Warnings about phone numbers that may be wrong and are new, or whose country is."""
        return [doubt for field in self if (doubt := getattr(field, "doubt", ""))]

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        """A JSON body, or a file in place of a text, counts as not sent."""

        csrf_class = FormToken

        def wrap_formdata(self, form: Any, formdata: Any) -> MultiDict[str, str] | None:
            if formdata is None or isinstance(formdata, MultiDict):
                return formdata
            return request.form if request.method == "POST" else None

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate each field, unless the form is only shown again."""
        if is_refill():
            self.form_errors = [MESSAGE]
            return False
        return bool(super().validate(extra_validators))


class Required:
    """The field must not be empty. A parse error takes precedence over this message."""

    field_flags: Mapping[str, Any] = {"required": True}

    def __init__(self, message: str) -> None:
        self.message = message

    def __call__(self, form: Form, field: Field) -> None:
        if field.process_errors:
            raise StopValidation
        if field.data is None or not str(field.data).strip():
            raise StopValidation(self.message)


class TypedField(StringField):
    """A text field for a typed value: ``data`` is the value, the page shows the text."""

    widget: Any = TextInput()
    attributes: Mapping[str, Any] = {}
    data: Any

    def __init__(self, label: str | None = None, validators: Sequence[Any] = (), **options: Any) -> None:
        autocomplete = not isinstance(self.widget, HiddenInput) and "off"  # HTML allows it only where somebody types.
        options["render_kw"] = {"autocomplete": autocomplete, **self.attributes, **(options.get("render_kw") or {})}
        super().__init__(label, list(validators), **options)

    def read(self, typed: str) -> Any:
        """Parse the text, which is not blank.

        :raise ValueError: with a message for the person
        """
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """Format a stored value as a person would type it."""
        return str(value)

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            self.data = None
            self.data = self.read(valuelist[0]) if valuelist[0].strip() else None

    def columns(self) -> dict[str, Any]:
        """Return the columns that this field fills, with their values."""
        return {self.name: self.data}

    def _value(self) -> str:
        if self.raw_data:
            # HTML can't hold a NUL; show a visible character in its place that can be removed.
            return str(self.raw_data[0]).replace("\x00", "\ufffd")
        return "" if self.data is None else self.show(self.data)


class TextLine(TypedField):
    """One line of text, kept exactly as typed; only an empty one is ``None``."""

    suggestions: Sequence[str] | None = None
    """What the page offers while somebody types."""

    def __init__(self, label: str | None, limit: int, validators: Sequence[Any] = (), **options: Any) -> None:
        super().__init__(label, validators, **options)
        self.limit = limit
        self.width = "medium" if limit <= SHORT else ""

    def read(self, typed: str) -> str:
        return parsing.read_text(typed, self.limit)

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            self.data = None
            self.data = self.read(valuelist[0]) or None


class TextBlock(TextLine):
    """Text of several lines, with line ends normalized."""

    widget = TextArea()

    def read(self, typed: str) -> str:
        return super().read(typed.replace("\r\n", "\n"))


class EmailField(TypedField):
    """An email address. No ``type=email``: browsers would rewrite an international domain while it is typed."""

    attributes = {"inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}

    def read(self, typed: str) -> str:
        return parsing.read_email(typed)


class WebsiteField(TypedField):
    """The URL of a website, with or without scheme."""

    attributes = {"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}

    def read(self, typed: str) -> str:
        return parsing.read_website(typed)


class AmountField(TypedField):
    """An amount of money; ``sign`` is the currency sign typed beside it, if any."""

    attributes = {"inputmode": "decimal"}
    sign: Sign | None = None

    def read(self, typed: str) -> Decimal:
        amount, self.sign = parsing.read_money(typed, current_user_locale().locale)
        return amount

    def show(self, value: Decimal) -> str:
        """Format the amount, without decimals if they are zero."""
        return write_amount(value, current_user_locale().locale)

    def agree_with(self, currency: "CurrencyField") -> None:
        """Let a typed currency sign choose the currency if none is chosen, and refuse it if it contradicts the
        choice.
        """
        if self.sign is None or self.errors or currency.errors:
            return
        if currency.data is None:
            currency.data = self.sign.usual
        elif currency.data not in self.sign.currencies:
            wrong = f"The amount says “{self.sign.text}”, but the currency is {currency.data}."
            self.errors = [f"{wrong} Change one of them."]


class PercentField(TypedField):
    """A whole number from 0 to 100."""

    attributes = {"inputmode": "numeric"}

    def read(self, typed: str) -> int:
        return parsing.read_percent(typed, current_user_locale().locale)


class DateField(TypedField):
    """A day."""

    attributes = {"type": "date"}

    def read(self, typed: str) -> date:
        return parsing.read_date(typed, current_user_locale().locale)


class ChoiceField(SelectFieldBase):
    """A choice from a list; the empty option is ``None``.

    :param empty: the label of the empty option; ``None`` for none
    """

    widget = Select()

    def __init__(
        self,
        label: str | None = None,
        options: Iterable[tuple[Any, str]] = (),
        *,
        empty: str | None = "Not set",
        refusal: str = "Choose one from the list.",
        **settings: Any,
    ) -> None:
        super().__init__(label, **settings)
        self.options = list(options)
        self.empty = empty
        self.is_answered = empty is None
        self.refusal = refusal
        if empty is None and isinstance(self.widget, Select):
            self.flags.required = False  # One is always chosen; HTML allows it only beside an empty first line.
        # Templates choose the control by this name.
        self.type = "SelectField"

    def list_options(self) -> Iterable[tuple[Any, str]]:
        return self.options

    def read(self, typed: str) -> Any:
        """Turn the sent text into the value of an option.

        :raise ValueError: if there is no such option
        """
        for value, _label in self.list_options():
            if str(value) == typed.strip():
                return value
        raise ValueError(self.refusal)

    def process_formdata(self, valuelist: list[Any]) -> None:
        if valuelist:
            self.data = None
            self.data = self.read(valuelist[0]) if valuelist[0].strip() else None

    def post_validate(self, form: BaseForm, validation_stopped: bool) -> None:
        """Refuse an empty choice if there is no empty option; a validator's own message takes precedence."""
        if self.empty is None and self.data is None and not (validation_stopped or self.errors):
            raise ValidationError(self.refusal)

    def list_lines(self) -> Iterable[Option]:
        """List the options that the page shows, the empty one first."""
        return self.list_options() if self.empty is None else [(None, self.empty), *self.list_options()]

    def iter_choices(self) -> Any:
        return [
            Choice("" if value is None else str(value), label, value == self.data, {})
            for value, label in self.list_lines()
        ]

    def columns(self) -> dict[str, Any]:
        return {self.name: self.data}


class EnumField(ChoiceField):
    """A choice from an enum with labels, or from some of its members."""

    def __init__(self, label: str | None, words: Iterable[StrEnum], **settings: Any) -> None:
        super().__init__(label, [(word, getattr(word, "label", word.value)) for word in words], **settings)


class CountryField(ChoiceField):
    """A country, by code or name."""

    def list_options(self) -> Iterable[tuple[str, str]]:
        return list_countries()

    def read(self, typed: str) -> str:
        return parsing.read_country(typed)


class CurrencyField(ChoiceField):
    """A currency, by code, with its name."""

    def list_options(self) -> Iterable[tuple[str, str]]:
        return list_currencies()

    def read(self, typed: str) -> str:
        return parsing.read_currency(typed)


class OwnerField(ChoiceField):
    """The owner of a record: someone who may own it, or nobody."""

    width = "medium"

    def __init__(self, label: str | None = "Owner", **settings: Any) -> None:
        settings.setdefault("empty", "Unassigned")
        settings.setdefault("refusal", "Choose an active employee. Viewers can’t own records.")
        super().__init__(label, **settings)
        self.is_answered = True  # Nobody is an answer too.
        self._typed: str | None = None

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Keep the raw value until ``offer`` gives the options."""
        self._typed = valuelist[0] if valuelist else None

    def set_options(self, people: Iterable[Person | Employee], current: Employee | None = None) -> None:
        """Set who can be chosen; call it before ``validate``.

        :param current: the present owner, who stays in the list even if no longer eligible
        """
        self.options = [(person.id, person.name) for person in people]
        self.keep(current)
        try:
            if self._typed is not None:
                super().process_formdata([self._typed])
        except ValueError as error:
            self.process_errors = [str(error)]

    def keep(self, current: Employee | None) -> None:
        """Keep the present owner in the list, even if no longer eligible."""
        if current is not None and current.id not in dict(self.options):
            self.options.append((current.id, f"{current.name} (no longer available)"))


class HiddenNumber(TypedField):
    """A hidden whole number, such as the version of a record; anything else counts as not sent."""

    widget = HiddenInput()

    def process_formdata(self, valuelist: list[Any]) -> None:
        """A number that was not sent is missing, whatever the initial value."""
        self.data = None
        super().process_formdata(valuelist)

    def read(self, typed: str) -> int | None:
        return int(typed) if re.fullmatch("[0-9]{1,18}", typed) else None

    def columns(self) -> dict[str, Any]:
        return {}


def stored_values(fields: Iterable[Field]) -> dict[str, Any]:
    """Collect the column values of a valid form, or of some of its fields, for an operation."""
    values: dict[str, Any] = {}
    for field in fields:
        if isinstance(field, (TypedField, ChoiceField)):
            values |= field.columns()
        elif isinstance(field, BooleanField):
            values[field.name] = field.data
    return values


def show_refusal(form: Form, error: DomainError) -> None:
    """Show the message of a refusal on its field, or on top of the form."""
    field = form[error.field] if error.field and error.field in form else None
    if field is None:
        form.form_errors = [*form.form_errors, error.message]
    else:
        field.errors = [*field.errors, error.message]
