"""The forms for editing and putting off an activity."""

from typing import Any

from wtforms import HiddenField

from crm_web.activities.forms import OF_TASKS, ActivityFields, MomentField
from crm_web.activities.queries import list_assignees
from crm_web.models import Activity, ActivityKind
from crm_web.web.form_fields import DateField, HiddenNumber, RecordForm, Required


class EditActivityForm(ActivityFields):
    """An activity, with the version that the form was opened with; its type stays what it is."""

    happened_at = MomentField("Date and time", [Required("Enter a date and time.")])
    version = HiddenNumber()

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate each field, then rules across fields."""
        is_valid = super().validate(extra_validators)
        if "due_time" in self:
            self.check_due_date()
        return is_valid and not self.errors


class PutOffForm(RecordForm):
    """Where to move an activity: a word such as ``tomorrow``, or a date."""

    to = HiddenField()
    due_on = DateField("Due date")
    next = HiddenField()


def read_edit_form(activity: Activity) -> EditActivityForm:
    """Build the form with the fields that this kind of activity has."""
    form = EditActivityForm(obj=activity)
    form.assignee_id.set_options(list_assignees(), activity.assignee)
    left_out = ("happened_at",) if activity.is_task else OF_TASKS
    for name in (*left_out, *(() if activity.kind is ActivityKind.CALL else ("outcome",))):
        del form[name]
    return form
