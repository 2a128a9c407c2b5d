"""Each report equals the rows, counted another way, and every figure leads to exactly the rows that it counts."""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from crm_web.core.clock import now
from crm_web.models import (
    WAY_TO_WON,
    Activity,
    ActivityKind,
    Employee,
    Lead,
    LeadSource,
    LeadStatus,
    LostReason,
    StatusKind,
    StatusPeriod,
)
from crm_web.reports.figures import REPORTS
from tests.databases import find_employee
from tests.factories import make_activity, make_customer, make_lead
from tests.markup import Tag
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]
ZONES = ("UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu")
NAMES = list(REPORTS)
GLANCES = {
    "statuses": "Leads",
    "funnel": "Leads",
    "conversion": "Win rate (all)",
    "time": "Median",
    "closed": "Leads",
    "forecast": "Amount",
    "activity": "All",
}
TO_LISTS = ("statuses", "funnel", "conversion", "closed", "forecast", "activity")


@pytest.fixture(scope="module", autouse=True)
def rows(ground: Session) -> None:
    """Leads of all sorts around the borders of the last months, moved about, some in the trash."""
    ann, bob, max = (find_employee(ground, name) for name in ("ann", "bob", "max"))
    ann.manager_id = bob.manager_id = max.id
    ground.add_all([LeadSource(name="Web"), LeadSource(name="Fair")])
    ground.commit()
    chance, customer_id = Random("reports"), make_customer(ground).id  # noqa: S311
    leads = [
        make_lead(ground, owner_id=owner and owner.id, **_some_fields(chance))
        for owner in (ann, bob, max, None)
        for _ in range(10)
    ]
    for lead in leads * 2:
        _move(lead, chance, customer_id)
        ground.commit()
    for lead in leads[::8]:
        lead.deleted_at, lead.deleted_by_id = now(), ann.id
    for lead in leads[::3]:
        make_activity(ground, by=chance.choice([ann, bob]), lead_id=lead.id, kind=chance.choice(list(ActivityKind)))
    ground.commit()


@pytest.fixture
def leads(session: Session) -> list[Lead]:
    return list(session.scalars(select(Lead).order_by(Lead.id)))


def _border() -> datetime:
    """The first of a month in UTC that every report of the last twelve months counts on both sides."""
    return now().replace(day=1, hour=0, minute=0, second=0, microsecond=0) - timedelta(days=60)


def _some_fields(chance: Random) -> dict[str, Any]:
    amount = chance.choice([None, Decimal("1000.10"), Decimal(250)])
    border = _border().replace(day=1)
    return {
        "source": chance.choice(["Web", "Fair", None]),
        "created_at": border + timedelta(hours=chance.choice([-700, -30, -14, -8, -1, 0, 5, 11, 13, 300])),
        "status_changed_at": border - timedelta(days=chance.randrange(200)),
        "amount": amount,
        "currency": chance.choice(["EUR", "USD", "JPY"]) if amount else None,
        "probability": chance.choice([None, 15, 60]),
        "expected_close_on": chance.choice(
            [None, now().date(), now().date() + timedelta(days=chance.randrange(-60, 500))]
        ),
    }


def _move(lead: Lead, chance: Random, customer_id: int) -> None:
    status = chance.choice(list(LeadStatus))
    moment = _border().replace(day=1) + timedelta(hours=chance.choice([-13, -2, 0, 9, 14, 200]))
    lead.status, lead.status_changed_at = status, moment
    lead.closed_at = None if status.kind is StatusKind.OPEN else moment
    lead.customer_id = customer_id if status.kind is StatusKind.WON else lead.customer_id
    lead.lost_reason = chance.choice([LostReason.PRICE, LostReason.NO_NEED]) if status.kind is StatusKind.LOST else None


def _lines(page: Page) -> Iterator[tuple[str, dict[str, Tag]]]:
    """The label of each row, and its cells by head."""
    for row in page.soup.select("table.report tbody tr"):
        yield words(row.select("th")[0]), {str(cell["data-head"]): cell for cell in row.select("td[data-head]")}


def _read(page: Page, head: str) -> dict[str, int]:
    """What a column says, where it says anything."""
    return {label: int(words(cells[head]).replace(",", "")) for label, cells in _lines(page) if words(cells[head])}


def _month(day: datetime, zone: str) -> date:
    return day.astimezone(ZoneInfo(zone)).date().replace(day=1)


