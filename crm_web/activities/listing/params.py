"""What the address of the list of activities says."""

from werkzeug.datastructures import MultiDict

from crm_web.activities.listing.filters import FILTERS, TaskState
from crm_web.activities.queries import ActivityFilter
from crm_web.lists.record_params import RecordListParams
from crm_web.models import Employee
from crm_web.web.template_filters import UserLocale


class ActivityListParams(RecordListParams):
    """
    The address of the list of activities.

    :param args: the query of the address
    :param me: the employee who reads
    :param user_locale: in whose language and time zone
    """

    def __init__(self, args: MultiDict[str, str], *, me: Employee, user_locale: UserLocale) -> None:
        super().__init__("activities.list_activities", args, me=me, user_locale=user_locale, filters=FILTERS)

    def read_filter(self) -> ActivityFilter:
        """Say which activities the list shows."""
        state = self.one("tasks")
        return ActivityFilter(**self.read_parts(), is_done=state == TaskState.DONE if state else None)
