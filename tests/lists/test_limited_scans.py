"""Filters that fit many records each, and few together: a page searches so many rows, says so, and misses none."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.activities.queries import ActivityFilter
from crm_web.activities.spec import ACTIVITIES
from crm_web.contacts.queries import ContactFilter
from crm_web.contacts.spec import CONTACTS
from crm_web.core import clock
from crm_web.customers.queries import CustomerFilter
from crm_web.customers.spec import CUSTOMERS
from crm_web.leads.left_status import LeftStatusFilter
from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
from crm_web.lists import pagination, spec
from crm_web.lists.pagination import Page
from crm_web.models import Employee, Lead, LeadStatus
from tests.api.client import Program
from tests.factories import make_activity, make_lead, make_token
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
SPARSE: list[dict[str, Any]] = [
    {"countries": ["GB"], "currency": "EUR"},
    {"currency": "EUR"},
    {"words": "tied", "lacks": ["email"]},
    {"countries": ["GB"]},
    {"countries": ["GB"], "left": LeftStatusFilter(statuses=[LeadStatus.QUALIFIED])},
    {"currency": "EUR", "active_from": datetime(2026, 1, 1, tzinfo=UTC)},
    {"words": "tied", "lacks": ["activity"], "currency": "EUR"},
]
SORTS = ("-updated_at", "name", "-owner", "country", "-last_activity")


@pytest.fixture
def leads(session: Session, ann: Employee) -> list[Lead]:
    """Sixty leads, of which every twelfth is British, paid in euros and moved on, and every fifth had a call."""
    made = [
        make_lead(
            session,
            last_name=f"{'Tied' if number % 5 == 0 else 'Loose'} {number % 7}",
            country="GB" if number % 4 == 0 else "AT",
            amount=number % 9,
            currency="EUR" if number % 3 == 0 else "USD",
            email=f"{number}@example.com" if number % 2 else None,
            owner_id=ann.id if number % 10 < 7 else None,
            status="qualified" if number % 6 < 2 else "new",
        )
        for number in range(60)
    ]
    for lead in made[::12]:
        lead.status = LeadStatus.CONTACTED
    for lead in made[::5]:
        make_activity(session, lead_id=lead.id, happened_at=clock.now() + timedelta(days=1))
    session.commit()
    return made


@pytest.fixture
def in_app(app: Flask) -> Iterator[None]:
    """Queries run in an application context."""
    with app.app_context():
        yield


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty rows are a large table."""
    for module, names in {
        pagination: {"COUNT_LIMIT": 3, "GROUP_SCAN_LIMIT": 7, "COMMON": 2, "GLANCE": 2, "FURTHER": 3},
        spec: {"SCAN_LIMIT": 5, "COVERED_SCAN_LIMIT": 9, "GLANCE": 20},
    }.items():
        for name, value in names.items():
            monkeypatch.setattr(module, name, value)


def turn(filters: LeadFilter, sort: str, cursor: str | None, way: str) -> list[Page]:
    """The pages from one on, to the end of the list."""
    pages: list[Page] = []
    while cursor or not pages:
        pages.append(LEADS.list_page(filters, sort=sort, cursor=cursor, size=3))
        cursor = getattr(pages[-1], way)
    return pages


@pytest.mark.slow
@pytest.mark.usefixtures("in_app", "leads", "small_limits")
@pytest.mark.parametrize("parts", SPARSE, ids=str)
def test_each_lead_is_found_once_there_and_back(parts: dict[str, Any]) -> None:
    filters = LeadFilter(**parts)
    for sort in SORTS:
        expected = [row[0] for row in LEADS.stream(filters, [Lead.id], sort=sort)]
        there = turn(filters, sort, None, "next")
        assert [row.id for page in there for row in page.rows] == expected, sort
        back = turn(filters, sort, there[-1].previous, "previous")[::-1] if there[1:] else []
        assert [row.id for page in back for row in page.rows] == expected[: len(expected) - len(there[-1].rows)], sort
        for page in (*there, *back):
            assert page.count <= len(expected)
            assert page.count == len(expected) or not page.count_is_exact
            assert len(page.rows) == 3 or page.further or page in (there[-1], *back[:1])


