"""The form for activities."""

from datetime import datetime
from typing import Any

from crm_web.activities.queries import list_assignees
from crm_web.models import Activity, ActivityKind, Employee, limit_of
from crm_web.records.date_input import read_moment
from crm_web.web.form_fields import DateField, EnumField, OwnerField, Required, TextBlock, TextLine, TypedField
from crm_web.web.forms import IdempotentForm
from crm_web.web.template_filters import current_user_locale


class MomentField(TypedField):
    """A date and time in the user's time zone."""

    attributes = {"type": "datetime-local"}

    def read(self, typed: str) -> datetime:
        reader = current_user_locale()
        return read_moment(typed, reader.zone, reader.locale)


class ActivityForm(IdempotentForm):
    """A new note, call, meeting, email or task."""

    kind = EnumField(
        "Type", ActivityKind, empty=None, default=ActivityKind.NOTE, validators=[Required("Choose a type.")]
    )
    subject = TextLine("Subject", limit_of(Activity.subject), [Required("Enter a subject.")])
    body = TextBlock("Details", limit_of(Activity.body), render_kw={"rows": 3})
    happened_at = MomentField("Date and time", description="Leave blank for now.")
    due_on = DateField("Due date")
    assignee_id = OwnerField("Assigned to", refusal="Choose an active employee.")

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate each field, and refuse task fields for other kinds, except presets."""
        is_valid = super().validate(extra_validators)
        if self.kind.errors or self.kind.data is ActivityKind.TASK:
            return is_valid
        if self.due_on.data is not None:
            self.due_on.errors = ["Only tasks have a due date. Choose Task, or clear the date."]
        if self.assignee_id.data not in (None, self.assignee_id.object_data):
            self.assignee_id.errors = ["Only tasks can be assigned to someone else. Choose Task, or choose yourself."]
        return is_valid and not self.errors

    @property
    def speaks_of_tasks(self) -> bool:
        """Whether a task field is invalid, so that it must be visible."""
        return bool(self.due_on.errors or self.assignee_id.errors)


def read_activity_form(by: Employee) -> ActivityForm:
    """Build the form with what was sent, if anything was."""
    form = ActivityForm(data={"assignee_id": by.id})
    form.assignee_id.set_options(list_assignees())
    return form


def empty_activity_form(by: Employee) -> ActivityForm:
    """Build an empty form for the page of a record; no kind is chosen yet."""
    form = ActivityForm(formdata=None, data={"assignee_id": by.id, "kind": None})
    form.assignee_id.set_options(list_assignees())
    return form
