"""Every list in every order, from page to page and back, with rows that tie, rows that are empty, and every filter."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from html import unescape
from itertools import islice
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.activities.queries import ActivityFilter
from crm_web.activities.spec import ACTIVITIES
from crm_web.contacts.queries import ContactFilter
from crm_web.contacts.spec import CONTACTS
from crm_web.customers.queries import CustomerFilter
from crm_web.customers.spec import CUSTOMERS
from crm_web.leads.left_status import LeftStatusFilter
from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
from crm_web.lists import pagination
from crm_web.lists.pagination import Page
from crm_web.lists.spec import ListSpec
from crm_web.models import ActivityKind, Conversion, CustomerKind, CustomerStatus, Employee, LeadStatus, LostReason
from tests.api.client import Program
from tests.factories import make_activity, make_contact, make_customer, make_lead, make_token
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
LONG_AGO, FAR_OFF = datetime(2001, 1, 1, tzinfo=UTC), datetime(2199, 1, 1, tzinfo=UTC)
SHARED: dict[str, Any] = {
    "lacks": ["activity"],
    "words": "tied",
    "owner_ids": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    "industries": ["steel", ""],
    "countries": ["DE", ""],
    "created_from": LONG_AGO,
    "created_to": FAR_OFF,
    "active_from": LONG_AGO,
    "active_to": FAR_OFF,
    "untouched_since": FAR_OFF,
}
OF_LEADS: dict[str, Any] = SHARED | {
    "statuses": list(LeadStatus),
    "sources": ["Fair", ""],
    "customer_id": 1,
    "currency": "EUR",
    "amount_from": 0,
    "amount_to": 9999,
    "close_from": LONG_AGO.date(),
    "close_to": FAR_OFF.date(),
    "overdue_on": FAR_OFF.date(),
    "closed_from": LONG_AGO,
    "closed_to": FAR_OFF,
    "lost_reasons": list(LostReason),
    "reached": LeadStatus.QUALIFIED,
    "left": LeftStatusFilter(statuses=list(LeadStatus)),
}
OF_ACTIVITIES: dict[str, Any] = {
    "words": "",
    "lacks": [],
    "author_ids": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    "assignee_ids": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    "kinds": list(ActivityKind),
    "happened_from": LONG_AGO,
    "happened_to": FAR_OFF,
    "is_done": False,
}
OF_CONTACTS: dict[str, Any] = {
    "words": "tied",
    "lacks": ["email"],
    "owner_ids": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    "customer_id": 1,
    "created_from": LONG_AGO,
    "created_to": FAR_OFF,
}
OF_CUSTOMERS: dict[str, Any] = SHARED | {"statuses": list(CustomerStatus), "kinds": list(CustomerKind)}


@pytest.fixture
def rows(session: Session, ann: Employee, ada: Employee) -> None:
    """Of each kind three that tie in everything, and three of which nothing is known but a name."""
    shared = {"industry": "Steel", "email": "tied@steel.example", "phone": "+49301", "website": "steel.example"}
    of_lead: dict[str, Any] = {
        "amount": 5, "currency": "EUR", "probability": 20, "source": "Fair", "rating": "hot", "mobile": "+49302",
        "country": "DE", "city": "Essen", "state": "NRW", "postal_code": "45127", "job_title": "Buyer",
        "next_step": "Call", "company": "Tied", "status": "qualified", "expected_close_on": date(2026, 5, 5),
    }  # fmt: skip
    of_customer: dict[str, Any] = {
        "billing_country": "DE", "billing_city": "Essen", "billing_state": "NRW", "billing_postal_code": "45127",
        "vat_number": "DE1", "registration_number": "HRB1", "kind": "person", "status": "former",
    }  # fmt: skip
    for _ in range(3):
        lead = make_lead(session, by=ann, last_name="Tied", owner_id=ann.id, **shared, **of_lead)
        customer = make_customer(session, by=ann, name="Tied", owner_id=ann.id, **shared, **of_customer)
        make_activity(session, by=ann, lead_id=lead.id, kind="task")
        make_activity(session, by=ann, customer_id=customer.id)
        make_contact(session, customer, by=ann, last_name="Tied")
        make_lead(session, by=ann, last_name="tied")
        make_customer(session, by=ann, name="tied")
        trashed = {"deleted_at": LONG_AGO, "deleted_by_id": ada.id}
        make_lead(session, by=ann, last_name="Gone", **trashed)
        make_customer(session, by=ann, name="Gone", **trashed)
        session.add(Conversion(lead_id=lead.id, customer_id=customer.id, kind="linked"))
    session.commit()


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows a page."""
    for load in (ListSpec.list_page, pagination.load_page):
        monkeypatch.setitem(load.__kwdefaults__ or {}, "size", 2)


@pytest.fixture
def in_app(app: Flask) -> Iterator[None]:
    """Queries run in an application context."""
    with app.app_context():
        yield


def walk(load: Callable[[str | None], Page]) -> None:
    """Go on to the last page and all the way back: each row stands once, and in the same place."""
    pages = [load(None)]
    while mark := pages[-1].next:
        pages.append(load(mark))
    there = [row.id for page in pages for row in page.rows]
    assert len(set(there)) == len(there) == pages[0].count
    back = [pages[-1]]
    while mark := back[0].previous:
        back.insert(0, load(mark))
    assert [row.id for page in back for row in page.rows] == there


