"""The URL parameters of a report: period, owners, sources and grouping."""

from datetime import date
from functools import cached_property
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict

from crm_web.lists.date_ranges import days_of
from crm_web.lists.filters import PeopleFilter, WordFilter, read_words
from crm_web.lists.params import Chip, Tab
from crm_web.lists.record_params import RecordListParams
from crm_web.records.date_input import read_month
from crm_web.stats.aggregates import LeadScope
from crm_web.stats.periods import Period, month_of
from crm_web.web import template_filters

PERIODS = {
    "last_12_months": "Last 12 months",
    "this_month": "This month",
    "last_month": "Last month",
    "this_quarter": "This quarter",
    "last_quarter": "Last quarter",
    "this_year": "This year",
    "last_year": "Last year",
    "all": "All time",
}
USUAL_PERIOD = "last_12_months"
ALL_TIME = "all"
MOST_MONTHS = 120
MONTHS = {"from": "From {month}", "to": "To {month}"}
FILTERS = (PeopleFilter(name="owner", title="Owner"), WordFilter(name="source", title="Source"))


class ReportParams(RecordListParams):
    """The URL parameters of a report."""

    def __init__(self, name: str, args: MultiDict[str, str], *, ways: dict[str, str]) -> None:
        super().__init__("reports.show_report", args, filters=FILTERS, names=("period", "from", "to", "by"))
        self.name, self.ways = name, ways
        self.require("period", "a period", lambda word: word in PERIODS, is_single=True)
        self.require("by", "a grouping", lambda word: word in ways, is_single=True)
        for side in MONTHS:
            self.require(side, "", lambda _: True, is_single=True)
        self.read_typed(MONTHS, lambda typed: f"{read_month(typed, self.user_locale.locale):%Y-%m}")
        self.by = self.one("by") if self.one("by") in ways else next(iter(ways), "")

    def url(self, endpoint: str | None = None, *, at: str | None = None, **changes: Any) -> str:
        """The URL of this report, or of its file, with some filters changed."""
        return super().url(endpoint, at=at, **{"name": self.name, **changes})

    @property
    def period_word(self) -> str:
        """The name of the period, if it is not chosen by months."""
        if self._months_chosen:
            return ""
        return self.one("period") if self.one("period") in PERIODS else USUAL_PERIOD

    def _month(self, name: str) -> date | None:
        is_month = self.one(name) and name not in self.unread
        return date.fromisoformat(f"{self.one(name)}-01") if is_month else None

    @property
    def _months_chosen(self) -> tuple[date, date] | None:
        """The first and last month chosen; without a last one, until now."""
        first, last = (self._month(name) for name in MONTHS)
        first = first or last
        return (first, max(first, last or self.today)) if first else None

    @cached_property
    def period(self) -> Period | None:
        """The period in the user's time zone; ``None`` for all time."""
        if chosen := self._months_chosen:
            first, last = chosen
        elif self.period_word == ALL_TIME:
            return None
        elif self.period_word == USUAL_PERIOD:
            first, last = _months_before(self.today, 11), self.today
        else:
            found = days_of(self.period_word, self.today)
            return Period(*(found or (self.today, self.today)), self.user_locale.zone)
        first = max(first, _months_before(last, MOST_MONTHS - 1))
        return Period(first, month_of(last, self.user_locale.zone).next_day, self.user_locale.zone)

    @property
    def sort_in_words(self) -> str:
        """The grouping, for the file's sheet that describes its content."""
        return "As on the page"

    @cached_property
    def scope(self) -> LeadScope:
        """Which leads are counted."""
        return LeadScope(self.person_ids("owner"), read_words(self.all("source")))

    def url_of_leads(self, **filters: Any) -> str:
        """The URL of the lead list with the same owners and sources, and more filters."""
        return url_for("leads.list_leads", **{"owner": self.all("owner"), "source": self.all("source")} | filters)

    # What the filter bar offers, and how it reads

    @property
    def ignored(self) -> list[str]:
        """Values in the URL that were not understood."""
        return self.not_applied + [f"“{self.one(name)}” is not a month ({name})" for name in self.unread]

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Parameters that the filter bar passes on without showing them."""
        return [("by", self.by)] if self.by else []

    @property
    def tabs(self) -> list[Tab]:
        """What the report can be grouped by."""
        return [Tab(label, self.url(by=word), word == self.by) for word, label in self.ways.items()]

    def list_chips(self) -> list[Chip]:
        """The filters in use; the period is shown beside the title."""
        return super().list_chips() + [
            Chip(text.format(month=template_filters.month(month)), self.url_without(name, self.one(name)))
            for name, text in MONTHS.items()
            if (month := self._month(name))
        ]


def _months_before(day: date, months: int) -> date:
    place = day.year * 12 + day.month - 1 - months
    return date(place // 12, place % 12 + 1, 1)
