"""Activities in the format of calendar apps, iCalendar (RFC 5545)."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta, tzinfo

from icalendar import Calendar, Event, vRecur

from crm_web.models import Activity, ActivityKind
from crm_web.records.recurrence import Recurrence, read_rule

LASTS = {ActivityKind.CALL: timedelta(minutes=30), ActivityKind.MEETING: timedelta(hours=1)}
"""Only when something begins is recorded; calendar apps want to know how long it takes."""
TASK_LASTS = timedelta(minutes=30)
RULES_AHEAD = timedelta(days=10 * 366)
"""For how long after the latest task a file has the changes of clocks."""
REFRESH = timedelta(hours=1)


def write_calendar(
    activities: Iterable[Activity], zone: tzinfo, *, host: str, url_of: Callable[[Activity], str], name: str = ""
) -> bytes:
    """Write activities as a calendar.

    Times are in UTC, so that they are right on both sides of a change of clocks; only what recurs at a time of day has
    the time zone, with its rules.

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
    _add_rules_of_zone(calendar)
    written: bytes = calendar.to_ical()
    return written


def _add_rules_of_zone(calendar: Calendar) -> None:
    """Add when clocks change, for as long as what recurs is of interest."""
    starts = [event.start for event in calendar.events if "rrule" in event and isinstance(event.start, datetime)]
    if not starts:
        return
    calendar.add_missing_timezones(min(starts).date(), max(starts).date() + RULES_AHEAD)
    for change in calendar.timezones[0].subcomponents:
        # The library says what the clock shows after it was put forward; the format wants what it would have shown.
        skipped = max(change.TZOFFSETTO - change.TZOFFSETFROM, timedelta())
        change.DTSTART -= skipped
        if "rdate" in change:
            later = [it.dt - skipped for it in change.pop("rdate").dts]
            change.add("rdate", later)


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
    if activity.is_open_task and activity.recurrence:
        event.add("rrule", _write_rule(read_rule(activity.recurrence), activity.due_time, zone))
    return event


def _write_rule(recurrence: Recurrence, at: time | None, zone: tzinfo) -> vRecur:
    """The last day is in the rule as a day, or for a time of day as the end of that day in UTC."""
    rule: vRecur = vRecur.from_ical(recurrence.rule)
    if recurrence.until and at:
        rule["until"] = [datetime.combine(recurrence.until, time.max, zone).astimezone(UTC).replace(microsecond=0)]
    return rule


def _add_time(event: Event, activity: Activity, zone: tzinfo) -> None:
    """A task without a time is an all-day entry and doesn’t mark you as busy."""
    if activity.is_task and activity.due_on and activity.due_time is None:
        event.add("dtstart", activity.due_on)
        event.add("dtend", activity.due_on + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        return
    start = activity.happened_at
    if activity.due_on and activity.due_time:
        start = datetime.combine(activity.due_on, activity.due_time, zone)
        if activity.is_open_task and activity.recurrence:
            event.add("dtstart", start)
            event.add("duration", TASK_LASTS)
            return
    start = start.astimezone(UTC).replace(microsecond=0)
    event.add("dtstart", start)
    event.add("dtend", start + LASTS.get(activity.kind, TASK_LASTS))
