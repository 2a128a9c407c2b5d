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

    field_values: Mapping[str, str]
    """What the fields in braces stand for."""

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
    record: Lead | Customer, contact: Contact | None, written: Mapping[str, str], values: Mapping[str, str]
) -> EmailForm:
    """Build the form with its recipient, or with what was written before and taken back.

    :param values: what the fields in braces stand for
    """
    known: dict[str, Any] = {"to": contact.email if contact else record.email}
    form = EmailForm(data={**known, **written})
    form.field_values = values
    return form


def use_template(form: EmailForm, template: MailTemplate, others: Sequence[MailTemplate]) -> None:
    """Fill in the texts of a template: in place of nothing and of those of another, else after what was written."""
    for field, name in ((form.subject, "subject"), (form.body, "body")):
        known = {_plain(fill(getattr(it, name), form.field_values)) for it in others}
        text, written = fill(getattr(template, name), form.field_values), _plain(field.data or "")
        if written and written not in known:
            text = f"{written}\n\n{text}" if field is form.body else written
        # What is typed is shown again unless it is put aside.
        field.data, field.raw_data = text, None


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()
