"""The tasks, calls and meetings of a day in their groups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo

from crm_web.activities.agenda import AgendaEntry
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

    overdue: Sequence[AgendaEntry]
    today: Sequence[AgendaEntry]
    ahead: Sequence[AgendaEntry]
    undated: Sequence[AgendaEntry]
    is_cut: bool = False
    """Whether more is overdue."""

    def cut_overdue(self, most: int) -> "Agenda":
        """The same with so much of what is overdue."""
        return replace(self, overdue=self.overdue[:most], is_cut=True) if len(self.overdue) > most else self

    @property
    def groups(self) -> list[tuple[str, Sequence[AgendaEntry]]]:
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


def sort_by_day(activities: Iterable[AgendaEntry], today: date, zone: tzinfo) -> Agenda:
    """Put activities into the groups of the page, those with a time of day in its order."""
    groups: dict[str, list[AgendaEntry]] = {"overdue": [], "today": [], "ahead": [], "undated": []}
    for activity in sorted(activities, key=lambda it: _when(it, zone)):
        day = _when(activity, zone)[0]
        group = "overdue" if day < today else "today" if day == today else "ahead"
        groups["undated" if day == date.max else group].append(activity)
    return Agenda(groups["overdue"], groups["today"], groups["ahead"], groups["undated"])


def _when(activity: AgendaEntry, zone: tzinfo) -> tuple[date, time]:
    """Sorting keeps the order of what has the same day and time."""
    if not activity.is_task:
        local = activity.happened_at.astimezone(zone)
        return local.date(), local.time()
    return activity.due_on or date.max, activity.due_time or time.max
