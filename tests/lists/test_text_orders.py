"""Texts are sorted without case and accents, the same in list, API and file, and where one chooses among them."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from crm_web.customers.queries import CustomerFilter
from crm_web.customers.spec import CUSTOMERS
from crm_web.leads.queries import LeadFilter
from crm_web.leads.spec import LEADS
from crm_web.models import Customer, Employee, Lead
from tests.api.client import Program
from tests.factories import make_customer, make_employee, make_lead, make_token
from tests.page import Browser, words

BrowserAs = Callable[[Employee], Browser]
WORDS = ("apple", "Émile", "Zebra")
OTHERS = {"country": ("AX", "DE", "ZW"), "owner": WORDS, "name": WORDS}
"""Åland Islands, Germany, Zimbabwe: by name, and not by code."""


def list_text_sorts(model: Any, sorts: Any, prefix: str = "") -> dict[str, str]:
    """The orders that are of a text that people type, each with its column."""
    named = {key: key if hasattr(model, key) else prefix + key for key in sorts}
    return {
        key: column
        for key, column in named.items()
        if key in OTHERS or "limit" in getattr(getattr(model, column, None), "info", {}) or key == "source"
    }


OF_LEADS = list_text_sorts(Lead, LEADS.sorts)
OF_CUSTOMERS = list_text_sorts(Customer, CUSTOMERS.sorts, "billing_")


@pytest.fixture
def rows(session: Session) -> None:
    """Three leads and three customers, each with one of three words wherever there is a text."""
    for place in (1, 2, 0):
        word = WORDS[place]
        owner = make_employee(session, name=word)
        country = OTHERS["country"][place]
        make_lead(session, last_name=word, country=country, owner_id=owner.id, **_texts(OF_LEADS, word))
        texts = _texts(OF_CUSTOMERS, word)
        make_customer(session, name=word, billing_country=country, owner_id=owner.id, **texts)


def _texts(columns: dict[str, str], word: str) -> dict[str, Any]:
    return {column: word for key, column in columns.items() if key not in OTHERS}


def test_finds_all_that_people_type() -> None:
    assert {"company", "industry", "source", "city", "country", "owner", "state", "next_step"} <= set(OF_LEADS)
    assert {"industry", "city", "country", "owner", "state", "vat_number"} <= set(OF_CUSTOMERS)


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize(("path", "keys"), [("leads", OF_LEADS), ("customers", OF_CUSTOMERS)])
def test_sorts_alike_in_list_answer_and_file(
    app: Flask, session: Session, vera: Employee, browser_as: BrowserAs, path: str, keys: dict[str, str]
) -> None:
    browser, program = browser_as(vera), Program(app, make_token(session, vera))
    load: Any = {"leads": LEADS.list_page, "customers": CUSTOMERS.list_page}[path]
    kind: Any = {"leads": LeadFilter, "customers": CustomerFilter}[path]
    for key in keys:
        with app.app_context():
            assert [row.name for row in load(kind(), sort=key, cursor=None).rows] == list(WORDS), key
            assert [row.name for row in load(kind(), sort=f"-{key}", cursor=None).rows] == list(WORDS)[::-1], key
    for key in ("city", "country", "industry"):
        answer = program.get(f"/{path}?sort={key}&fields=name").get_json()["items"]
        file = browser.client.get(f"/{path}.csv?sort={key}").get_data(as_text=True).splitlines()[1:]
        assert [item["name"] for item in answer] == list(WORDS)
        assert [next(word for word in WORDS if word in line) for line in file] == list(WORDS)


@pytest.mark.usefixtures("rows")
def test_offers_words_in_that_order(session: Session, browser_as: BrowserAs, vera: Employee) -> None:
    browser = browser_as(vera)
    for endpoint, names in (
        ("leads.list_leads", ("source", "industry", "owner")),
        ("customers.list_customers", ("industry", "owner")),
    ):
        page = browser.get(endpoint)
        for name in names:
            boxes = page.soup.select(f"input[name={name}]")
            offered = [option.get_text() for option in page.soup.select(f"select[name={name}] option")]
            labels = [box.closest("label") or page.one(f"label[for={box['id']}]") for box in boxes]
            offered += [words(label) for label in labels]
            assert [word for word in offered if word in WORDS] == list(WORDS), (endpoint, name)


def test_finds_an_industry_whatever_its_case_and_accents(app: Flask, session: Session) -> None:
    make_lead(session, last_name="One", industry="Énergie")
    make_lead(session, last_name="Two", industry="ENERGIE")
    with app.app_context():
        found = LEADS.list_page(LeadFilter(industries=["energie"]), sort="name", cursor=None)
        assert [lead.name for lead in found.rows] == ["One", "Two"]
