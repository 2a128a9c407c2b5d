"""The calendar feed: /calendar.ics, the file of one activity, and the address in the account."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from flask import Flask
from icalendar import Calendar, Event
from sqlalchemy.orm import Session

from crm_web.calendar.feed.writing import write_calendar
from crm_web.core import clock
from crm_web.models import Activity, ActivityKind, Employee, Lead
from tests.factories import make_activity, make_lead
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
NAUGHTY = "Größe, 東京; back\\slash\r\nBEGIN:VEVENT 😀 " + "long " * 40


def event_of(written: bytes) -> Event:
    (event,) = Calendar.from_ical(written).walk("VEVENT")
    assert isinstance(event, Event)
    return event


def write(**fields: Any) -> bytes:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    known = {"id": 7, "kind": ActivityKind.TASK, "subject": "Call", "version": 3, "created_at": at, "updated_at": at}
    activity = Activity(lead=Lead(name="Lee"), lead_id=5, **known | fields)
    return write_calendar(
        [activity], ZoneInfo("Europe/Vienna"), host="crm.example", url_of=lambda _: "https://crm.example/leads/5"
    )


def test_days_and_times_are_as_the_person_means_them() -> None:
    """Before and after clocks change, at a time that a change skips, and without a time."""
    half_an_hour = timedelta(minutes=30)
    meeting = {"kind": ActivityKind.MEETING, "happened_at": datetime(2026, 10, 25, 0, 30, 1, 5, tzinfo=UTC)}
    before, after = date(2026, 3, 28), date(2026, 3, 29)
    expected: list[tuple[dict[str, Any], date, timedelta]] = [
        ({"due_on": after}, after, timedelta(days=1)),
        ({"due_on": before, "due_time": time(9)}, datetime(2026, 3, 28, 8, tzinfo=UTC), half_an_hour),
        ({"due_on": after, "due_time": time(9)}, datetime(2026, 3, 29, 7, tzinfo=UTC), half_an_hour),
        ({"due_on": after, "due_time": time(2, 30)}, datetime(2026, 3, 29, 1, 30, tzinfo=UTC), half_an_hour),
        (meeting, datetime(2026, 10, 25, 0, 30, 1, tzinfo=UTC), timedelta(hours=1)),
    ]
    for fields, start, lasts in expected:
        event = event_of(write(**fields))
        assert (event.decoded("dtstart"), event.decoded("dtend")) == (start, start + lasts)
    assert b"DTSTART;VALUE=DATE:20260329\r\n" in write(due_on=date(2026, 3, 29))
    assert b"DTSTART:20260328T080000Z\r\n" in write(due_on=date(2026, 3, 28), due_time=time(9))


def test_it_keeps_to_the_format_whatever_was_typed() -> None:
    written = write(due_on=date(2026, 3, 29), subject=NAUGHTY.replace("\r\n", " "), body=NAUGHTY)
    assert all(len(line) <= 75 for line in written.split(b"\r\n"))
    assert written.count(b"\n") == written.count(b"\r\n")
    event = event_of(written)
    assert str(event["summary"]) == f"{NAUGHTY.replace(chr(13) + chr(10), ' ')} (Lee)"
    assert "BEGIN:VEVENT 😀" in str(event["description"])
    assert (str(event["uid"]), event["sequence"]) == ("activity-7@crm.example", 3)
    assert event.decoded("dtstamp") == event.decoded("last-modified") == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_task_without_a_time_recurs() -> None:
    rule = "FREQ=WEEKLY;INTERVAL=2;UNTIL=20300131;BYDAY=MO"
    known: dict[str, Any] = {"due_on": date(2026, 3, 30), "recurrence": rule}
    assert b"\r\nRRULE:FREQ=WEEKLY;UNTIL=20300131;INTERVAL=2;BYDAY=MO\r\n" in write(**known)
    assert "rrule" not in event_of(write(**known | {"done_at": datetime(2026, 3, 30, tzinfo=UTC)}))


def expand(calendar: Calendar) -> list[datetime]:
    """As an app would: by the rules that the file brings, not by those of this computer."""
    (event,), (rules,) = calendar.events, calendar.timezones
    zone, rule, start = rules.to_tz(lookup_tzid=False), cast(Any, event["rrule"]), cast(datetime, event.start)
    rule["until"] = [it.astimezone(zone).replace(tzinfo=None) for it in rule["until"]]
    local = rrulestr(rule.to_ical().decode(), dtstart=start.replace(tzinfo=None))
    return [it.replace(tzinfo=zone).astimezone(UTC) for it in local]


def test_a_task_at_a_time_recurs_by_the_clock_of_its_person() -> None:
    """In winter and in summer, up to the last day, and in the first hour after clocks change."""
    vienna, winter, summer = ZoneInfo("Europe/Vienna"), date(2026, 3, 22), date(2026, 11, 1)
    for at in (time(9), time(1, 30), time(3, 30), time(0)):
        rule = "FREQ=WEEKLY;UNTIL=20261101;BYDAY=SU"
        calendar = Calendar.from_ical(write(due_on=winter, due_time=at, recurrence=rule))
        (event,), (rules,) = calendar.events, calendar.timezones
        assert str(event["dtstart"].params["TZID"]) == str(rules["tzid"]) == "Europe/Vienna"
        assert event.duration == timedelta(minutes=30)
        assert event["rrule"].to_ical() == b"FREQ=WEEKLY;UNTIL=20261101T225959Z;BYDAY=SU"
        days = [winter + timedelta(weeks=number) for number in range((summer - winter).days // 7 + 1)]
        assert expand(calendar) == [datetime.combine(day, at, vienna).astimezone(UTC) for day in days]
    assert "rrule" not in event_of(write(due_on=winter, due_time=time(9)))


def read(browser: Browser, address: str) -> list[str]:
    return sorted(str(it["summary"]) for it in Calendar.from_ical(browser.open(address).response.data).walk("VEVENT"))


def test_a_secret_address_shows_ones_own_until_it_is_renewed(
    app: Flask, browser_as: BrowserAs, visitor: Browser, session: Session, ann: Employee, bob: Employee
) -> None:
    today, lead = clock.now().date(), make_lead(session, by=ann, last_name="Lee", company=None)
    gone = make_lead(session, deleted_at=clock.now(), deleted_by_id=ann.id)
    mine: dict[str, Any] = {"by": ann, "kind": "task", "assignee_id": ann.id, "due_on": today, "lead_id": lead.id}
    task = make_activity(session, **mine, subject="Mine")
    make_activity(session, by=ann, kind="meeting", subject="Meet", happened_at=clock.now(), lead_id=lead.id)
    make_activity(session, **mine | {"assignee_id": bob.id}, subject="Of Bob")
    make_activity(session, **mine | {"lead_id": gone.id}, subject="In the trash")
    make_activity(session, **mine | {"due_on": today + timedelta(days=500)}, subject="Far ahead")
    make_activity(session, **mine, subject="Done", done_at=clock.now())
    page = browser_as(ann).get("auth.show_account").click("Calendar address").button("Create address")
    assert page.response.headers["Cache-Control"] == "no-store, no-transform"
    address = str(page.one("#secret")["value"])
    assert read(visitor, address) == ["Meet (Lee)", "Mine (Lee)"]
    answer = visitor.open(address).response
    assert answer.content_type == "text/calendar; charset=utf-8"
    client = app.test_client()
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    task.subject = "Moved"
    session.commit()
    assert client.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 200
    renewed = str(browser_as(ann).get("calendar.show_feed").button("Create new address").one("#secret")["value"])
    assert (visitor.open(address).status, visitor.open(renewed).status) == (404, 200)
    assert "removed" in browser_as(ann).get("calendar.show_feed").button("Remove address").follow().flash
    assert visitor.open(renewed).status == visitor.open("/calendar.ics").status == 404


def test_who_is_deactivated_has_no_feed(
    visitor: Browser, browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    address = str(browser_as(ann).post("calendar.renew_feed").one("#secret")["value"])
    ann.is_active = False
    session.commit()
    assert visitor.open(address).status == 404


def test_one_activity_is_a_file(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, by=ann)
    meeting = make_activity(session, by=ann, kind="meeting", subject="Meet", lead_id=lead.id)
    page = browser_as(ann).get("activities.edit_activity", activity_id=meeting.id)
    answer = browser_as(ann).open(page.link("Calendar file")).response
    assert "Meet" in str(event_of(answer.data)["summary"])
    assert answer.headers["Content-Disposition"] == f'attachment; filename="activity-{meeting.id}.ics"'
    undated = make_activity(session, by=ann, kind="task", lead_id=lead.id)
    assert browser_as(ann).get("calendar.send_activity", activity_id=undated.id).status == 404
