"""The tasks, calls and meetings of a day in their groups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from crm_web.models import Activity
from crm_web.stats.periods import Period
from crm_web.today.queries import Times

DAYS = 7
"""The page looks so many days ahead, today being the first: a calendar week would be over on a Sunday."""
QUIET_DAYS = 14
"""Without an activity for so many days, a lead is quiet."""
NEW_DAYS = 7
"""For so many days, an assigned lead is new."""


@dataclass(frozen=True)
class Agenda:
    """What is overdue, what is for today, for the days after, and what has no date."""

    overdue: Sequence[Activity]
    today: Sequence[Activity]
    ahead: Sequence[Activity]
    undated: Sequence[Activity]

    @property
    def groups(self) -> list[tuple[str, Sequence[Activity]]]:
        """The groups that have something, each with its heading."""
        groups = (
            ("Overdue", self.overdue),
            ("Today", self.today),
            (f"Next {DAYS} days", self.ahead),
            ("No date", self.undated),
        )
        return [(title, activities) for title, activities in groups if activities]


def times_of(now: datetime, zone: tzinfo) -> Times:
    """Return the times that the page asks about."""
    today = now.astimezone(zone).date()
    days = Period(today, today + timedelta(days=DAYS), zone)
    return Times(
        now=now,
        days=days,
        lately=now - timedelta(days=NEW_DAYS),
        quiet_since=now - timedelta(days=QUIET_DAYS),
    )


def sort_by_day(activities: Iterable[Activity], today: date, zone: tzinfo) -> Agenda:
    """Put activities into the groups of the page, those with a time of day in its order."""
    groups: dict[str, list[Activity]] = {"overdue": [], "today": [], "ahead": [], "undated": []}
    for activity in sorted(activities, key=lambda it: _when(it, zone)):
        day = _when(activity, zone)[0]
        group = "overdue" if day < today else "today" if day == today else "ahead"
        groups["undated" if day == date.max else group].append(activity)
    return Agenda(**groups)


def _when(activity: Activity, zone: tzinfo) -> tuple[date, time]:
    """Sorting keeps the order of what has the same day and time."""
    if not activity.is_task:
        local = activity.happened_at.astimezone(zone)
        return local.date(), local.time()
    return activity.due_on or date.max, activity.due_time or time.max
