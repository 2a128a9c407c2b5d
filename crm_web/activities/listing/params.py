"""What the address of the list of activities says, and how its filters read."""

from collections.abc import Sequence

from werkzeug.datastructures import MultiDict

from crm_web.activities.queries import ActivityFilter
from crm_web.lists.date_ranges import PAST, WORDS
from crm_web.lists.params import Chip
from crm_web.lists.record_params import DateRangeFilter, Label, RecordListParams
from crm_web.models import ActivityKind, Employee
from crm_web.web.template_filters import UserLocale

DATES = {"happened_from": "Date from", "happened_to": "Date before"}
TASKS = {"open": "Open tasks", "done": "Completed tasks"}


class ActivityListParams(RecordListParams):
    """
    The address of the list of activities.

    :param args: the query of the address
    :param me: the employee who reads
    :param reader: in whose language and time zone
    """

    def __init__(self, args: MultiDict[str, str], *, me: Employee, user_locale: UserLocale) -> None:
        super().__init__(
            "activities.list_activities",
            args,
            me=me,
            user_locale=user_locale,
            dates=DATES,
            names=("author", "assignee", "kind", "tasks", "happened", *DATES),
        )
        self.require("author", "an employee", self.is_person)
        self.require("assignee", "an employee", self.is_person)
        self.require("kind", "an activity type", lambda word: word in list(ActivityKind))
        self.require("tasks", "a task state", lambda word: word in TASKS, is_single=True)
        self.require("happened", "a period", lambda word: word in WORDS, is_single=True)
        self.kinds = [kind for kind in ActivityKind if kind in self.all("kind")]
        self.tasks = self.one("tasks") if self.one("tasks") in TASKS else ""

    def read_filter(self) -> ActivityFilter:
        """Say which activities the list shows."""
        return ActivityFilter(
            author_ids=self.person_ids("author"),
            assignee_ids=self.person_ids("assignee"),
            kinds=self.kinds,
            happened_from=self._first("happened"),
            happened_to=self._next("happened"),
            is_done=self.tasks == "done" if self.tasks else None,
        )

    @property
    def date_range_happened(self) -> DateRangeFilter:
        """The days to filter by."""
        words = [(word, WORDS[word][0].capitalize()) for word in PAST]
        return DateRangeFilter("Date", "happened", words, (("happened_from", "from"), ("happened_to", "before")))

    @property
    def kind_choices(self) -> list[tuple[str, str]]:
        """Values and labels of the kinds to choose from."""
        return [(kind.value, kind.label) for kind in ActivityKind]

    @property
    def task_choices(self) -> list[tuple[str, str]]:
        """Values and labels of what tasks can be."""
        return list(TASKS.items())

    @property
    def days_in_use(self) -> int:
        """How many of the filters by day are in use."""
        return sum(1 for name in ("happened", *DATES) if self.one(name) and self.is_applied(name))

    @property
    def ignored(self) -> list[str]:
        """What was typed and means nothing."""
        return self.left_out()

    def list_chips(self, people: Sequence[Employee]) -> list[Chip]:
        """
        Put the filters in use in words.

        :param people: everyone who may be named
        :return: a chip for each filter that has an effect
        """
        labels: list[Label] = [
            *self.name_people("author", "Added by:", people),
            *self.name_people("assignee", "Assigned to:", people),
            *(("kind", kind.value, kind.label) for kind in self.kinds),
            *(("tasks", word, TASKS[word]) for word in [self.tasks] if word),
            *self.name_days(),
        ]
        return self.to_chips(labels)
