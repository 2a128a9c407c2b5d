"""The forms of a webhook."""

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
    """Some events, all in sight; everything stands for all that there will ever be."""

    widget: Any = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def __init__(self, label: str, **settings: Any) -> None:
        super().__init__(label, [(EVERYTHING, "Everything"), *EVENTS.items()], empty=None, **settings)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was chosen; no box that is ticked means nothing was."""
        self.data = [self.read(value) for value in valuelist]
        if EVERYTHING in self.data:
            self.data = [EVERYTHING]

    def iter_choices(self) -> Any:
        """List the boxes."""
        return [Choice(value, label, value in (self.data or ()), {}) for value, label in self.list_options()]

    def pre_validate(self, form: Any) -> None:
        """Something has to be chosen."""
        if not self.data and not self.process_errors:
            raise StopValidation("Choose at least one event.")


class TargetField(TextLine):
    """Where messages go: an address that they may go to."""

    attributes = {"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}

    def read(self, typed: str) -> str:
        """Check the address, as the operation does once more."""
        url = super().read(typed.strip())
        if url:
            read_target(url, allow_private=current_app.config["WEBHOOK_PRIVATE_ADDRESSES"])
        return url


class WebhookParts:
    """What is settled for a webhook, when it is made and later."""

    url = TargetField(
        "Address",
        limit_of(Webhook.url),
        validators=[Required("Enter the address that the messages go to.")],
        description="It gets a POST with JSON for each event, such as https://hooks.example.com/piper.",
    )
    description = TextLine(
        "What it is for", limit_of(Webhook.description), description="In a word or two, such as “Accounting”."
    )
    events = EventsField("Events")


class NewWebhookForm(WebhookParts, IdempotentForm):
    """A webhook that is being made."""


class ChangeWebhookForm(WebhookParts, RecordForm):
    """A webhook that is being changed."""

    version = HiddenNumber()
