"""What the address of the list of activities says."""

from collections.abc import Sequence
from functools import cached_property

from crm_web.activities.listing.filters import FILTERS
from crm_web.activities.queries import ActivityFilter
from crm_web.activities.spec import ACTIVITIES
from crm_web.lists.record_params import SpecListParams
from crm_web.records.people import Person, list_people


class ActivityListParams(SpecListParams):
    """The address of the list of activities."""

    list_endpoint, spec, declared = "activities.list_activities", ACTIVITIES, FILTERS

    @cached_property
    def people(self) -> Sequence[Person]:
        """Also those who own nothing have done something, or left since."""
        return list_people()

    def read_filter(self) -> ActivityFilter:
        return ActivityFilter(**self.read_parts())
