"""The forms of webhooks."""

from typing import Any

from flask import current_app
from wtforms.fields.choices import Choice  # type: ignore[attr-defined]  # The stubs are older.
from wtforms.validators import StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from crm_web.models import EVERYTHING, Webhook, limit_of
from crm_web.web.form_fields import ChoiceField, HiddenNumber, RecordForm, Required, TextLine
from crm_web.web.forms import IdempotentForm
from crm_web.webhooks.events import EVENTS
from crm_web.webhooks.ssrf_guard import read_target


class EventsField(ChoiceField):
    """Events as checkboxes; “everything” includes future events."""

    widget: Any = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str, **settings: Any) -> None:
        super().__init__(label, [(EVERYTHING, "All events"), *EVENTS.items()], empty=None, **settings)

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = [self.read(value) for value in valuelist]
        if EVERYTHING in self.data:
            self.data = [EVERYTHING]

    def iter_choices(self) -> Any:
        return [Choice(value, label, value in (self.data or ()), {}) for value, label in self.list_options()]

    def pre_validate(self, form: Any) -> None:
        """At least one must be chosen."""
        if not self.data and not self.process_errors:
            raise StopValidation("Choose at least one event.")


class TargetField(TextLine):
    """The URL for messages."""

    attributes = {"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}

    def read(self, typed: str) -> str:
        url = super().read(typed.strip())
        if url:
            read_target(url, allow_private=current_app.config["WEBHOOK_PRIVATE_ADDRESSES"])
        return url


class WebhookParts:
    """The settings of a webhook."""

    url = TargetField(
        "URL",
        limit_of(Webhook.url),
        validators=[Required("Enter a URL.")],
        description="We send a JSON POST for each event, e.g. to https://hooks.example.com/piper.",
    )
    description = TextLine("Description", limit_of(Webhook.description), description="e.g. “Accounting”")
    events = EventsField("Events")


class NewWebhookForm(WebhookParts, IdempotentForm):
    """A new webhook."""


class ChangeWebhookForm(WebhookParts, RecordForm):
    """Changes of a webhook."""

    version = HiddenNumber()
