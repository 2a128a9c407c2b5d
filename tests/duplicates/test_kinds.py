"""Kinds of duplicates, and of what only looks like one, in many languages: pairs as people enter them."""

from collections.abc import Mapping
from typing import Any

import pytest

from crm_web.duplicates.comparison.keys import list_keys
from crm_web.duplicates.comparison.profiles import build_profile
from crm_web.duplicates.comparison.role_addresses import is_role_address
from crm_web.duplicates.comparison.scoring import compare
from crm_web.models import Strength

Values = Mapping[str, Any]
NAMES = (
    *(("İbrahim IŞIK", "Ibrahim Işık"), ("İpek Yıldırım", "Ipek YILDIRIM"), ("Jürgen Müller", "Juergen Mueller")),
    *(("Søren Ångström", "Soren Angstrom"), ("Jörg Größer", "Joerg Groesser"), ("Алексей Иванов", "Alexei Ivanov")),
    *(("Артём Королёв", "Артем Королев"), ("Иван Шевченко", "Ivan Shevchenko"), ("محمد الحربي", "محمد حربي")),
    *(("أحمد القحطاني", "احمد قحطاني"), ("Mohammed Al-Harbi", "Muhammad Harbi"), ("Omar El Sayed", "Omar Elsayed")),
    *(("Gabriel García Márquez", "Gabriel Garcia"), ("Ana Fernández de Córdoba", "Ana Fernandez")),
    *(("Petra Schmidt", "Petra Schmidt-Becker"), ("Robert Castellano", "Bob Castellano")),
    *(("Giuseppe Rossi", "Beppe Rossi"), ("Katharina Vogt", "Kathi Vogt"), ("Joseph Stone", "Joe Stone")),
    *(
        ("Wei Zhang", "Zhang Wei"),
        ("Anna Kovács", "Kovacs Anna"),
        (" 山田太郎", "太郎 山田"),
        (" 佐藤花子", "花子 佐藤"),
    ),
)
"""The same person, each at one company; a blank before a name stands for a first name that is left out."""
COMPANIES = (
    *(("株式会社山田製作所", "山田製作所株式会社"), ("(株)東京電機", "東京電機㈱"), ("ＡＢＣ商事株式会社", "ABC商事")),
    *(
        ("Müller & Söhne GmbH", "Mueller und Soehne"),
        ("ООО Вектор", "Vektor LLC"),
        ("شركة النور للتجارة", "النور للتجارة"),
    ),
    *(("Acme Inc.", "ACME, Incorporated"), ("Intl. Business Machines", "International Business Machines")),
)
COLLEAGUES = (
    *(("Nora Lind", "Paul Ost"), ("Anna Maier", "Hans Maier"), ("Tom Fox", "Tim Fox"), ("Maria Costa", "Mario Costa")),
    *(("Jan Novak", "Jana Novakova"), ("Ines Roth", "Carl Berg")),
)
GROUPS = (
    *(("Kronos Germany GmbH", "Kronos France SARL"), ("Kronos Deutschland GmbH", "Kronos Österreich GmbH")),
    *(
        ("Kronos UK Ltd", "Kronos USA Inc."),
        ("Kronos Iberia S.L.", "Kronos Italia S.p.A."),
        ("Kronos AG", "Kronos Polska"),
    ),
    *(("Kronos (Shanghai) Co., Ltd.", "Kronos Hong Kong Ltd"), ("Kronos Benelux B.V.", "Kronos Nordic AB")),
)
SHARED: dict[str, Values] = {
    "number": {"phone_e164": "+494030980"},
    "mailbox": {"email": "info@kronos.example"},
    "both": {"phone_e164": "+494030980", "email": "info@kronos.example"},
    "house": {"phone_e164": "+494030980", "street": "Am Kai 5", "city": "Hamburg", "postal_code": "20457"},
}


def find(entity: str, one: Values, other: Values) -> Strength | None:
    """How sure the search is that two records are the same; ``None`` where it does not find them."""
    a, b = build_profile(entity, one), build_profile(entity, other)
    return compare(a, b).strength if list_keys(a).keys() & list_keys(b).keys() else None


def person(name: str, **values: Any) -> Values:
    first, _, last = name.partition(" ")
    return {"first_name": first, "last_name": last, "company": "Harbour Freight Ltd", **values}


def company(name: str, **values: Any) -> Values:
    return {"name": name, "kind": "organisation", "website": "https://www.kronos.example", **values}


@pytest.mark.parametrize(("one", "other"), NAMES)
def test_one_person_is_found_however_the_name_is_written(one: str, other: str) -> None:
    assert find("lead", person(one), person(other)) is not None
    number = {"phone_e164": "+442079460958"}
    assert (find("lead", person(one, **number), person(other, **number)) or 0) >= Strength.LIKELY


@pytest.mark.parametrize(("one", "other"), COMPANIES)
def test_one_company_is_found_by_its_name_alone(one: str, other: str) -> None:
    assert find("customer", {"name": one, "kind": "organisation"}, {"name": other, "kind": "organisation"}) is not None


@pytest.mark.parametrize("shared", SHARED)
@pytest.mark.parametrize(("one", "other"), COLLEAGUES)
def test_people_who_share_a_number_or_mailbox_are_never_merged_unseen(one: str, other: str, shared: str) -> None:
    found = find("lead", person(one, **SHARED[shared]), person(other, **SHARED[shared]))
    assert found is not Strength.VERY_LIKELY
    alone = {name: value for name, value in person(one, **SHARED[shared]).items() if name != "company"}
    family = {name: value for name, value in person(other, **SHARED[shared]).items() if name != "company"}
    assert find("lead", alone, family) is not Strength.VERY_LIKELY


@pytest.mark.parametrize("shared", SHARED)
@pytest.mark.parametrize(("one", "other"), GROUPS)
def test_the_companies_of_a_group_are_never_merged_unseen(one: str, other: str, shared: str) -> None:
    found = find("customer", company(one, **SHARED[shared]), company(other, **SHARED[shared]))
    assert found is not Strength.VERY_LIKELY


def test_an_email_of_their_own_still_counts_most() -> None:
    own = {"email": "nora.lind@kronos.example"}
    assert find("lead", person("Nora Lind", **own), person("Nora Lind", **own)) is Strength.VERY_LIKELY
    assert [is_role_address(f"{name}@kronos.example") for name in ("info", "sales.emea", "nora.lind", "infante")] == [
        True,
        True,
        False,
        False,
    ]
