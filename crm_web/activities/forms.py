"""The form about activities."""

from datetime import datetime
from typing import Any

from crm_web.activities.queries import list_assignees
from crm_web.models import Activity, ActivityKind, Employee, limit_of
from crm_web.records.date_input import read_moment
from crm_web.web.form_fields import DateField, EnumField, OwnerField, Required, TextBlock, TextLine, TypedField
from crm_web.web.forms import IdempotentForm
from crm_web.web.template_filters import current_user_locale


class MomentField(TypedField):
    """A day and a time, as the person's own clock shows them."""

    attributes = {"type": "datetime-local"}

    def read(self, typed: str) -> datetime:
        """Read the moment."""
        reader = current_user_locale()
        return read_moment(typed, reader.zone, reader.locale)


class ActivityForm(IdempotentForm):
    """A note, call, meeting, e-mail or task that is being entered."""

    kind = EnumField(
        "Kind", ActivityKind, empty=None, default=ActivityKind.NOTE, validators=[Required("Choose what it is.")]
    )
    subject = TextLine("Subject", limit_of(Activity.subject), [Required("Say in a few words what it is about.")])
    body = TextBlock("Details", limit_of(Activity.body), render_kw={"rows": 3})
    happened_at = MomentField("When", description="Left empty, it means now.")
    due_on = DateField("Due")
    assignee_id = OwnerField("For", refusal="Choose someone who works here.")

    def validate(self, extra_validators: Any = None) -> bool:
        """Check each field, and that nothing but what was preset says what only a task has."""
        is_valid = super().validate(extra_validators)
        if self.kind.errors or self.kind.data is ActivityKind.TASK:
            return is_valid
        if self.due_on.data is not None:
            self.due_on.errors = ["Only tasks have a due date. Choose Task, or clear the date."]
        if self.assignee_id.data not in (None, self.assignee_id.object_data):
            self.assignee_id.errors = ["Only tasks are for someone else. Choose Task, or choose yourself."]
        return is_valid and not self.errors

    @property
    def speaks_of_tasks(self) -> bool:
        """Whether something is wrong with what only a task has, so that it has to be seen."""
        return bool(self.due_on.errors or self.assignee_id.errors)


def read_activity_form(by: Employee) -> ActivityForm:
    """Make the form of a page that takes an activity: with what was sent, if anything was."""
    form = ActivityForm(data={"assignee_id": by.id})
    form.assignee_id.set_options(list_assignees())
    return form


def empty_activity_form(by: Employee) -> ActivityForm:
    """Make the form for a page about something else: whatever was sent to that page was not meant for it."""
    form = ActivityForm(formdata=None, data={"assignee_id": by.id})
    form.assignee_id.set_options(list_assignees())
    return form
