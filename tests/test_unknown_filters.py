"""What an address asks for and nobody offers is named on the page and not applied; programs are refused."""

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.activities.listing.filters import FILTERS as OF_ACTIVITIES
from crm_web.api.activities.schemas import ActivityQuery
from crm_web.api.customers.schemas import ContactQuery, CustomerQuery
from crm_web.api.leads.schemas import LeadQuery
from crm_web.contacts.listing.filters import FILTERS as OF_CONTACTS
from crm_web.customers.listing.filters import FILTERS as OF_CUSTOMERS
from crm_web.history.views import NAMES as OF_HISTORY
from crm_web.leads.listing.filters import FILTERS as OF_LEADS
from crm_web.lists.filters import names_of
from crm_web.models import Employee
from crm_web.reports.figures import REPORTS
from tests.api.client import Program
from tests.factories import make_customer, make_lead, make_token
from tests.page import Browser

BrowserAs = Callable[[Employee], Browser]
UNKNOWN = "no-such-thing"
FREE = ("q", "source", "industry", "left_source")
"""Filters by a word that somebody typed: what nobody typed is found nowhere, and the chip says what was looked for."""
LISTS: Mapping[str, Sequence[str]] = {
    "/leads": (*names_of(OF_LEADS), "sort"),
    "/leads/board": names_of(OF_LEADS),
    "/customers": (*names_of(OF_CUSTOMERS), "sort"),
    "/contacts": (*names_of(OF_CONTACTS), "sort"),
    "/activities": (*names_of(OF_ACTIVITIES), "sort"),
    "/history": OF_HISTORY,
    "/trash": ("kind",),
    "/search": ("kind",),
} | {f"/reports/{name}": ("period", "from", "to", "owner", "source", "by") for name in list(REPORTS)[:2]}


@pytest.mark.slow
def test_every_list_says_what_it_does_not_apply(session: Session, browser_as: BrowserAs, ann: Employee) -> None:
    make_lead(session, last_name="Stays", owner_id=ann.id)
    make_customer(session, name="Stays")
    browser = browser_as(ann)
    for path, names in LISTS.items():
        for name in names:
            url = f"{path}?{urlencode({name: UNKNOWN})}"
            # Parsing some seventy pages whole would take ten times as long.
            text = browser.client.get(url).get_data(as_text=True)
            chips = re.findall(r'class="chip" .*?</a>', text)
            if name in FREE:
                assert [chip for chip in chips if UNKNOWN in chip], url
            else:
                assert chips == [], url
                assert re.search(f'class="filters-ignored"[^>]*>Not applied: <bdi dir="ltr">“{UNKNOWN}” ', text), url
                assert '<span class="count">' not in text or path not in ("/leads", "/customers"), url
                assert "Stays" in text or path not in ("/leads", "/leads/board", "/customers"), url


def test_names_what_is_too_much(session: Session, browser_as: BrowserAs, ann: Employee) -> None:
    browser = browser_as(ann)
    words = "one two three four five six seven eight nine ten"
    for path in ("/leads", "/customers", "/search"):
        said = browser.open(f"{path}?{urlencode({'q': words})}").one(".filters-ignored").get_text()
        assert said == "Not applied: “nine” (only the first 8 words count); “ten” (only the first 8 words count).", path
        assert not browser.open(f"{path}?{urlencode({'q': '+49 1 2 3 4 5 6 7 8 9'})}").has(".filters-ignored")
    for query, said in (
        ({"q": "x" * 301}, f"“{'x' * 40}…” is too long."),
        ({"kind": ["open", "lost"]}, "“lost” (only “open” is used)."),
        ({"kind": "open", "status": "won"}, "“Won” is not open."),
    ):
        page = browser.open(f"/leads?{urlencode(query, doseq=True)}")
        assert page.one(".filters-ignored").get_text() == f"Not applied: {said}"
    answer = browser.client.get(f"/search/suggest?{urlencode({'q': words})}").get_json()
    assert answer["says"] == "No results (first 8 words only)"


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/leads", LeadQuery),
        ("/customers", CustomerQuery),
        ("/contacts", ContactQuery),
        ("/activities", ActivityQuery),
    ],
)
def test_refuses_programs(app: Flask, session: Session, ann: Employee, path: str, query: type) -> None:
    program = Program(app, make_token(session, ann))
    for name in query.model_fields:  # type: ignore[attr-defined]
        if name not in FREE:
            answer = program.get(f"{path}?{urlencode({name: UNKNOWN})}")
            errors = answer.get_json()["errors"]
            assert (answer.status_code, [error["field"].split(".")[0] for error in errors]) == (422, [name])
    person = "author" if path == "/activities" else "owner"
    owner = program.get(f"{path}?{person}=none").get_json()["errors"][0]["message"]
    assert owner in ("Choose one of me, team, nobody, an id.", "Choose one of me, nobody, an id.")
    assert "'active'" in program.get("/customers?status=foo").get_json()["errors"][0]["message"]
    for url in ("/leads" if path == "/activities" else path, "/search"):
        answer = program.get(f"{url}?{urlencode({'q': 'a b c d e f g h i'})}")
        assert answer.get_json()["errors"] == [{"field": "q", "message": "Send at most 8 words."}]


def test_says_so_behind_a_redirect_as_well(browser_as: BrowserAs, ann: Employee) -> None:
    """What is typed is put into the notation of addresses; what means nothing goes along."""
    page = browser_as(ann).open("/leads?status=foo&amount_from=1,250.00")
    said = (page.follow() if page.location else page).one(".filters-ignored").get_text()
    assert said == "Not applied: “foo” is not a status."
