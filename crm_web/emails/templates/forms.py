"""The forms for templates of emails."""

from typing import Any

from wtforms.validators import ValidationError

from crm_web.emails.templates.fields import FIELDS_IN_WORDS, find_unknown
from crm_web.models import MailTemplate, limit_of
from crm_web.web.form_fields import HiddenNumber, RecordForm, Required, TextBlock, TextLine
from crm_web.web.forms import IdempotentForm

ROWS = {"rows": 12}


class KnownFields:
    """Refuses a field that templates don't have."""

    def __call__(self, form: Any, field: Any) -> None:
        if (typed := find_unknown(field.data or "")) is not None:
            raise ValidationError(f"There is no field {{{typed}}}. Use {FIELDS_IN_WORDS}.")


class TemplateParts:
    """The texts of a template."""

    name = TextLine("Name", limit_of(MailTemplate.name), [Required("Enter a name.")])
    subject = TextLine("Subject", limit_of(MailTemplate.subject), [Required("Enter a subject."), KnownFields()])
    body = TextBlock(
        "Message",
        limit_of(MailTemplate.body),
        [Required("Write a message."), KnownFields()],
        description=f"Plain text. These fields are filled in: {FIELDS_IN_WORDS}.",
        render_kw=ROWS,
    )


class NewTemplateForm(TemplateParts, IdempotentForm):
    """A new template."""


class ChangeTemplateForm(TemplateParts, RecordForm):
    """A template, with the version that the form was opened with."""

    version = HiddenNumber()
