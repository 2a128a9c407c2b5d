"""The calendar: GET /calendar, and adding to a day."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.calendar.spans import View, span_of
from crm_web.core import clock
from crm_web.models import Activity, Employee
from tests.factories import make_activity, make_customer, make_lead
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]


def task(session: Session, who: Employee, due_on: date | None, **fields: Any) -> Activity:
    fields = {"lead_id": make_lead(session, by=who, owner_id=who.id).id} | fields
    return make_activity(session, by=who, **{"kind": "task", "assignee_id": who.id, "due_on": due_on} | fields)


def by_day(page: Page) -> dict[str, list[str]]:
    """What is on each day of a table."""
    cells = page.soup.select("td[data-day]")
    return {str(it["data-day"]): [words(a) for a in it.select("li bdi")] for it in cells if it.select("li")}


def test_a_month_shows_tasks_and_appointments_on_their_days(
    browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee
) -> None:
    ann.time_zone, ann.locale = "America/New_York", "en_US"
    task(session, ann, date(2026, 11, 10), subject="Open")
    task(session, ann, date(2026, 11, 10), subject="At noon", due_time=time(12))
    task(session, ann, date(2026, 11, 10), subject="Done", done_at=clock.now())
    task(session, ann, None, subject="Some day")
    task(session, bob, date(2026, 11, 10), subject="Of Bob")
    gone = make_lead(session, owner_id=ann.id, deleted_at=clock.now(), deleted_by_id=ann.id)
    task(session, ann, date(2026, 11, 10), subject="In the trash", lead_id=gone.id)
    for kind, at, subject in (
        ("meeting", datetime(2026, 11, 2, 4, 30, tzinfo=UTC), "Late on Sunday, as clocks go back"),
        ("call", datetime(2026, 11, 10, 15, 0, tzinfo=UTC), "At ten"),
        ("note", datetime(2026, 11, 10, 15, 0, tzinfo=UTC), "Note"),
    ):
        make_activity(
            session, by=ann, kind=kind, subject=subject, happened_at=at, customer_id=make_customer(session).id
        )
    page = browser_as(ann).get("calendar.show_calendar", day="2026-11-20")
    assert by_day(page) == {
        "2026-11-01": ["Late on Sunday, as clocks go back"],
        "2026-11-10": ["Open", "Done", "At ten", "At noon"],
    }
    assert page.one("thead th").get_text() == "Sun"
    week = browser_as(ann).get("calendar.show_calendar", view="week", day="2026-11-10")
    assert by_day(week)["2026-11-10"] == ["Open", "Done", "At ten", "At noon"]
    for view in ("day", "agenda"):
        page = browser_as(ann).get("calendar.show_calendar", view=view, day="2026-11-10")
        assert [words(it) for it in page.soup.select("main a.subject")] == ["Open", "Done", "At ten", "At noon"]
        assert "Done: Open" in [it.get("aria-label") for it in page.soup.select("button.tick")]


def test_tasks_recur_in_what_is_shown(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    """After the present one, from today on, and told apart: there is nothing yet that could be moved or done."""
    today = clock.now().astimezone(ZoneInfo("UTC")).date()
    ann.time_zone = "UTC"
    monday = today - timedelta(days=today.weekday())
    known: dict[str, Any] = {"subject": "Water", "recurrence": "FREQ=WEEKLY;COUNT=4"}
    task(session, ann, monday + timedelta(days=7), **known)
    task(session, ann, today - timedelta(days=9), subject="Late", recurrence="FREQ=DAILY")
    task(session, ann, monday, subject="Done", recurrence="FREQ=DAILY", done_at=clock.now())
    task(session, bob, monday, subject="Of Bob", recurrence="FREQ=DAILY")
    shown: dict[str, list[str]] = {}
    for number in range(5):
        day = monday + timedelta(weeks=number)
        page = browser_as(ann).get("calendar.show_calendar", view="week", day=str(day))
        for cell in page.soup.select("td[data-day]"):
            shown[str(cell["data-day"])] = [words(it) for it in cell.select(".is-recurring")]
        assert not page.soup.select(".is-recurring [data-move]")
    days = {date.fromisoformat(day): texts for day, texts in shown.items()}
    assert [day for day, texts in days.items() if "Repeats: Water" in texts] == [
        monday + timedelta(weeks=number) for number in (2, 3, 4)
    ]
    late = [day for day, texts in days.items() if "Repeats: Late" in texts]
    assert (min(late), max(late), len(late)) == (today, max(days), (max(days) - today).days + 1)
    assert not any("Done" in text or "Bob" in text for texts in shown.values() for text in texts)
    agenda = browser_as(ann).get("calendar.show_calendar", view="agenda", day=str(monday + timedelta(weeks=2)))
    assert "Repeats: Water" in agenda.text
    full = today + timedelta(days=2 if today.weekday() == 6 else 1)
    task(session, ann, today, subject="Many", recurrence="FREQ=DAILY")
    for _ in range(4):
        task(session, ann, full)
    cell = browser_as(ann).get("calendar.show_calendar", day=str(full)).one(f"td[data-day='{full}']")
    assert (len(cell.select("li")), words(cell.select(".calendar-more")[0])[:7]) == (5, "+1 more")


def test_a_view_shows_whole_weeks_and_leads_to_those_beside_it() -> None:
    expected = {
        View.MONTH: ("2026-02-23", "2026-04-05", "2026-02-01", "2026-04-01"),
        View.WEEK: ("2026-03-23", "2026-03-29", "2026-03-16", "2026-03-30"),
        View.DAY: ("2026-03-29", "2026-03-29", "2026-03-28", "2026-03-30"),
        View.AGENDA: ("2026-03-29", "2026-04-25", "2026-03-01", "2026-04-26"),
    }
    spans = {view: span_of(view, date(2026, 3, 29), ZoneInfo("Europe/Berlin"), 0) for view in View}
    found = {view: (it.days.first_day, it.last_day, it.previous, it.following) for view, it in spans.items()}
    assert {view: tuple(str(day) for day in days) for view, days in found.items()} == expected


def test_a_crowded_day_shows_some_and_counts_the_others(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for _ in range(9):
        task(session, ann, date(2026, 11, 10))
    page = browser_as(ann).get("calendar.show_calendar", day="2026-11-10")
    assert len(by_day(page)["2026-11-10"]) == 5
    assert words(page.one(".calendar-more")) == "+4 more on Nov 10, 2026"
    assert len(browser_as(ann).open(str(page.one(".calendar-more")["href"])).soup.select("main a.subject")) == 9


def test_managers_choose_whose_it_is(browser_as: BrowserAs, session: Session, ann: Employee, max: Employee) -> None:
    ann.manager_id = max.id
    session.commit()
    task(session, ann, date(2026, 11, 10), subject="Of Ann")
    for who, names in ((None, {}), ("team", {"2026-11-10": ["Of Ann"]}), (str(ann.id), {"2026-11-10": ["Of Ann"]})):
        page = browser_as(max).get("calendar.show_calendar", day="2026-11-10", who=who)
        assert by_day(page) == names
    assert by_day(browser_as(ann).get("calendar.show_calendar", day="2026-11-10", who=str(max.id)))


def test_a_click_on_a_day_adds_something_on_it(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    ann.time_zone = "Europe/Vienna"
    lead = make_lead(session, by=ann, owner_id=ann.id, last_name="Lee", company=None)
    customer = make_customer(session, name="Apex")
    calendar = "/calendar?view=month&day=2026-12-01"
    browser = browser_as(ann)
    day = browser.open(calendar).one("td[data-day='2026-12-03'] .calendar-add")
    for query, label, name, kind in (("", "Task", "Lee", "task"), ("&q=Apex", "Meeting", "Apex", "meeting")):
        chosen = browser.open(f"{day['href']}{query}")
        form = browser.open(str(chosen.one(f"a[aria-label='{label} for {name}']")["href"])).form("/activities")
        page = form.submit(subject="Plan", kind=kind)
        assert page.location == calendar
        assert "added: Plan" in page.follow().flash
    made = {it.kind.value: it for it in session.scalars(select(Activity).where(Activity.subject == "Plan"))}
    assert (made["task"].lead_id, made["task"].due_on) == (lead.id, date(2026, 12, 3))
    assert clock.now() - made["task"].happened_at < timedelta(minutes=5)
    assert (made["meeting"].customer_id, made["meeting"].due_on) == (customer.id, None)
    assert made["meeting"].happened_at == datetime(2026, 12, 3, 8, tzinfo=UTC)


def test_wrong_addresses_mean_this_month(browser_as: BrowserAs, vera: Employee) -> None:
    page = browser_as(vera).open("/calendar?view=year&day=2026-02-31&who=7")
    assert page.one(".is-today")
    assert not page.soup.select(".calendar-add")
    assert browser_as(vera).get("calendar.choose_record").status == 403


def test_it_takes_few_queries_however_much_there_is(session: Session, browser_as: BrowserAs, max: Employee) -> None:
    counts = []
    for _ in range(2):
        for number in range(6):
            task(session, max, date(2026, 11, 10 + number))
        browser = browser_as(max)
        counts.append([browser.count_queries("calendar.show_calendar", day="2026-11-10", view=view) for view in View])
    assert counts[0] == counts[1] and all(count <= 8 for count in counts[0])
