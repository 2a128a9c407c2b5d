"""What the address of the list of activities says."""

from crm_web.activities.listing.filters import FILTERS
from crm_web.activities.queries import ActivityFilter
from crm_web.activities.spec import ACTIVITIES
from crm_web.lists.record_params import SpecListParams


class ActivityListParams(SpecListParams):
    """The address of the list of activities."""

    list_endpoint, spec, declared = "activities.list_activities", ACTIVITIES, FILTERS

    def read_filter(self) -> ActivityFilter:
        return ActivityFilter(**self.read_parts())
