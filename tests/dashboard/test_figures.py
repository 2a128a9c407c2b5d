"""The dashboard's figures equal the rows, and each leads to the leads that it counts."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.core.clock import now
from crm_web.models import Customer, Employee, Lead, LeadStatus, StatusKind
from crm_web.web.template_filters import money
from tests.databases import find_employee
from tests.factories import make_customer, make_lead
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]
ZONES = ("UTC", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kolkata")


@pytest.fixture(scope="module", autouse=True)
def rows(ground: Session) -> None:
    """Leads of all sorts: owners, statuses, currencies, times around the borders of months, some in the trash."""
    ann, bob, max = (find_employee(ground, name) for name in ("ann", "bob", "max"))
    ann.manager_id = bob.manager_id = max.id
    ground.commit()
    chance = Random("dashboard")  # noqa: S311
    customer = make_customer(ground)
    leads = [
        make_lead(ground, **_some_fields(chance, customer), owner_id=owner and owner.id)
        for owner in (ann, bob, max, None)
        for _ in range(12)
    ]
    for lead in leads[::10]:
        lead.deleted_at, lead.deleted_by_id = now(), ann.id
    ground.commit()


def _some_fields(chance: Random, customer: Customer) -> dict[str, Any]:
    status = chance.choice(list(LeadStatus))
    month = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    amount = chance.choice([None, Decimal("1000.10"), Decimal(250)])
    return {
        "status": status,
        "created_at": now() - timedelta(days=chance.choice([0, 1, 3, 6, 8, 40]), hours=chance.randrange(24)),
        "closed_at": None
        if status.kind is StatusKind.OPEN
        else month + timedelta(hours=chance.choice([-900, -20, -8, -1, 0, 7, 13])),
        "amount": amount,
        "currency": chance.choice(["EUR", "USD", "GBP", "JPY", "SEK"]) if amount else None,
        "customer_id": customer.id if status is LeadStatus.WON else None,
    }


def _seen(session: Session, *owners: Employee | None) -> list[Lead]:
    """The rows outside the trash of some owners, read without any of the product's queries."""
    ids = {owner and owner.id for owner in owners}
    return [lead for lead in session.scalars(select(Lead)) if lead.deleted_at is None and lead.owner_id in ids]


def _figures(page: Page) -> dict[str, tuple[int, str]]:
    """The number and the address behind each figure, by what its link says."""
    return {
        str(link["aria-label"]).partition(":")[0]: (int(words(link)), str(link["href"]))
        for link in page.soup.select(".figure a")
    }


def _bars(page: Page) -> dict[str, tuple[int, str, str]]:
    """The number, the worth and the address of each status in the chart."""
    bars = {}
    for row in page.soup.select("table.chart tbody tr"):
        label, _, count, worth = (words(cell) for cell in row.select("th, td"))
        link = row.select_one("a")
        assert link is not None
        bars[label] = (int(count), worth, str(link["href"]))
    return bars


def _count_listed(browser: Browser, href: str) -> int:
    page = browser.open(href)
    return len(page.table) if page.has("tbody tr") else 0


@pytest.mark.parametrize("scope", ["me", "team", "all"])
def test_counts_each_status_as_the_rows_do(
    session: Session, browser_as: BrowserAs, max: Employee, ann: Employee, bob: Employee, scope: str
) -> None:
    owners: dict[str, list[Employee | None]] = {
        "me": [max],
        "team": [max, ann, bob],
        "all": [max, ann, bob, None],
    }
    rows = _seen(session, *owners[scope])
    bars = _bars(browser_as(max).get("dashboard.show_dashboard", scope=scope))
    assert {label: count for label, (count, _, _) in bars.items()} == {
        status.label: sum(row.status is status for row in rows) for status in LeadStatus
    }


def test_adds_up_each_currency_for_itself(
    session: Session,
    browser_as: BrowserAs,
    ada: Employee,
    ann: Employee,
    bob: Employee,
    max: Employee,
) -> None:
    rows = _seen(session, ann, bob, max, None)
    bars = _bars(browser_as(ada).get("dashboard.show_dashboard"))
    for status in LeadStatus:
        worth: dict[str, list[Decimal]] = defaultdict(list)
        for row in rows:
            if row.status is status and row.amount is not None:
                worth[str(row.currency)].append(row.amount)
        # The installation's own currency first, so that one sum compares with the next.
        biggest = sorted(worth, key=lambda currency: (currency != "USD", -len(worth[currency]), currency))
        told = " · ".join(money(sum(worth[currency], Decimal(0)), currency) for currency in biggest[:3])
        more = f" and {len(biggest) - 3} more" if len(biggest) > 3 else ""
        assert bars[status.label][1].replace("\xa0", " ") == (told + more).replace("\xa0", " ")


@pytest.mark.parametrize("zone", ZONES)
def test_months_and_weeks_are_those_of_the_reader(
    session: Session, browser_as: BrowserAs, ann: Employee, bob: Employee, max: Employee, zone: str
) -> None:
    max.time_zone = zone
    session.commit()
    rows = _seen(session, ann, bob, max, None)
    figures = _figures(browser_as(max).get("dashboard.show_dashboard", scope="all"))
    counted = Counter[str]()
    today = now().astimezone(ZoneInfo(zone)).date()
    last_month = today.replace(day=1) - timedelta(days=1)
    for row in rows:
        if row.status.kind is StatusKind.OPEN:
            counted["Open leads"] += 1
        created_on = row.created_at.astimezone(ZoneInfo(zone)).date()
        if today - timedelta(days=today.weekday()) <= created_on:
            counted["New this week"] += 1
        if row.closed_at:
            closed_on = row.closed_at.astimezone(ZoneInfo(zone)).date()
            month = {(today.year, today.month): "this", (last_month.year, last_month.month): "last"}.get(
                (closed_on.year, closed_on.month)
            )
            counted[f"{row.status.kind.value.capitalize()} {month} month"] += 1
    assert {label: count for label, (count, _) in figures.items()} == {
        label: counted[label]
        for label in (
            "Open leads",
            "New this week",
            "Won this month",
            "Won last month",
            "Lost this month",
            "Lost last month",
        )
    }


@pytest.mark.parametrize("scope", ["me", "team", "all"])
@pytest.mark.parametrize("read", [_figures, _bars])
def test_every_number_leads_to_exactly_its_leads(
    session: Session,
    browser_as: BrowserAs,
    max: Employee,
    read: Callable[[Page], dict[str, tuple[Any, ...]]],
    scope: str,
) -> None:
    max.time_zone = "Pacific/Auckland"
    session.commit()
    browser = browser_as(max)
    told = read(browser.get("dashboard.show_dashboard", scope=scope))
    listed = {label: _count_listed(browser, figure[-1]) for label, figure in told.items()}
    assert listed == {label: figure[0] for label, figure in told.items()}


def test_everyone_begins_with_what_concerns_them_most(
    browser_as: BrowserAs, ada: Employee, max: Employee, ann: Employee, vera: Employee
) -> None:
    shown = {
        person.name: words(browser_as(person).get("dashboard.show_dashboard").one(".view-tabs [aria-current]"))
        for person in (ada, max, ann, vera)
    }
    assert list(shown.values()) == ["All", "All", "Mine", "All"]
