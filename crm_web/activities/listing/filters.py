"""What the list of activities can be filtered by."""

from enum import StrEnum

from crm_web.lists.date_ranges import PAST
from crm_web.lists.filters import ChoiceFilter, DatesFilter, OneChoiceFilter, PeopleFilter
from crm_web.models import ActivityKind


class TaskState(StrEnum):
    """Whether a task is done."""

    OPEN = "open"
    DONE = "done"

    @property
    def label(self) -> str:
        return "Open tasks" if self is TaskState.OPEN else "Completed tasks"


FILTERS = (
    PeopleFilter(name="author", title="Person", part="author_ids", chip="Added by:", what="an employee"),
    ChoiceFilter(name="kind", title="Type", part="kinds", words=list(ActivityKind), what="an activity type"),
    OneChoiceFilter(name="tasks", title="Tasks", words=list(TaskState), what="a task state"),
    PeopleFilter(name="assignee", title="Assigned to", part="assignee_ids", chip="Assigned to:", what="an employee"),
    DatesFilter(name="happened", title="Date", part="happened", offered=PAST),
)