def _rows(session: Session, moment: str, zone: str, months: int = 12) -> list[Lead]:
    """The leads outside the trash whose moment lies in the last months of the reader's calendar."""
    today = now().astimezone(ZoneInfo(zone)).date().replace(day=1)
    place = today.year * 12 + today.month - months
    first = date(place // 12, place % 12 + 1, 1)
    return [
        lead
        for lead in session.scalars(select(Lead))
        if not lead.deleted_at and getattr(lead, moment) and first <= _month(getattr(lead, moment), zone) <= today
    ]


def _live_in(session: Session, person: Employee, zone: str) -> None:
    person.time_zone = zone
    session.commit()


@pytest.mark.parametrize("period", ["last_12_months", "this_month", "last_month", "all"])
@pytest.mark.parametrize("zone", ZONES)
def test_statuses_equal_the_rows(
    session: Session, browser_as: BrowserAs, leads: list[Lead], max: Employee, zone: str, period: str
) -> None:
    _live_in(session, max, zone)
    page = browser_as(max).get("reports.show_report", name="statuses", period=period)
    months = {"last_12_months": 12, "this_month": 1, "last_month": 2, "all": 1200}[period]
    rows = _rows(session, "created_at", zone, months)
    if period == "last_month":
        rows = [lead for lead in rows if lead not in _rows(session, "created_at", zone, 1)]
    shown = _read(page, "Leads") if page.has("table.report") else dict.fromkeys([s.label for s in LeadStatus], 0)
    assert shown == {status.label: sum(lead.status is status for lead in rows) for status in LeadStatus}


@pytest.mark.parametrize("zone", ZONES)
def test_the_funnel_tells_how_far_they_ever_got(
    session: Session, browser_as: BrowserAs, leads: list[Lead], max: Employee, zone: str
) -> None:
    _live_in(session, max, zone)
    page = browser_as(max).get("reports.show_report", name="funnel")
    stood: dict[int, set[str]] = defaultdict(set)
    for lead_id, fields in session.execute(
        text("SELECT entity_id, fields->'status' FROM changes WHERE entity = 'lead' AND fields ? 'status'")
    ):
        stood[lead_id].update(word for word in fields if word)
    rows, reached = _rows(session, "created_at", zone), {}
    for place, status in enumerate(WAY_TO_WON):
        later = {word.value for word in WAY_TO_WON[place:]}
        is_there = [lead for lead in rows if place == 0 or stood[lead.id] & later]
        reached["All leads" if place == 0 else status.label] = len(is_there)
    assert _read(page, "Leads") == reached
    counts = list(reached.values())
    assert list(_read(page, "Dropped off").values()) == [a - b for a, b in zip(counts, counts[1:], strict=False)]


@pytest.mark.parametrize("by", ["source", "owner", "month"])
@pytest.mark.parametrize("zone", ZONES)
def test_conversion_equals_the_rows(
    session: Session, browser_as: BrowserAs, leads: list[Lead], max: Employee, zone: str, by: str
) -> None:
    _live_in(session, max, zone)
    page = browser_as(max).get("reports.show_report", name="conversion", by=by)
    expected: dict[str, Counter[str]] = defaultdict(Counter)
    for lead in _rows(session, "created_at", zone):
        label = {
            "source": lead.source or "No source",
            "owner": lead.owner.name if lead.owner else "Unassigned",
            "month": _month(lead.created_at, zone).strftime("%b %Y"),
        }[by]
        expected[label] += Counter(["Leads", lead.status.kind.value.capitalize()])
    for head in ("Leads", "Open", "Won", "Lost"):
        assert _read(page, head) == {label: counted[head] for label, counted in expected.items()}
    for label, cells in _lines(page):
        counted = expected[label]
        share = (Decimal(counted["Won"]) * 100 / counted["Leads"]).quantize(Decimal("0.1"), ROUND_HALF_UP)
        assert words(cells["Win rate (all)"]) == f"{share}%"


@pytest.mark.parametrize("zone", ZONES)
def test_time_in_a_status_equals_the_moves(
    session: Session, browser_as: BrowserAs, leads: list[Lead], max: Employee, zone: str
) -> None:
    _live_in(session, max, zone)
    page = browser_as(max).get("reports.show_report", name="time")
    today = now().astimezone(ZoneInfo(zone)).date()
    stays: dict[str, list[float]] = defaultdict(list)
    for stay in session.scalars(select(StatusPeriod)):
        if _month(stay.left_at, zone) > today.replace(year=today.year - 1):
            seconds = (stay.left_at - stay.entered_at).total_seconds()
            stays[stay.status.label].append(int(seconds if seconds > 0 else 0) / 86400)
    for label, cells in _lines(page):
        assert int(words(cells["Moved on"])) == len(stays[label])
        if stays[label]:
            assert float(words(cells["Average"]).split()[0]) == pytest.approx(mean(stays[label]), abs=0.051)
            middle = sorted(stays[label])[(len(stays[label]) - 1) // 2]
            assert words(cells["Median"]) == _in_words(int(middle))


def _in_words(days: int) -> str:
    if days < 1:
        return "Less than a day"
    number, unit = (days, "day") if days < 14 else (days // 7, "week") if days < 90 else (days // 30, "month")
    return f"{number} {unit}" + ("s" if number > 1 else "")


@pytest.mark.parametrize("zone", ZONES)
def test_won_and_lost_equal_the_rows(
    session: Session, browser_as: BrowserAs, leads: list[Lead], max: Employee, zone: str
) -> None:
    _live_in(session, max, zone)
    page = browser_as(max).get("reports.show_report", name="closed")
    rows = _rows(session, "closed_at", zone)
    counts = {reason.label: sum(lead.lost_reason is reason for lead in rows) for reason in LostReason}
    counts["Won"] = sum(lead.is_won for lead in rows)
    counts["Lost (total)"] = sum(lead.is_lost for lead in rows)
    assert _read(page, "Leads") == counts
    euros = sum((lead.amount for lead in rows if lead.is_won and lead.currency == "EUR" and lead.amount), Decimal(0))
    worth = next(words(cells["Value"]) for label, cells in _lines(page) if label == "Won")
    assert not euros or f"€{euros:,}".removesuffix(".00") in worth


def test_the_forecast_weighs_each_amount_and_adds_no_currencies(
    session: Session, browser_as: BrowserAs, leads: list[Lead], max: Employee
) -> None:
    browser = browser_as(max)
    page = browser.get("reports.show_report", name="forecast")
    weighted: dict[str, Decimal] = defaultdict(Decimal)
    counts: Counter[str] = Counter()
    for lead in session.scalars(select(Lead).where(Lead.deleted_at.is_(None))):
        if lead.is_open:
            currency = lead.currency if lead.amount is not None else "No amount"
            counts[str(currency)] += 1
            weighted[str(currency)] += (lead.amount or 0) * (lead.probability or 0)
    told: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for label, cells in _lines(page):
        (totals if label.startswith("Total") else told)[words(cells["Currency"])] += int(words(cells["Leads"]))
    assert told == counts
    assert totals and all(totals[currency] == counts[currency] for currency in totals)
    table = list(csv.DictReader(io.StringIO(browser.get("reports.export_report", name="forecast").body)))
    sums = defaultdict[str, Decimal](Decimal)
    for row in table:
        sums[row["Currency"] or "No amount"] += Decimal(row["Weighted"] or 0)
    for currency, exact in weighted.items():
        assert abs(sums[currency] - exact / 100) < Decimal("0.2")


def test_won_and_lost_by_month_equal_the_rows(
    session: Session, browser_as: BrowserAs, leads: list[Lead], max: Employee
) -> None:
    page = browser_as(max).get("reports.show_report", name="closed", by="month")
    assert len(list(_lines(page))) == 12
    rows = _rows(session, "closed_at", "UTC")
    assert sum(int(words(cells["Won"])) for _, cells in _lines(page)) == sum(lead.is_won for lead in rows)
    assert sum(int(words(cells["Lost"])) for _, cells in _lines(page)) == sum(lead.is_lost for lead in rows)


def test_lines_over_months_say_what_the_table_says(browser_as: BrowserAs, leads: list[Lead], max: Employee) -> None:
    browser = browser_as(max)
    for name, heads in {"closed": ("Won", "Lost"), "conversion": ("Leads", "Won", "Lost")}.items():
        page = browser.get("reports.show_report", name=name, by="month")
        told = [words(title) for title in page.soup.select(".line-month title")]
        # A month in which no lead was created has no row in the report on conversion.
        rows = [
            " · ".join([label, *(f"{head} {words(cells[head])}" for head in heads)]) for label, cells in _lines(page)
        ]
        assert rows and set(rows) <= set(told)
        assert len(told) == 12
        assert page.soup.select_one(".line-chart svg[role=img][aria-label]")
    assert browser.get("reports.show_report", name="forecast").soup.select(".line-chart polyline")
    assert not browser.get("reports.show_report", name="funnel").soup.select(".line-chart")


def test_reasons_of_losing_come_with_the_most_frequent_first(
    browser_as: BrowserAs, leads: list[Lead], max: Employee
) -> None:
    page = browser_as(max).get("reports.show_report", name="closed")
    numbers = [int(words(cells["Leads"])) for _, cells in _lines(page)][2:]
    assert numbers == sorted(numbers, reverse=True)


def test_the_index_shows_each_report_at_a_glance(browser_as: BrowserAs, leads: list[Lead], max: Employee) -> None:
    browser = browser_as(max)
    page = browser.get("reports.list_reports")
    cards = {words(card.select("h2")[0]): words(card) for card in page.soup.select(".report-card")}
    for name, head in GLANCES.items():
        _, cells = next(_lines(browser.get("reports.show_report", name=name)))
        assert words(cells[head]) in cards[REPORTS[name].title]


def test_activity_equals_the_rows(session: Session, browser_as: BrowserAs, leads: list[Lead], max: Employee) -> None:
    page = browser_as(max).get("reports.show_report", name="activity")
    counts = Counter(activity.created_by.name for activity in session.scalars(select(Activity)) if activity.created_by)
    assert _read(page, "All") == dict(counts)


@pytest.mark.slow
@pytest.mark.parametrize("owner", [None, "me", "team", "nobody"])
@pytest.mark.parametrize("name", TO_LISTS)
def test_every_figure_leads_to_exactly_its_rows(
    session: Session, browser_as: BrowserAs, leads: list[Lead], max: Employee, name: str, owner: str | None
) -> None:
    _live_in(session, max, "Pacific/Kiritimati")
    for author in (max, None):
        make_activity(session, by=author, lead_id=leads[0].id, happened_at=_border().replace(day=1))
    browser = browser_as(max)
    for by in REPORTS[name].ways or [None]:
        page = browser.get("reports.show_report", name=name, owner=owner, by=by)
        links = {str(link["href"]): int(words(link)) for link in page.soup.select("td[data-head] a")}
        assert links
        for href, count in links.items():
            listed = browser.open(href)
            assert (len(listed.table) if listed.has("table.list tbody tr") else 0) == count, href


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [{}, {"owner": "team"}, {"owner": "nobody"}, {"source": ["Web", "(none)"]}])
def test_the_time_leads_to_the_leads_that_left_whoever_they_belonged_to_then(
    session: Session, browser_as: BrowserAs, leads: list[Lead], ann: Employee, max: Employee, chosen: dict[str, Any]
) -> None:
    _live_in(session, max, "Pacific/Kiritimati")
    for lead in leads[1::2]:
        lead.owner_id, lead.source = ann.id, "Fair"
    session.commit()
    browser = browser_as(max)
    page = browser.get("reports.show_report", name="time", **chosen)
    team = {max.id, *session.scalars(select(Employee.id).where(Employee.manager_id == max.id))}
    ways: dict[str | None, set[Any] | None] = {None: None, "team": team, "nobody": {None}}
    people = ways[chosen.get("owner")]
    sources = {None if source == "(none)" else source for source in chosen.get("source", [])}
    stays: dict[str, list[int]] = defaultdict(list)
    for stay in session.scalars(select(StatusPeriod)):
        is_ours = (people is None or stay.owner_id in people) and (not sources or stay.source in sources)
        if is_ours and _month(stay.left_at, max.time_zone) > now().date() - timedelta(days=366):
            stays[stay.status.label].append(stay.lead_id)
    trashed = {lead.id for lead in leads if lead.deleted_at}
    assert any(stays.values()) and list(_lines(page))
    for label, cells in _lines(page):
        link = cells["Moved on"].select("a")[0]
        listed = browser.open(str(link["href"]))
        assert int(words(link)) == len(stays[label])
        found = {
            int(str(a["href"]).partition("?")[0].rpartition("/")[2])
            for a in listed.soup.select("table.list tbody td.name a")
        }
        assert found == set(stays[label]) - trashed
        assert f"Left {label}" in listed.text


@pytest.mark.parametrize("name", NAMES)
def test_only_the_chosen_are_counted(
    session: Session, browser_as: BrowserAs, leads: list[Lead], ann: Employee, name: str
) -> None:
    page = browser_as(ann).get("reports.show_report", name=name, owner=["nobody"], source=["Fair"])
    assert page.status == 200
    assert [words(chip) for chip in page.soup.select(".chip")] == [
        "Remove filter Owner: Unassigned",
        "Remove filter Source: Fair",
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["export_report", "export_report_xlsx"])
def test_each_report_is_had_as_a_file(
    browser_as: BrowserAs, leads: list[Lead], vera: Employee, name: str, kind: str
) -> None:
    answer = browser_as(vera).get(f"reports.{kind}", name=name)
    assert answer.status == 200


@pytest.mark.parametrize("name", NAMES)
def test_a_page_asks_few_questions_however_many_leads(
    session: Session, browser_as: BrowserAs, leads: list[Lead], max: Employee, name: str
) -> None:
    browser = browser_as(max)
    assert browser.count_queries("reports.show_report", name=name, owner="team", period="all", by="month") <= 8
