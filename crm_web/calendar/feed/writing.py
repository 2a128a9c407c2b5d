"""Activities in the format of calendar apps, iCalendar (RFC 5545)."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from icalendar import Calendar, Event, vRecur

from crm_web.models import Activity, ActivityKind

LASTS = {ActivityKind.CALL: timedelta(minutes=30), ActivityKind.MEETING: timedelta(hours=1)}
"""Only when something begins is recorded; calendar apps want to know how long it takes."""
TASK_LASTS = timedelta(minutes=30)
REFRESH = timedelta(hours=1)


def write_calendar(
    activities: Iterable[Activity], zone: tzinfo, *, host: str, url_of: Callable[[Activity], str], name: str = ""
) -> bytes:
    """Write activities as a calendar. Times are in UTC, so that they are right on both sides of a change of clocks.

    :param zone: of the person whose tasks they are; a due time is theirs
    :param host: makes the identifiers of the events unique in the world
    :param url_of: where an activity is found
    :param name: what apps call the calendar; empty for the file of one activity
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Piper CRM//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    if name:
        calendar.add("x-wr-calname", name)
        calendar.add("refresh-interval", REFRESH, {"value": "DURATION"})
        calendar.add("x-published-ttl", REFRESH)
    for activity in activities:
        calendar.add_component(_write_event(activity, zone, host, url_of(activity)))
    written: bytes = calendar.to_ical()
    return written


def _write_event(activity: Activity, zone: tzinfo, host: str, url: str) -> Event:
    event = Event()
    event.add("uid", f"activity-{activity.id}@{host}")
    event.add("dtstamp", activity.updated_at.astimezone(UTC))
    event.add("last-modified", activity.updated_at.astimezone(UTC))
    event.add("created", activity.created_at.astimezone(UTC))
    event.add("sequence", activity.version)
    event.add("summary", f"{activity.subject} ({activity.record.name})")
    event.add("description", "\n\n".join(text for text in (activity.body, url) if text))
    event.add("url", url)
    event.add("categories", [activity.kind.label])
    _add_time(event, activity, zone)
    if activity.is_open_task and activity.recurrence and activity.due_time is None:
        # At a time of day it would need the time zone's rules in the file; the next one comes when it is completed.
        event.add("rrule", vRecur.from_ical(activity.recurrence))
    return event


def _add_time(event: Event, activity: Activity, zone: tzinfo) -> None:
    """A task without a time takes the whole day, and leaves it free."""
    if activity.is_task and activity.due_on and activity.due_time is None:
        event.add("dtstart", activity.due_on)
        event.add("dtend", activity.due_on + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        return
    start = activity.happened_at
    if activity.due_on and activity.due_time:
        start = datetime.combine(activity.due_on, activity.due_time, zone)
    start = start.astimezone(UTC).replace(microsecond=0)
    event.add("dtstart", start)
    event.add("dtend", start + LASTS.get(activity.kind, TASK_LASTS))
