"""What of webhooks goes in and out of the API."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from crm_web.api.field_types import text_of
from crm_web.api.schemas import PageOf, Sent
from crm_web.history.schemas import Change
from crm_web.models import EVERYTHING, DeliveryState, PauseReason
from crm_web.models import Webhook as WebhookModel
from crm_web.web.schemas import Moment, ResponseModel
from crm_web.webhooks.events import EVENTS

WORDS = [EVERYTHING, *EVENTS]


def _read_events(events: Sequence[str]) -> list[str]:
    if unknown := [event for event in events if event not in WORDS]:
        raise ValueError(f"Unknown event {unknown[0][:50]!r}.")
    return [EVERYTHING] if EVERYTHING in events else list(dict.fromkeys(events))


Events = Annotated[
    Sequence[str],
    Field(min_length=1, max_length=50),
    AfterValidator(_read_events),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "string", "enum": WORDS},
            "minItems": 1,
            "maxItems": 50,
            "examples": [["lead.won", "customer.created"]],
            "description": "Each change is sent once, as the most specific of these events. * means all events.",
        }
    ),
]
Url = Annotated[
    str,
    Field(min_length=1, max_length=500),
    WithJsonSchema(
        {
            "type": "string",
            "format": "webhook-url",
            "maxLength": 500,
            "examples": ["https://hooks.tanaka.example/piper"],
            "description": "A public https URL without a user name or password.",
        }
    ),
]


class NewWebhook(Sent):
    """A new webhook."""

    url: Url
    events: Events
    description: str | None = text_of(WebhookModel.description)


class WebhookChange(Sent):
    """Changes to a webhook. Only the fields you send change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_active": True, "skip_missed": True}]})

    url: Url = Field(default_factory=str)
    events: Events = Field(default_factory=list)
    description: str | None = text_of(WebhookModel.description)
    is_active: bool = Field(default_factory=bool, description="false pauses it, true resumes it.")
    skip_missed: bool = Field(
        default_factory=bool, description="With is_active true: skip the events missed while paused."
    )


class Webhook(ResponseModel):
    """A URL that receives events."""

    id: int
    version: int
    url: str = Field(examples=["https://hooks.tanaka.example/piper"])
    events: Sequence[str] = Field(examples=[["lead.won", "customer.created"]])
    description: str | None
    is_active: bool
    paused_at: Moment | None
    paused_because: PauseReason | None
    first_failed_at: Moment | None = Field(description="The time since when every message has failed.")
    created_by_id: int | None = Field(examples=[3])
    created_at: Moment
    updated_at: Moment


class MadeWebhook(Webhook):
    """A new webhook with its secret, which is shown only once."""

    secret: str | None = Field(
        examples=["whsec_shown-only-this-once"],
        description="The secret that signs messages (Standard Webhooks). Null if the request is repeated after the "
        "webhook was deleted.",
    )


class WebhookPage(PageOf[Webhook]):
    """A page of webhooks, newest first."""


class Delivery(ResponseModel):
    """A message to a webhook."""

    id: int
    webhook_id: int
    event: str = Field(examples=["lead.changed"])
    change: Change
    state: DeliveryState = Field(examples=[DeliveryState.DELIVERED])
    attempts: int = Field(description="Since it was last requested.")
    created_at: Moment
    next_try_at: Moment | None
    tried_at: Moment | None = Field(examples=["2026-03-31T14:30:00Z"])
    took_ms: int | None = Field(examples=[84])
    status: int | None = Field(examples=[204], description="HTTP status of the last attempt; null without an answer.")
    error: str | None = Field(description="Why the last attempt failed.")


class DeliveryPage(PageOf[Delivery]):
    """A page of messages, newest first."""
