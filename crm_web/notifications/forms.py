"""The form for how somebody is notified."""

from crm_web.models import NotificationChannel, NotificationKind
from crm_web.web.form_fields import EnumField, RecordForm, Required


def _channel(label: str) -> EnumField:
    return EnumField(label, NotificationChannel, empty=None, validators=[Required("Choose where to be notified.")])


class ChannelsForm(RecordForm):
    """A channel per kind of notification; the fields are named as the kinds."""

    assigned = _channel("A record or task is assigned to you")
    email_received = _channel("An email arrives on one of your records")
    mentioned = _channel("Someone mentions you")
    task_due = _channel("A task or its reminder is due")
    lead_won = _channel("Your team wins a lead")
    imported = _channel("Your import is finished")
    new_browser = _channel("Sign-in with a new browser")

    @property
    def channels(self) -> dict[NotificationKind, NotificationChannel]:
        """The channel chosen for each kind."""
        return {kind: self[kind.value].data for kind in NotificationKind}
