"""Which records count as alike, and for which reason."""

from typing import Any

import pytest

from crm_web.duplicates.comparison.companies import company_words
from crm_web.duplicates.comparison.keys import list_keys
from crm_web.duplicates.comparison.profiles import Profile, build_profile
from crm_web.duplicates.comparison.scoring import are_related, compare
from crm_web.duplicates.finding.groups import MOST_IN_A_GROUP, find_groups
from crm_web.models import Strength

ROSA = {"first_name": "Rosa", "last_name": "Castillo"}


def lead(**values: Any) -> Profile:
    return build_profile("lead", values)


def strength_of(one: Profile, other: Profile) -> Strength | None:
    """None as well where no key would ever bring the two together."""
    assert compare(one, other).points == compare(other, one).points
    return compare(one, other).strength if list_keys(one).keys() & list_keys(other).keys() else None


@pytest.mark.parametrize(
    "one, other",
    [
        ("Müller & Söhne GmbH", "MUELLER UND SOEHNE"),
        ("Acme Inc.", "ACME Incorporated"),
        ("Acme Corp", "Acme, LLC"),
        ("Deutsche Telekom AG", "Telekom Deutsche"),
        ("International Business Machines", "Internatonal Busines Machines"),
        ("Nestlé S.A.", "Nestle"),
        ("株式会社 東芝", "東芝"),
        ("ООО Ромашка", "Ромашка"),
        ("The Coca-Cola Company", "Coca Cola Co"),
        ("Northwind Traders", "Nortwind Trader"),
        ("Zeta GmbH & Co. KG", "Zeta KG"),
        ("Blue Ocean", "Blue Oceans Sp. z o.o."),
        ("A/S Norden", "Norden AS"),
    ],
)
def test_a_company_is_known_by_its_name_however_it_is_spelt(one: str, other: str) -> None:
    assert strength_of(lead(company=one), lead(company=other)) is Strength.POSSIBLE


@pytest.mark.parametrize(
    "one, other", [("Acme North", "Acme South"), ("Atlas Logistics", "Atlas Energy"), ("Teddy 3", "Teddy 5")]
)
def test_other_companies_are_not_taken_for_the_same(one: str, other: str) -> None:
    assert strength_of(lead(company=one), lead(company=other)) is None


def test_a_name_that_is_nothing_but_a_legal_form_stays() -> None:
    assert company_words("Company Ltd") == ("company", "ltd")


def test_people_are_told_apart_by_more_than_their_company() -> None:
    at_acme = lead(**ROSA, company="Acme")
    same_name = compare(at_acme, lead(**ROSA, company="ACME GmbH"))
    assert same_name.strength is Strength.LIKELY
    assert [reason.text for reason in same_name.reasons] == ["Same name", "Same company name"]
    assert strength_of(at_acme, lead(first_name="Juan", last_name="Perez", company="Acme")) is None
    assert strength_of(at_acme, lead(first_name="R.", last_name="Castillo", company="Acme")) is Strength.POSSIBLE
    swapped = lead(first_name="Castillo", last_name="Rosa", company="Acme")
    assert strength_of(at_acme, swapped) is Strength.POSSIBLE


def test_an_email_counts_most() -> None:
    known = lead(**ROSA, email="rosa@acme.example")
    mistyped = lead(first_name="Rosa", last_name="Castilo", email="Rosa@ACME.example")
    assert strength_of(known, mistyped) is Strength.VERY_LIKELY
    assert strength_of(known, lead(email="rosa@acme.example")) is Strength.LIKELY
    other_person = lead(first_name="Juan", last_name="Perez", email="rosa@acme.example")
    assert strength_of(known, other_person) is Strength.POSSIBLE


def test_records_that_belong_together_are_no_duplicates() -> None:
    one, other = lead(**ROSA, customer_id=1), lead(**ROSA, customer_id=1)
    assert not are_related(one, other)
    assert are_related(one, lead(**ROSA, customer_id=1, closed_at="2026-01-01"))
    assert are_related(one, build_profile("customer", {"name": "Acme", "customer_id": 1}))
    assert not are_related(one, lead(**ROSA, customer_id=2))
    assert not are_related(lead(**ROSA), lead(**ROSA))
    subsidiary = build_profile("customer", {"name": "Acme", "customer_id": 2, "parent_id": 1})
    assert are_related(subsidiary, build_profile("customer", {"name": "Acme", "customer_id": 1}))


def test_groups_hang_together_by_their_strong_pairs() -> None:
    pairs = [(7, "a", "b", 3), (3, "b", "c", 2), (4, "a", "c", 1), (5, "c", "d", 1), (6, "x", "y", 1)]
    assert find_groups(pairs) == {7: 7, 3: 7, 4: 7, 5: 5, 6: 6}


def test_keys_say_nothing_about_anybody() -> None:
    assert all(isinstance(key, int) and abs(key) < 2**63 for key in list_keys(lead(**ROSA, email="rosa@acme.example")))
    assert list_keys(lead(email="")) == {}


def test_a_group_has_an_end() -> None:
    chain = [(number, number, number + 1, Strength.LIKELY) for number in range(100)]
    groups = find_groups(chain)
    sizes = [list(groups.values()).count(group) for group in set(groups.values())]
    assert max(sizes) == MOST_IN_A_GROUP - 1 and len(groups) == 100
