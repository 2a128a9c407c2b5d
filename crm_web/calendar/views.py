"""The calendar, and choosing what to add something to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import render_template, request, url_for
from flask_login import current_user

from crm_web.activities.agenda import AgendaEntry
from crm_web.activities.people import PeopleChoice, choose_people
from crm_web.auth.permissions import Action, allowed
from crm_web.calendar import blueprint, queries
from crm_web.calendar.queries import Entry
from crm_web.calendar.spans import Span, View, span_of
from crm_web.lists.params import Tab
from crm_web.records.parsing import read_date
from crm_web.records.recurrence import list_recurrences, read_rule
from crm_web.search import results
from crm_web.search.queries import SearchTooSlow, search_everything
from crm_web.search.queries import load_records as load_found
from crm_web.search.words import tidy
from crm_web.web.template_filters import UserLocale, current_user_locale, today
from crm_web.web.urls import next_url

OFFERED = 8
"""How many leads and customers are offered to add something to."""


@dataclass
class Day:
    """A day of the calendar.

    :param is_outside: whether it belongs to another month than the one that is shown
    :param recurring: tasks that recur on it if they are done in time
    :param left_out: how many of both are not shown
    """

    date: date
    is_outside: bool
    entries: list[AgendaEntry] = field(default_factory=list)
    recurring: list[AgendaEntry] = field(default_factory=list)
    left_out: int = 0


@blueprint.get("/calendar")
@allowed(Action.READ)
def show_calendar() -> str:
    reader = current_user_locale()
    people, day = choose_people(request.args.get("who"), current_user), _read_day()
    span = span_of(_read_view(), day, reader.zone, reader.locale.first_week_day)
    entries = queries.list_entries(people.employee_ids, span.days, most_a_day=span.view.most_a_day)
    days = _group(span, entries)
    _add_recurring(days, span, queries.list_recurring(people.employee_ids, span.days.next_day))
    return render_template(
        "calendar/show_calendar.html",
        span=span,
        day=day,
        days=days,
        weeks=[days[first : first + 7] for first in range(0, len(days), 7)],
        weekdays=_name_weekdays(reader),
        people=people,
        here=_url(people, span.view, day),
        urls={"back": _url(people, span.view, span.previous), "on": _url(people, span.view, span.following)}
        | {"today": _url(people, span.view, today()), "earlier": _url(people, View.AGENDA, span.days.first_day)},
        tabs=[Tab(view.value.capitalize(), _url(people, view, day), view is span.view) for view in View],
        url_of_day=lambda it: _url(people, View.DAY, it),
    )


def _read_view() -> View:
    return next((view for view in View if view == request.args.get("view")), View.MONTH)


def _read_day() -> date:
    try:
        return read_date(request.args.get("day", ""))
    except ValueError:
        return today()


def _url(people: PeopleChoice, view: View, day: date) -> str:
    return url_for("calendar.show_calendar", view=view.value, day=day, who=None if people.is_me else people.word)


def _group(span: Span, entries: Sequence[Entry]) -> list[Day]:
    days = [Day(it, span.month is not None and it.month != span.month.first_day.month) for it in span.list_days()]
    for activity, number, of_day in entries:
        day = days[number]
        day.entries.append(activity)
        day.left_out = of_day - len(day.entries)
    return days


def _add_recurring(days: Sequence[Day], span: Span, tasks: Iterable[AgendaEntry]) -> None:
    """What is over does not recur any more."""
    by_date = {day.date: day for day in days}
    for task in tasks:
        rule, due_on = read_rule(task.recurrence or ""), task.due_on or span.last_day
        for it in list_recurrences(rule, due_on, max(span.days.first_day, today()), span.days.next_day):
            day = by_date[it]
            if len(day.entries) + len(day.recurring) < span.view.most_a_day:
                day.recurring.append(task)
            else:
                day.left_out += 1


def _name_weekdays(reader: UserLocale) -> list[str]:
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    first = reader.locale.first_week_day
    return [*names[first:], *names[:first]]


@blueprint.get("/calendar/new")
@allowed(Action.CREATE)
def choose_record() -> str:
    """Choose the lead or customer that something on this day is added to."""
    day, typed = _read_day(), tidy(request.args.get("q", ""))
    back_url = next_url(url_for(".show_calendar", day=day))
    try:
        offered = _find_records(typed) if typed else _list_recent()
    except SearchTooSlow:
        offered = []
    return render_template("calendar/choose_record.html", day=day, typed=typed, offered=offered, back_url=back_url)


def _find_records(typed: str) -> list[tuple[str, str, dict[str, Any]]]:
    """The label and name of each record, and what its address takes."""
    found = search_everything(typed)
    hits = [hit for hit in results.choose_hits(found, None) if hit.entity in ("lead", "customer")][:OFFERED]
    return [
        (
            results.KINDS[hit.entity],
            row.name,
            {"endpoint": f"activities.new_on_{hit.entity}", f"{hit.entity}_id": hit.id},
        )
        for hit, row in load_found(hits)
    ]


def _list_recent() -> list[tuple[str, str, dict[str, Any]]]:
    leads = queries.list_recent_leads(current_user.id, limit=OFFERED)
    return [("Lead", lead.name, {"endpoint": "activities.new_on_lead", "lead_id": lead.id}) for lead in leads]
