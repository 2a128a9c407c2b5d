"""What tells two words apart and what does not: the same in the database and in Python, for every script."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web.models import Employee
from crm_web.records.folding import fold, fold_as_kept
from tests.factories import make_contact, make_customer, make_employee, make_lead
from tests.page import Browser

FOLD = text(
    "SELECT crm_fold(letter) FROM unnest(CAST(:letters AS text[])) WITH ORDINALITY l (letter, place) ORDER BY place"
)
LAST_WITH_CASE = 0x1F000
OF_MEDIEVALISTS = "\ua722"
"""Letters of old manuscripts: they are found, and not marked."""


@pytest.fixture
def in_app(app: Flask) -> Iterator[None]:
    """Queries run in an application context."""
    with app.app_context():
        yield


def list_case_pairs() -> Iterator[tuple[str, str]]:
    """Every letter with each other form that Unicode has of it, longer ones too."""
    for letter in (chr(number) for number in range(1, LAST_WITH_CASE) if not 0xD800 <= number < 0xE000):
        others = {letter.upper(), letter.lower(), letter.title(), letter.casefold()} - {letter}
        yield from ((letter, other) for other in others)


@pytest.mark.slow
def test_every_form_of_a_letter_is_folded_alike(session: Session) -> None:
    pairs = list(list_case_pairs())
    assert len(pairs) > 2500
    forms = list({form for pair in pairs for form in pair})
    folded = dict(zip(forms, session.scalars(FOLD, {"letters": forms}), strict=True))
    assert [pair for pair in pairs if folded[pair[0]] != folded[pair[1]]] == []
    assert [pair for pair in pairs if fold(pair[0]) != fold(pair[1])] == []
    # What was folded is marked in what was typed: Python folds the rest of the way, and goes no other.
    assert [form for form, other in folded.items() if form < OF_MEDIEVALISTS and fold(other) != fold(form)] == []


@pytest.mark.usefixtures("in_app")
def test_what_is_searched_for_is_folded_as_what_is_kept(session: Session) -> None:
    ascii_text = "".join(map(chr, range(1, 128)))
    texts = [ascii_text, *ascii_text, "Ünal", "Ꜣ", "ΟΔΥΣΣΕΑΣ", "İı", ""]
    assert [fold_as_kept(each) for each in texts] == list(session.scalars(FOLD, {"letters": texts}))


@pytest.mark.parametrize(
    ("kept", "typed"),
    [
        ("Παπαδόπουλος", "ΠΑΠΑΔΟΠΟΥΛΟΣ"),
        ("ΟΔΥΣΣΕΑΣ", "Οδυσσέας"),
        ("Weißmann", "WEISSMANN"),
        ("WEIẞMANN", "weissmann"),
        ("IŞIK", "ışık"),
        ("İnci", "inci"),
        ("ﬁnch", "FINCH"),
        ("ŉdaba", "ʼNDABA"),
        ("𐐔𐐯𐑅𐐨𐑉𐐯𐐻", "𐐔𐐇𐐝𐐀𐐡𐐇𐐓"),
        ("Ｔｏｋｙｏ", "tokyo"),
        ("Żółć", "ZOLC"),
        ("Ђорђе", "ЂОРЂЕ"),
        ("Հակոբեան", "ՀԱԿՈԲԵԱՆ"),
    ],
)
def test_finds_a_name_in_capitals_and_small_letters(
    session: Session, browser_as: Callable[[Employee], Browser], vera: Employee, kept: str, typed: str
) -> None:
    make_lead(session, last_name=kept)
    make_contact(session, make_customer(session, name=kept), last_name=kept)
    make_employee(session, name=kept)
    browser = browser_as(vera)
    found = browser.get("search.show_results", q=typed)
    assert [link.get_text() for link in found.soup.select(".list-found .name a")] == [kept] * 4
    assert [mark.get_text() for mark in found.soup.select(".list-found mark")][:1] == [kept]
    for endpoint in ("leads.list_leads", "customers.list_customers"):
        assert [link.get_text() for link in browser.get(endpoint, q=typed).soup.select("td.name a")] == [kept]
