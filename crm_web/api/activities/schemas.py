"""What of activities goes out of the API."""

from datetime import date, time

from pydantic import Field

from crm_web.activities.listing.filters import FILTERS
from crm_web.activities.spec import ACTIVITIES
from crm_web.api.list_parameters import with_filters
from crm_web.api.schemas import FilterQuery, PageOf, PageQuery
from crm_web.models import ActivityKind, CallOutcome, TaskPriority
from crm_web.web.schemas import Moment, ResponseModel


@with_filters(FILTERS, ACTIVITIES)
class ActivityFilterQuery(FilterQuery):
    """The filters of the activity list, with the same names as in the app."""


class ActivityQuery(ActivityFilterQuery, PageQuery):
    """A page of activities."""


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
    due_time: time | None
    priority: TaskPriority | None
    done_at: Moment | None
    assignee_id: int | None
    outcome: CallOutcome | None
    created_at: Moment
    created_by_id: int | None = Field(examples=[3])
    updated_at: Moment
    updated_by_id: int | None = Field(examples=[3])


class ActivityPage(PageOf[Activity]):
    """A page of activities."""
