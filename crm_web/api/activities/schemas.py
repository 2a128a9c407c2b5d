"""What of activities goes out of the API."""

from datetime import date, time

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
    lead_id: int | None
    customer_id: int | None
    subject: str
    body: str | None
    happened_at: Moment
    due_on: date | None
    due_time: time | None
    priority: TaskPriority | None
    done_at: Moment | None
    assignee_id: int | None
    outcome: CallOutcome | None
    created_at: Moment
    created_by_id: int | None
    updated_at: Moment
    updated_by_id: int | None


class ActivityPage(PageOf[Activity]):
    """A page of activities."""
