"""The list of leads over several pages, in each of its orders, asked of the database itself."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.leads.spec import LEADS
from crm_web.models import Lead, LeadStatus
from tests.leads.test_orders import names, read_page


@pytest.fixture(scope="module", autouse=True)
def three_pages(ground: Session) -> None:
    """Two pages full of leads, and one lead more."""
    ground.add_all(
        Lead(last_name=f"Lead {number:03}", amount=number // 2 or None, currency="USD") for number in range(101)
    )
    ground.commit()


@pytest.mark.parametrize("key", LEADS.sorts)
def test_pages_hold_every_lead_once_there_and_back(app: Flask, key: str) -> None:
    _walk_there_and_back(app, key)
    _walk_there_and_back(app, f"-{key}", words="lead")


def test_so_do_those_of_filters(app: Flask) -> None:
    _walk_there_and_back(app, "-amount", words="lead", owner_ids=[0], sources=[""])
    _walk_there_and_back(app, "-updated_at", statuses=[LeadStatus.NEW])


def _walk_there_and_back(app: Flask, sort: str, **filters: Any) -> None:
    pages = [read_page(app, sort, **filters)]
    while pages[-1].next:
        pages.append(read_page(app, sort, pages[-1].next, **filters))
    assert [len(page.rows) for page in pages] == [50, 50, 1]
    assert {page.count for page in pages} == {101}
    assert len({name for page in pages for name in names(page)}) == 101
    assert names(read_page(app, sort, pages[2].previous, **filters)) == names(pages[1])
    first = read_page(app, sort, pages[1].previous, **filters)
    assert (names(first), first.previous) == (names(pages[0]), None)
