"""What of activities goes in and out of the API."""

from datetime import date
from typing import Any

from pydantic import ConfigDict, Field

from crm_web.activities.forms import OF_TASKS
from crm_web.activities.listing.filters import FILTERS
from crm_web.activities.spec import ACTIVITIES
from crm_web.api.field_types import Day, RecordId, Recurrence, SentMoment, TimeOfDay, text_of
from crm_web.api.list_parameters import with_filters
from crm_web.api.schemas import FilterQuery, PageOf, PageQuery, Sent, needs_with
from crm_web.core.clock import now
from crm_web.models import Activity as ActivityModel
from crm_web.models import ActivityKind, CallOutcome, MailState, TaskPriority
from crm_web.web.schemas import Moment, ResponseModel


@with_filters(FILTERS, ACTIVITIES)
class ActivityFilterQuery(FilterQuery):
    """The filters of the activity list, with the same names as in the app."""


class ActivityQuery(ActivityFilterQuery, PageQuery):
    """A page of activities."""


class ActivityParts(Sent):
    """The fields of an activity except its subject."""

    body: str | None = text_of(ActivityModel.body)
    happened_at: SentMoment | None = Field(None, description="Defaults to now.")
    due_on: Day | None = Field(None, description="Only for tasks.")
    due_time: TimeOfDay | None = Field(None, description="Only for tasks with a due date, in the assignee’s time zone.")
    priority: TaskPriority | None = Field(None, description="Only for tasks; null is normal.")
    recurrence: Recurrence | None = Field(None, description="Only for tasks with a due date.")
    remind_at: SentMoment | None = Field(None, description="Only for tasks.")
    assignee_id: RecordId | None = Field(None, description="Only for tasks. Defaults to you; null is nobody.")
    outcome: CallOutcome | None = Field(None, description="Only for calls.")


def _only_of_its_kind() -> dict[str, Any]:
    """Only tasks have a due date, a due time, a priority and an assignee; only calls have an outcome."""
    nothing = {"type": "null"}
    of_tasks = {"properties": dict.fromkeys(OF_TASKS, nothing)}
    return {
        "allOf": [
            {"anyOf": [{"properties": {"kind": {"const": ActivityKind.TASK}}}, of_tasks]},
            {"anyOf": [{"properties": {"kind": {"const": ActivityKind.CALL}}}, {"properties": {"outcome": nothing}}]},
            needs_with("due_time", "due_on"),
            needs_with("recurrence", "due_on"),
        ]
    }


class NewActivity(ActivityParts):
    """A new note, call, meeting, email or task."""

    model_config = ConfigDict(
        json_schema_extra={
            **_only_of_its_kind(),
            "examples": [{"kind": "task", "subject": "Send the offer", "due_on": "2026-06-30", "due_time": "14:30"}],
        }
    )

    kind: ActivityKind
    subject: str = text_of(ActivityModel.subject, is_required=True, example="Asked about delivery times")


class ActivityChange(ActivityParts):
    """Changes to an activity. Only the fields you send change; null clears a field. Its type can’t change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"due_on": "2026-06-30", "due_time": None}]})

    subject: str = text_of(ActivityModel.subject, is_never_null=True)
    happened_at: SentMoment = Field(default_factory=now)


class Activity(ResponseModel):
    """A note, call, meeting, email or task on a lead or a customer."""

    id: int
    version: int
    kind: ActivityKind
    lead_id: int | None = Field(examples=[12])
    customer_id: int | None
    subject: str = Field(examples=["Asked about delivery times"])
    body: str | None
    happened_at: Moment
    due_on: date | None
    due_time: TimeOfDay | None
    priority: TaskPriority | None
    recurrence: str | None = Field(examples=["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"])
    remind_at: Moment | None
    done_at: Moment | None
    assignee_id: int | None
    outcome: CallOutcome | None
    created_at: Moment
    created_by_id: int | None = Field(examples=[3])
    updated_at: Moment
    updated_by_id: int | None = Field(examples=[3])


class SentEmail(ResponseModel):
    """An email that was sent from a lead or customer, or is going to be."""

    activity_id: int = Field(examples=[40])
    recipient: str = Field(examples=["zoe@acme.example"])
    state: MailState = Field(description="Saved as a file, because there is no mail server.")
    created_at: Moment
    attempts: int = Field(examples=[1])
    sent_at: Moment | None
    failed_at: Moment | None = Field(description="When delivery was given up.")
    bounced_at: Moment | None = Field(description="When a mail server sent it back.")
    error: str | None = Field(description="Why it failed or came back.", examples=["550 No such user"])


class ActivityPage(PageOf[Activity]):
    """A page of activities."""
