"""The forms for contacts."""

from typing import Any

from wtforms import BooleanField

from crm_web.models import Contact, Customer, limit_of
from crm_web.web.form_fields import EmailField, TextBlock, TextLine
from crm_web.web.forms import DuplicateCheckForm, EditForm, IdempotentForm
from crm_web.web.phone_field import PhoneField


def _line(label: str, column: Any, **options: Any) -> Any:
    return TextLine(label, limit_of(column), **options)


class ContactForm(DuplicateCheckForm):
    """The fields of a contact."""

    first_name = _line("First name", Contact.first_name)
    last_name = _line("Last name", Contact.last_name)
    salutation = _line("Salutation", Contact.salutation, description="e.g. Ms, Dr, Prof.")
    job_title = _line("Job title", Contact.job_title)
    email = EmailField("Email")
    phone = PhoneField("Phone")
    mobile = PhoneField("Mobile")
    description = TextBlock("Description", limit_of(Contact.description), render_kw={"rows": 3})
    is_primary = BooleanField("Primary contact")

    def __init__(self, *args: Any, customer: Customer, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.customer = customer

    @property
    def phone_country(self) -> str | None:
        """The country of the customer."""
        return self.customer.phone_country

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate each field, and require a name or an email."""
        is_valid = bool(super().validate(extra_validators))
        names = (self.first_name, self.last_name, self.email)
        if not any((field.data or "").strip() or field.errors for field in names):
            self.last_name.errors = ["Enter a name or email."]
        return is_valid and not self.errors


class NewContactForm(ContactForm, IdempotentForm):
    """A new contact."""


class EditContactForm(EditForm, ContactForm):
    """A contact that is there already."""