@pytest.mark.usefixtures("in_app", "leads")
@pytest.mark.parametrize("limits", ["small", "usual"])
@pytest.mark.parametrize("words", ["tied", "TIED 3", "loose 5", "loose", "nothing", "löose", "example.com"])
def test_words_alone_are_found_as_with_other_filters(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, limits: str, words: str
) -> None:
    """Statements that are kept find the same as those that are built for each page, in each order and list."""
    if limits == "small":
        request.getfixturevalue("small_limits")
    for sort in ("-updated_at", "name", "company", "-created_at", "-last_activity", "email"):
        for size in (3, 50):
            kept = LEADS.list_page(LeadFilter(words=words), sort=sort, cursor=None, columns=("email",), size=size)
            with monkeypatch.context() as patch:
                patch.setattr(LEADS, "_load_first_page", lambda *_: None)
                built = LEADS.list_page(LeadFilter(words=words), sort=sort, cursor=None, columns=("email",), size=size)
            assert [vars(row) for row in kept.rows] == [vars(row) for row in built.rows]
            assert replace(kept, rows=()) == replace(built, rows=())


@pytest.mark.usefixtures("in_app", "leads")
def test_statements_for_words_are_built_once_and_never_stale(session: Session) -> None:
    """Whatever is kept, a page shows what is there when it is asked for."""
    filters = [LeadFilter(words=words) for words in ("tied", "untold")]
    assert [LEADS.list_page(each, sort=None, cursor=None).count for each in filters] == [12, 0]
    built = LEADS._word_pages.cache_info().misses
    make_lead(session, last_name="Untold")
    session.commit()
    assert [LEADS.list_page(each, sort=None, cursor=None).count for each in filters] == [12, 1]
    assert LEADS._word_pages.cache_info().misses == built


@pytest.mark.usefixtures("leads", "small_limits")
def test_says_how_far_it_searched_and_goes_on(
    browser_as: BrowserAs, ann: Employee, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, query = browser_as(ann), {"country": "GB", "currency": "EUR"}
    monkeypatch.setattr(spec, "COVERED_SCAN_LIMIT", 13)
    page = browser.get("leads.list_leads", **query)
    assert "at least 1 lead" in page.one(".page-heading").get_text()
    assert "1 match among 13 leads searched" in page.text
    assert "All of them, at least 1 lead that match" in page.text
    assert "at=" in page.link("Search further")
    monkeypatch.setattr(spec, "COVERED_SCAN_LIMIT", 2)
    nothing = browser.get("leads.list_leads", **query)
    assert "Searched 2 leads in this order. There are more." in nothing.text
    assert "none found yet" in nothing.text
    assert nothing.has("a[href*='leads.csv']")
    assert "No leads match" not in nothing.click("Search further").text
    assert "Searched 2 leads in this order" in browser.get("leads.list_leads", country="GB").text


@pytest.mark.usefixtures("in_app", "leads", "small_limits")
def test_files_paper_and_neighbors_search_the_whole_list(browser_as: BrowserAs, ann: Employee) -> None:
    browser, filters = browser_as(ann), LeadFilter(countries=["GB"], currency="EUR")
    query = {"country": "GB", "currency": "EUR"}
    assert len(browser.get("leads.export_leads", **query).body.strip().splitlines()) == 1 + 5
    assert len(browser.get("leads.print_leads", **query).table) == 5
    expected = [row[0] for row in LEADS.stream(filters, [Lead.id], sort="-updated_at")]
    found = [LEADS.find_neighbor(filters, lead_id, sort="-updated_at", forward=True) for lead_id in expected]
    assert found == [*expected[1:], None]


@pytest.mark.usefixtures("leads", "small_limits")
def test_a_program_follows_the_cursor_to_the_end(app: Flask, session: Session, ann: Employee) -> None:
    program = Program(app, make_token(session, ann))
    found: list[int] = []
    lengths: list[int] = []
    cursor: str | None = None
    while cursor or not lengths:
        place = f"&at={cursor}" if cursor else ""
        answer = program.get(f"/leads?country=GB&currency=EUR&limit=2{place}").get_json()
        found += [item["id"] for item in answer["items"]]
        lengths.append(len(answer["items"]))
        assert not answer["count_is_exact"]
        cursor = answer["next"]
    assert len(found) == len(set(found)) == 5
    assert min(lengths) < 2


UNINDEXED = {
    LeadFilter: {"words", "lacks", "currency", "untouched_since", "lost_reasons", "reached"},
    CustomerFilter: {"words", "lacks", "untouched_since", "kinds"},
    ContactFilter: {"words", "lacks", "created_from", "created_to"},
    ActivityFilter: {"words", "lacks", "kinds"},
}
"""What is searched for in the order of the list alone; words have a way of their own."""


def test_knows_which_filters_an_index_finds() -> None:
    """A filter that is forgotten here or there would be searched for a few thousand rows at a time."""
    specs = {LeadFilter: LEADS, CustomerFilter: CUSTOMERS, ContactFilter: CONTACTS, ActivityFilter: ACTIVITIES}
    for kind, spec_of in specs.items():
        found = {name for first in spec_of.found_by for name in first}
        assert found | UNINDEXED[kind] == {part.name for part in fields(kind)}
        assert not found & UNINDEXED[kind]
