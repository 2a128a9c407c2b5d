"""The scenario of the demo company holds together, whenever it is told."""

import re
import unicodedata
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import phonenumbers
import pytest

from crm_web.demo.generation import generate_scenario
from crm_web.demo.timeline import Scenario
from crm_web.demo.words import LANDS
from crm_web.models import CURRENCIES, LeadStatus, StatusKind
from crm_web.records.parsing import read_email, read_phone, read_website

PEOPLE = {"ada": 1, "max": 2, "ann": 3, "bob": 4, "vera": 5}
NOON = datetime(2026, 11, 18, 12, tzinfo=UTC)
MOMENTS = (
    NOON,
    datetime(2027, 1, 1, 9, 30, tzinfo=UTC),
    datetime(2028, 2, 29, 23, 59, tzinfo=UTC),
    datetime(2027, 3, 28, 3, 0, tzinfo=UTC),
)


@pytest.fixture(scope="module", params=MOMENTS, ids=lambda moment: f"{moment:%Y-%m-%d}")
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return generate_scenario(moment=request.param, people=PEOPLE)


def test_it_is_as_large_as_promised(scenario: Scenario) -> None:
    assert len(scenario.leads) == 400
    assert len(scenario.customers) == 120
    assert len(scenario.activities) > 600


def test_the_same_moment_gives_the_same_scenario() -> None:
    assert _names(generate_scenario(moment=NOON, people=PEOPLE)) == _names(
        generate_scenario(moment=NOON, people=PEOPLE)
    )


def _names(scenario: Scenario) -> list[Any]:
    return [(lead["last_name"], lead["amount"], lead["created_at"], lead["closed_at"]) for lead in scenario.leads]


def test_times_follow_each_other_and_none_is_in_the_future(scenario: Scenario) -> None:
    for lead in scenario.leads:
        times = [lead["created_at"], lead["status_changed_at"], lead["updated_at"], scenario.moment]
        assert times == sorted(times), lead
        assert lead["created_at"] > scenario.moment - timedelta(days=366)
        assert lead["closed_at"] in (None, lead["status_changed_at"])
    for activity in scenario.activities:
        record = activity["lead"] or activity["customer"]
        assert record["created_at"] <= activity["happened_at"] <= scenario.moment
        assert activity["done_at"] is None or activity["happened_at"] <= activity["done_at"] <= scenario.moment


def test_a_customer_is_there_from_its_first_win_on(scenario: Scenario) -> None:
    for conversion in scenario.conversions:
        lead, customer = conversion["lead"], conversion["customer"]
        is_its_maker = customer["created_from_lead"] is lead
        assert is_its_maker == (conversion["kind"] == "created")
        assert (
            customer["created_at"] == lead["closed_at"] if is_its_maker else customer["created_at"] < lead["closed_at"]
        )
    makers = [customer["created_from_lead"] for customer in scenario.customers if customer["created_from_lead"]]
    assert len({id(lead) for lead in makers}) == len(makers) == 84
    assert Counter(conversion["kind"] for conversion in scenario.conversions) == {"created": 84, "linked": 10}


def test_this_month_and_the_last_saw_leads_won_and_lost(scenario: Scenario) -> None:
    this = scenario.moment.replace(day=1, hour=0, minute=0)
    last = (this - timedelta(days=1)).replace(day=1)
    closed = [(lead["status"].kind, lead["closed_at"]) for lead in scenario.leads if lead["closed_at"]]
    for kind in (StatusKind.WON, StatusKind.LOST):
        assert [at for won, at in closed if won is kind and at >= this]
        assert [at for won, at in closed if won is kind and last <= at < this]


def test_some_came_in_within_the_hour_so_that_this_week_is_never_empty(scenario: Scenario) -> None:
    assert [lead for lead in scenario.leads if scenario.moment - lead["created_at"] < timedelta(hours=1)]


def test_the_funnel_narrows(scenario: Scenario) -> None:
    counts = Counter(lead["status"] for lead in scenario.leads)
    steps = [status for status in LeadStatus if status.kind is StatusKind.OPEN and status is not LeadStatus.ON_HOLD]
    assert [counts[status] for status in steps] == sorted((counts[status] for status in steps), reverse=True)
    assert counts[LeadStatus.WON] > counts[LeadStatus.LOST] > 0
    assert all(counts[status] for status in LeadStatus)


def test_tasks_are_due_around_today(scenario: Scenario) -> None:
    days = [task["due_on"] - scenario.moment.date() for task in scenario.activities if task["kind"] == "task"]
    assert min(days) < timedelta(0) < max(days) <= timedelta(days=14)


def test_every_value_is_one_that_the_form_would_take(scenario: Scenario) -> None:
    for lead in scenario.leads:
        assert lead["email"] is None or read_email(lead["email"]) == lead["email"]
        assert lead["website"] is None or read_website(lead["website"]) == lead["website"]
        assert lead["currency"] is None or lead["currency"] in CURRENCIES
        assert (lead["amount"] is None) == (lead["currency"] is None)
        for number in ("phone", "mobile"):
            # A number with its country code means the same whatever region is assumed.
            assert lead[number] is None or read_phone(lead[number], "US") == (lead[number], lead[f"{number}_e164"])


def test_addresses_and_numbers_are_nobodys_and_one_persons_each(scenario: Scenario) -> None:
    first_leads = [lead for lead in scenario.leads if lead["source"] != "Existing customer"]
    addresses = [lead["email"] for lead in first_leads if lead["email"]]
    numbers = [lead["phone"] for lead in first_leads if lead["phone"]]
    assert all(address.endswith(".example") for address in addresses)
    assert len(set(addresses)) == len(addresses)
    assert len(set(numbers)) == len(numbers)


def test_people_write_in_many_scripts(scenario: Scenario) -> None:
    scripts = Counter(unicodedata.name(lead["last_name"][0]).split()[0] for lead in scenario.leads if lead["last_name"])
    assert scripts.keys() >= {
        "LATIN", "GREEK", "CYRILLIC", "ARABIC", "HEBREW", "CJK", "HANGUL", "DEVANAGARI", "THAI", "GEORGIAN"
    }  # fmt: skip
    assert any(len(lead["company"] or "") > 80 for lead in scenario.leads)


def test_several_people_wait_in_the_trash(scenario: Scenario) -> None:
    trashed = [record for record in [*scenario.leads, *scenario.customers] if record["deleted_at"]]
    assert len(trashed) >= 5
    assert all(record["deleted_by_id"] and not record.get("closed_at") for record in trashed)


@pytest.mark.parametrize("land", LANDS, ids=lambda land: land.country)
def test_the_numbers_of_a_land_exist_there(land: Any) -> None:
    for pattern in land.phones:
        for digit in "0123456789":
            number = phonenumbers.parse(re.sub("#", digit, pattern))
            assert phonenumbers.is_possible_number(number)
            assert phonenumbers.region_code_for_number(number) == land.country, number
