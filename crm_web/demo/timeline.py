"""The rows of the demo company, and the times of its events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from crm_web.demo.people import Chance

Row = dict[str, Any]

SELLERS = {"ann": 50, "bob": 42, "max": 8}
"""Who sells, and how much of it: Ann and Bob share the work, Max has a few."""


@dataclass
class Scenario:
    """The rows of the demo company. Until they have ids, rows refer to each other as objects.

    :param moment: the present of the story; nothing in it is later
    """

    moment: datetime
    people: Mapping[str, int]
    chance: Chance
    leads: list[Row] = field(default_factory=list)
    customers: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    conversions: list[Row] = field(default_factory=list)
    activities: list[Row] = field(default_factory=list)
    status_periods: list[Row] = field(default_factory=list)
    changes: list[Row] = field(default_factory=list)

    def working_hour(self, days_ago: float) -> datetime:
        """Choose a time on a weekday within working hours; today, some minutes ago."""
        draw = self.chance.draw
        day = self.moment - timedelta(days=int(days_ago))
        if day.weekday() > 4 and days_ago >= 3:
            day -= timedelta(days=day.weekday() - 4)
        time = day.replace(hour=draw.randint(7, 16), minute=draw.randint(0, 59), second=draw.randint(0, 59))
        return min(time, self.moment - timedelta(minutes=draw.randint(2, 45)))

    def between(self, start: datetime, end: datetime) -> datetime:
        """Choose a time between two others, rather early than late."""
        return min(max(start, by_day(start + (end - start) * self.chance.draw.triangular(0, 1, 0.2))), end)

    def choose_seller(self) -> int:
        return self.people[self.chance.one_by_share(SELLERS)]


def by_day(time: datetime) -> datetime:
    """Squeeze a time into working hours without changing the order."""
    return time.replace(hour=7 + time.hour * 10 // 24)
