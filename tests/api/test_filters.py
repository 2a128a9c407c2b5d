"""The lists of programs know every filter of the lists in the browser, by the same words."""

from collections.abc import Iterable

import pytest
from sqlalchemy.orm import Session

from crm_web.activities.listing.filters import FILTERS as OF_ACTIVITIES
from crm_web.api.activities.schemas import ActivityQuery
from crm_web.api.customers.schemas import ContactQuery, CustomerQuery
from crm_web.api.leads.schemas import LeadQuery
from crm_web.api.schemas import PageQuery
from crm_web.contacts.listing.filters import FILTERS as OF_CONTACTS
from crm_web.customers.listing.filters import FILTERS as OF_CUSTOMERS
from crm_web.leads.listing.filters import FILTERS as OF_LEADS
from crm_web.lists.filters import names_of
from crm_web.models import Employee, LeadStatus
from tests.api.conftest import ProgramOf
from tests.factories import make_customer, make_lead


def known(query: type[PageQuery]) -> set[str]:
    """The words that are filters."""
    return set(query.model_fields) - set(PageQuery.model_fields) - {"sort"}


def test_no_filter_of_the_browser_is_missing() -> None:
    assert known(LeadQuery) == set(names_of(OF_LEADS))
    assert known(CustomerQuery) == set(names_of(OF_CUSTOMERS))
    assert known(ContactQuery) == set(names_of(OF_CONTACTS))
    assert known(ActivityQuery) == set(names_of(OF_ACTIVITIES))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("kind=open", ["Big", "Small"]),
        ("kind=open&status=qualified", ["Big"]),
        ("kind=open&status=qualified&status=lost", ["Big"]),
        ("kind=open&status=lost", []),
        ("kind=open&status=lost&amount_from=0", []),
        ("owner=nobody", ["Lost", "Small"]),
        ("owner=team", ["Big"]),
        ("source=(none)", ["Lost", "Small"]),
        ("source=Fair&source=(none)", ["Big", "Lost", "Small"]),
        ("industry=Steel", ["Big"]),
        ("country=DE", ["Big"]),
        ("country=(none)&industry=(none)", ["Lost", "Small"]),
        ("currency=EUR&amount_from=100", ["Big"]),
        ("amount_to=99.99", ["Small"]),
        ("close_from=2190-05-01&close_to=2190-06-01", ["Big"]),
        ("close=overdue", ["Small"]),
        ("closed=today", ["Lost"]),
        ("closed_to=2020-01-01", []),
        ("created=this_year&created_from=2020-01-01", ["Big", "Lost", "Small"]),
        ("active_from=2020-01-01", []),
        ("untouched=3", []),
        ("no=amount", ["Lost"]),
        ("reason=price", ["Lost"]),
        ("reached=qualified", ["Big"]),
        ("q=bIG", ["Big"]),
    ],
)
def test_filters_leads(session: Session, ann: Employee, program_of: ProgramOf, query: str, names: list[str]) -> None:
    make_lead(
        session,
        last_name="Big",
        status=LeadStatus.QUALIFIED,
        owner_id=ann.id,
        source="Fair",
        industry="Steel",
        country="DE",
        amount="5000",
        currency="EUR",
        expected_close_on="2190-05-20",
    )
    make_lead(session, last_name="Small", amount="9", currency="USD", expected_close_on="2021-05-20")
    lost = make_lead(session, last_name="Lost")
    program = program_of(ann)
    moved = program.post(f"/leads/{lost.id}/status", {"status": "lost", "lost_reason": "price"})
    assert moved.status_code == 200
    assert list_names(program_of, ann, f"/leads?sort=name&fields=name&{query}") == names


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("country=AT&industry=Wood", ["Holz"]),
        ("no=industry", ["Other"]),
        ("status=inactive", ["Other"]),
        ("kind=person", []),
        ("owner=me", ["Holz"]),
        ("untouched=2", []),
        ("created=today", ["Holz", "Other"]),
        ("q=holz", ["Holz"]),
    ],
)
def test_filters_customers(
    session: Session, ann: Employee, program_of: ProgramOf, query: str, names: list[str]
) -> None:
    make_customer(session, name="Holz", industry="Wood", billing_country="AT", owner_id=ann.id)
    make_customer(session, name="Other", status="inactive")
    assert list_names(program_of, ann, f"/customers?fields=name&{query}") == names


@pytest.mark.parametrize("query", ["owner=team", "no=amount", "at=nowhere", "created=tomorrow", "kind=lead"])
def test_asks_for_customers_that_there_are_not(ann: Employee, program_of: ProgramOf, query: str) -> None:
    assert program_of(ann).get(f"/customers?{query}").status_code == 422


def list_names(program_of: ProgramOf, employee: Employee, path: str) -> Iterable[str]:
    """The names on the first page."""
    answer = program_of(employee).get(path)
    assert answer.status_code == 200, answer.get_json()
    return [item["name"] for item in answer.get_json()["items"]]
