"""The form for activities."""

from datetime import datetime, time
from typing import Any

from wtforms import HiddenField

from crm_web.activities.days import find_day, read_day_word
from crm_web.activities.queries import list_assignees
from crm_web.models import Activity, ActivityKind, CallOutcome, Employee, TaskPriority, limit_of
from crm_web.records.date_input import read_date, read_moment, read_time
from crm_web.records.recurrence import EXAMPLES, read_recurrence, read_rule
from crm_web.web.form_fields import (
    DateField,
    EnumField,
    OwnerField,
    RecordForm,
    Required,
    TextLine,
    TypedField,
    stored_values,
)
from crm_web.web.forms import IdempotentForm
from crm_web.web.note_field import NoteBlock
from crm_web.web.template_filters import current_user_locale, today
from crm_web.web.uploads import UploadField
from crm_web.web.widgets import NotDrawn

KINDS = {kind.value: kind for kind in ActivityKind}
NINE = time(9)


class MomentField(TypedField):
    """A date and time in the user's time zone."""

    attributes = {"type": "datetime-local"}

    def read(self, typed: str) -> datetime:
        """Parse the time; one that was not touched keeps its seconds."""
        saved = self.object_data
        if isinstance(saved, datetime) and typed == self.show(saved):
            return saved
        reader = current_user_locale()
        return read_moment(typed, reader.zone, reader.locale)

    def show(self, value: datetime) -> str:
        return value.astimezone(current_user_locale().zone).strftime("%Y-%m-%dT%H:%M")


class TimeOfDayField(TypedField):
    """A time of day, such as 14:30."""

    attributes = {"type": "time"}
    width = "short"

    def read(self, typed: str) -> time:
        return read_time(typed)

    def show(self, value: time) -> str:
        return f"{value:%H:%M}"


class RecurrenceField(TypedField):
    """How often a task recurs, in words."""

    suggestions = EXAMPLES
    attributes = {"placeholder": "Never"}

    def read(self, typed: str) -> str:
        return read_recurrence(typed, current_user_locale().locale).rule

    def show(self, value: str) -> str:
        return read_rule(value).in_words()


OF_TASKS = ("due_on", "due_time", "priority", "recurrence", "remind_at", "assignee_id")


class ActivityFields(RecordForm):
    """What is typed about an activity; some fields are only for tasks, or only for calls."""

    subject = TextLine("Subject", limit_of(Activity.subject), [Required("Enter a subject.")])
    body = NoteBlock("Details", limit_of(Activity.body), render_kw={"rows": 3})
    outcome = EnumField("Outcome", CallOutcome)
    happened_at = MomentField("Date and time")
    due_on = DateField("Due date")
    due_time = TimeOfDayField("Due time")
    priority = EnumField("Priority", TaskPriority, empty="Normal")
    assignee_id = OwnerField("Assigned to", refusal="Choose an active employee.")
    recurrence = RecurrenceField("Repeats")
    remind_at = MomentField("Reminder")

    def check_due_date(self) -> None:
        """Refuse what needs a due date without one."""
        for field, name in ((self.due_time, "due time"), (self.recurrence, "repetition")):
            if field.data is not None and self.due_on.data is None and not self.due_on.errors:
                self.due_on.errors = [f"Choose a due date, or clear the {name}."]


class ActivityForm(ActivityFields, IdempotentForm):
    """A new note, call, meeting, email or task."""

    kind = EnumField(
        "Type", ActivityKind, empty=None, default=ActivityKind.NOTE, validators=[Required("Choose a type.")]
    )
    happened_at = MomentField("Date and time", description="Leave blank for now.")
    to = HiddenField(widget=NotDrawn())
    files = UploadField("Files", id="activity-files")

    def ask_for_files_again(self) -> None:
        """List the files that must be chosen again: browsers send none from a page that is shown again."""
        if self.files.data and not self.files.errors:
            names = ", ".join(sent.filename or "" for sent in self.files.data)
            self.files.errors = [f"These weren’t added yet. Choose them again: {names}."]

    def values(self) -> dict[str, Any]:
        """Return the values for the operation; a word such as ``tomorrow`` sets a task's due date."""
        values = stored_values(self)
        if self.kind.data is ActivityKind.TASK and self.happened_at.data == self.happened_at.object_data:
            values["happened_at"] = None
        if self.kind.data is ActivityKind.TASK and (word := read_day_word(self.to.data)):
            values["due_on"] = find_day(word, today())
        return values

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate each field, and refuse the fields of another kind, except presets."""
        is_valid = super().validate(extra_validators)
        if self.kind.errors:
            return is_valid
        if self.kind.data is not ActivityKind.CALL and self.outcome.data is not None:
            self.outcome.errors = ["Only calls have an outcome. Choose Call, or clear it."]
        if self.kind.data is ActivityKind.TASK:
            self.check_due_date()
            return is_valid and not self.errors
        for field in self.only_of_tasks[:-1]:
            if field.data not in (None, field.object_data):
                name = field.label.text.lower() if field is not self.recurrence else "repetition"
                field.errors = [f"Only tasks have a {name}. Choose Task, or clear the {name.split()[-1]}."]
        if self.assignee_id.data not in (None, self.assignee_id.object_data):
            self.assignee_id.errors = ["Only tasks can be assigned to someone else. Choose Task, or choose yourself."]
        return is_valid and not self.errors

    @property
    def speaks_of_tasks(self) -> bool:
        """Whether a task field is invalid, so that it must be visible."""
        return any(field.errors for field in self.only_of_tasks)

    @property
    def only_of_tasks(self) -> list[Any]:
        """The fields that only tasks have, the assignee last."""
        return [self[name] for name in OF_TASKS]


def read_activity_form(
    by: Employee, kind: str | None = None, day: str | None = None, copied: Activity | None = None
) -> ActivityForm:
    """Build the form with what was sent, if anything was.

    :param kind: the kind that an address asks for; no kind is chosen if there is no such one
    :param day: for which an address asks, such as ``2026-03-31``; a call or meeting begins at nine
    :param copied: an activity that a new one begins as a copy of
    """
    form = ActivityForm(data={"assignee_id": by.id} | _presets(kind, day) | _copy(copied))
    form.assignee_id.set_options(list_assignees())
    return form


def _copy(activity: Activity | None) -> dict[str, Any]:
    """A copy is not done, and happens when it is added."""
    names = ("kind", "subject", "body", *OF_TASKS) if activity and activity.is_task else ("kind", "subject", "body")
    return {name: getattr(activity, name) for name in names} if activity else {}


def _presets(kind: str | None, day: str | None) -> dict[str, Any]:
    presets: dict[str, Any] = {"kind": KINDS[kind]} if kind in KINDS else {}
    try:
        due_on = read_date(day or "")
    except ValueError:
        return presets
    return presets | {"due_on": due_on, "happened_at": datetime.combine(due_on, NINE, current_user_locale().zone)}


def empty_activity_form(by: Employee, kind: str | None) -> ActivityForm:
    """Build an empty form for the page of a record.

    :param kind: the kind that is asked for; no kind is chosen if there is no such one
    """
    form = ActivityForm(formdata=None, data={"assignee_id": by.id, "kind": KINDS.get(kind or "")})
    form.assignee_id.set_options(list_assignees())
    return form
