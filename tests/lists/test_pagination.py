"""Keyset paging: every row once, in order, there and back, whatever stands in the address."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.core.request_log import count_queries
from crm_web.lists import pagination
from crm_web.lists.orders import Sort
from crm_web.lists.pagination import Page, load_page
from crm_web.models import Lead
from tests.factories import make_lead

START = datetime(2026, 1, 1, tzinfo=UTC)
SORTS = {
    "name": Lead.sort_name,
    "status": Lead.status,
    "created": Lead.created_at,
    "amount": func.coalesce(Lead.amount, -1),
    "probability": func.coalesce(Lead.probability, -1),
    "expected": func.coalesce(Lead.expected_close_on, literal(date(9999, 12, 31))),
}


@pytest.fixture
def leads(session: Session) -> list[Lead]:
    """Eleven leads with ties in everything that one can sort by, and gaps in what may be left out."""
    return [
        make_lead(
            session,
            last_name="Ångström" if number % 3 else "Ng",
            created_at=START + timedelta(seconds=number // 4, microseconds=number // 4),
            amount=Decimal(number // 2) if number % 2 else None,
            probability=number // 5 * 10,
            expected_close_on=date(2026, 1, 1 + number // 3) if number % 4 else None,
        )
        for number in range(11)
    ]


@pytest.fixture
def in_app(app: Flask) -> Iterator[None]:
    """Queries run in an application context."""
    with app.app_context():
        yield


def load(sort: str, mark: str | None = None, *, descending: bool = False, size: int = 3) -> Page:
    """One page of all leads."""
    return load_page(select(Lead), Sort(SORTS[sort], Lead.id, descending), cursor=mark, size=size)  # type: ignore[arg-type]


def walk(sort: str, *, descending: bool, size: int) -> list[Page]:
    """All pages by Next."""
    pages = [load(sort, descending=descending, size=size)]
    while pages[-1].next:
        pages.append(load(sort, pages[-1].next, descending=descending, size=size))
    return pages


def ids(pages: list[Page]) -> list[int]:
    """The rows of pages."""
    return [row.id for page in pages for row in page.rows]


@pytest.mark.usefixtures("in_app", "leads")
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sort", SORTS)
def test_every_row_comes_once_in_order_there_and_back(sort: str, descending: bool) -> None:
    key = SORTS[sort]
    order = (key.desc(), Lead.id.desc()) if descending else (key, Lead.id)
    expected = list(db.session.scalars(select(Lead.id).order_by(*order)))
    for size in (1, 3, 10, 11, 50):
        there = walk(sort, descending=descending, size=size)
        assert ids(there) == expected, size
        assert there[0].previous is None
        back = there[-1:]
        while back[0].previous:
            back.insert(0, load(sort, back[0].previous, descending=descending, size=size))
        assert ids(back[-len(there) :]) == expected, size
        assert [len(page.rows) for page in there[:-1]] == [size] * (len(there) - 1)


@pytest.mark.usefixtures("in_app", "leads")
def test_a_full_page_says_that_none_follows() -> None:
    page = load("name", size=11)
    assert (len(page.rows), page.next, page.previous, page.count, page.count_is_exact) == (11, None, None, 11, True)


@pytest.mark.usefixtures("in_app", "app")
def test_nothing_is_a_page_too() -> None:
    page = load("name")
    assert (list(page.rows), page.next, page.previous, page.count) == ([], None, None, 0)


@pytest.mark.usefixtures("in_app")
def test_rows_that_come_and_go_neither_repeat_nor_hide_others(session: Session, leads: list[Lead]) -> None:
    first = load("created", size=4)
    session.delete(session.get_one(Lead, first.rows[0].id))
    make_lead(session, created_at=START - timedelta(days=1))
    second = load("created", first.next, size=4)
    assert ids([first, second]) == [lead.id for lead in leads[:8]]


@pytest.mark.usefixtures("in_app", "leads")
@pytest.mark.parametrize("size", [1, 5])
def test_a_page_takes_two_statements(size: int) -> None:
    with count_queries() as queries:
        load("name", size=size)
    assert queries.count == 2


@pytest.mark.usefixtures("in_app", "leads")
def test_counting_ends_at_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "COUNT_LIMIT", 5)
    page = load("name")
    assert (page.count, page.count_is_exact) == (6, False)


def encode(parts: Any) -> str:
    """A mark as a person who plays with the address might make it."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


MARKS = [
    "",
    "%%%",
    "é",
    "a\x00b",
    "A" * 5,
    "[" * 10_000,
    encode(None),
    encode([]),
    encode({"a": 1}),
    encode(["after"]),
    encode(["sideways", "a", 1]),
    encode(["after", None, 1]),
    encode(["after", 5, 1]),
    encode(["after", [], 1]),
    encode(["after", "a\x00", 1]),
    encode(["after", "a", "1"]),
    encode(["after", "a", True]),
    encode(["after", "a", 1.5]),
    encode(["after", "a", 2**63]),
    encode(["after", "a", 10**400]),
    encode(["after", "\ud800", 1]),
    encode(["after", "NaN", 1]),
    encode(["after", "Infinity", 1]),
    encode(["after", "1e999999999", 1]),
    encode(["after", "sNaN", 1]),
    encode(["after", "9" * 30, 1]),
    encode(["after", "9" * 5000, 1]),
    encode(["after", "2026-01-01", 1]),
    encode(["after", "2026-01-01T00:00:00", 1]),
    encode(["after", "0001-01-01T00:00:00+23:59", 1]),
    encode(["after", "٣", 1]),
]


@pytest.mark.usefixtures("in_app", "leads")
@pytest.mark.parametrize("sort", SORTS)
def test_whatever_stands_in_the_address_is_a_page(sort: str) -> None:
    assert {mark: page.count for mark in MARKS if (page := load(sort, mark)).count != 11} == {}