def walk_all(load: Callable[..., Page], kind: type[Any], sorts: Sequence[str], filters: Mapping[str, Any]) -> None:
    """Walk a list in each order both ways; and in each order under all filters, a few at a time, in turn either way."""
    some = [dict(group) for group in batched(filters.items(), 6)]
    for place, key in enumerate(sorts):
        orders: list[tuple[str, dict[str, Any]]] = [(sort, {}) for sort in (key, f"-{key}")]
        orders += [(key if (place + turn) % 2 else f"-{key}", group) for turn, group in enumerate(some)]
        for sort, group in orders:
            walk(lambda cursor: load(kind(**group), sort=sort, cursor=cursor, size=2))  # noqa: B023


def batched(items: Iterable[Any], size: int) -> Iterator[Sequence[Any]]:
    """A few at a time."""
    rest = iter(items)
    while some := list(islice(rest, size)):
        yield some


@pytest.mark.slow
@pytest.mark.usefixtures("in_app", "rows")
def test_walks_leads_by_every_order_and_filter() -> None:
    walk_all(LEADS.list_page, LeadFilter, list(LEADS.sorts), OF_LEADS)


@pytest.mark.slow
@pytest.mark.usefixtures("in_app", "rows")
def test_walks_customers_by_every_order_and_filter() -> None:
    walk_all(CUSTOMERS.list_page, CustomerFilter, list(CUSTOMERS.sorts), OF_CUSTOMERS)


@pytest.mark.slow
@pytest.mark.usefixtures("in_app", "rows")
def test_walks_activities_by_every_order_and_filter() -> None:
    walk_all(ACTIVITIES.list_page, ActivityFilter, list(ACTIVITIES.sorts), OF_ACTIVITIES)


@pytest.mark.slow
@pytest.mark.usefixtures("in_app", "rows")
def test_walks_contacts_by_every_order_and_filter() -> None:
    walk_all(CONTACTS.list_page, ContactFilter, list(CONTACTS.sorts), OF_CONTACTS)


def test_knows_every_filter() -> None:
    assert set(OF_CONTACTS) == {part.name for part in fields(ContactFilter)}
    assert set(OF_ACTIVITIES) == {part.name for part in fields(ActivityFilter)}
    assert set(OF_LEADS) == {part.name for part in fields(LeadFilter)}
    assert set(OF_CUSTOMERS) == {part.name for part in fields(CustomerFilter)}


SPECS = {"/leads": LEADS, "/customers": CUSTOMERS, "/contacts": CONTACTS, "/activities": ACTIVITIES}
WITH_SPEC = {path: spec.sorts for path, spec in SPECS.items()}
PAGES: dict[str, Iterable[str]] = {**WITH_SPEC, "/history": (), "/trash": ()}
ANSWERS: dict[str, Iterable[str]] = {**WITH_SPEC, "/conversions": (), "/employees": ()}


def list_addresses(lists: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Each list in each order, up and down in turn, and in its own."""
    for path, sorts in lists.items():
        yield path
        yield from (f"{path}?sort={'-' * (place % 2)}{sort}" for place, sort in enumerate(sorts))


@pytest.mark.slow
@pytest.mark.usefixtures("rows", "short_pages")
def test_turns_the_pages_of_every_list(browser_as: BrowserAs, ada: Employee) -> None:
    client = browser_as(ada).client

    def load(url: str) -> tuple[int, dict[str, str]]:
        answer = client.get(url)
        links = re.findall(r'href="([^"]+)" rel="(next|prev)"', answer.text)
        return answer.status_code, {rel: unescape(href) for href, rel in links}

    assert [problem for url in list_addresses(PAGES) if (problem := turn_pages(load, url))] == []


@pytest.mark.slow
@pytest.mark.usefixtures("rows")
def test_turns_the_pages_of_every_answer(app: Flask, session: Session, ada: Employee) -> None:
    program = Program(app, make_token(session, ada))

    def load(url: str) -> tuple[int, dict[str, str]]:
        answer = program.get(url)
        ways = answer.get_json()
        names = {"next": "next", "prev": "previous"}
        first = re.sub(r"[?&]at=.*", "", url)
        with_mark = first + ("&" if "?" in first else "?") + "at="
        return answer.status_code, {rel: with_mark + ways[name] for rel, name in names.items() if ways.get(name)}

    addresses = (f"{url}{'&' if '?' in url else '?'}limit=2" for url in list_addresses(ANSWERS))
    assert [problem for url in addresses if (problem := turn_pages(load, url))] == []


def turn_pages(load: Callable[[str], tuple[int, dict[str, str]]], url: str) -> str:
    """Follow Next to the end and Previous to the start; what is wrong about it, if anything."""
    steps = [url]
    for way in ("next", "prev"):
        status, links = load(steps[-1])
        turned = 0
        while status == 200 and way in links and turned < 20:
            steps.append(links[way])
            status, links = load(steps[-1])
            turned += 1
        if status != 200 or not 0 < turned < 20:
            return f"{steps[-1]}: {status}, {way} {turned} times"
    return ""
