"""What the list of activities can be filtered by."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from crm_web.lists.date_ranges import PAST
from crm_web.lists.filters import ChoiceFilter, DatesFilter, OneChoiceFilter, PeopleFilter
from crm_web.models import ActivityKind

if TYPE_CHECKING:
    from crm_web.lists.record_params import RecordListParams


class TaskState(StrEnum):
    """Whether a task is done."""

    OPEN = "open"
    DONE = "done"

    @property
    def label(self) -> str:
        return "Open tasks" if self is TaskState.OPEN else "Completed tasks"


@dataclass(frozen=True, kw_only=True)
class TaskStateFilter(OneChoiceFilter):
    """Open tasks, or those that are done."""

    def read_value(self, view: "RecordListParams") -> bool | None:
        state = super().read_value(view)
        return state and state is TaskState.DONE


FILTERS = (
    PeopleFilter(name="author", title="Person", part="author_ids", chip="Added by:", what="an employee"),
    ChoiceFilter(name="kind", title="Type", part="kinds", words=list(ActivityKind), what="an activity type"),
    TaskStateFilter(name="tasks", title="Tasks", part="is_done", words=list(TaskState), what="a task state"),
    PeopleFilter(name="assignee", title="Assigned to", part="assignee_ids", chip="Assigned to:", what="an employee"),
    DatesFilter(name="happened", title="Date", part="happened", offered=PAST),
)
