"""The form for an email on a lead or customer."""

from collections.abc import Mapping, Sequence
from typing import Any

from crm_web.emails.templates.fields import fill, find_unfilled
from crm_web.emails.templates.forms import ROWS
from crm_web.models import Activity, Contact, Customer, Lead, MailTemplate, OutgoingMail, limit_of
from crm_web.web.form_fields import EmailField, Required, TextBlock, TextLine
from crm_web.web.forms import IdempotentForm


class RecipientField(EmailField):
    """To whom: the addresses of the record are suggested."""

    suggestions: Sequence[str] = ()


class EmailForm(IdempotentForm):
    """An email. Fields in braces that have a value are filled in; none may be left."""

    to = RecipientField("To", [Required("Enter an email address.")])
    subject = TextLine("Subject", limit_of(OutgoingMail.subject), [Required("Enter a subject.")])
    body = TextBlock("Message", limit_of(Activity.body), [Required("Write a message.")], render_kw=ROWS)

    def offer(self, known: Sequence[str], values: Mapping[str, str]) -> None:
        """Set what is suggested, and what the fields in braces stand for."""
        self.to.suggestions = known
        self.field_values = values

    @property
    def filled_subject(self) -> str:
        return fill(self.subject.data or "", self.field_values)

    @property
    def filled_body(self) -> str:
        return fill(self.body.data or "", self.field_values)

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate each field, and what the texts become when their fields are filled in."""
        is_valid = super().validate(extra_validators)
        for field, text in ((self.subject, self.filled_subject), (self.body, self.filled_body)):
            if field.errors:
                continue
            if (name := find_unfilled(text)) is not None:
                field.errors = [f"{{{name}}} has no value here. Replace or remove it."]
            elif len(text) > field.limit:
                field.errors = [f"Shorten this to {field.limit:,} characters; with its fields it has {len(text):,}."]
        return is_valid and not self.errors


def choose_recipient(record: Lead | Customer, contacts: Sequence[Contact], asked: int | None) -> Contact | None:
    """Choose the contact that an address asks for, else the first if the customer has no email itself."""
    chosen = next((contact for contact in contacts if contact.id == asked), None)
    return chosen or (None if record.email else next(iter(contacts), None))


def begin_email(
    record: Lead | Customer, contact: Contact | None, template: MailTemplate | None, values: Mapping[str, str]
) -> EmailForm:
    """Build the form with its recipient, and the texts of a template with their fields filled in."""
    presets: dict[str, Any] = {"to": contact.email if contact else record.email}
    if template is not None:
        presets |= {name: fill(getattr(template, name), values) for name in ("subject", "body")}
    return EmailForm(data=presets)
