"""Search Piper by whatever one remembers of them: the page of a search."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web.core.clock import now
from crm_web.models import Employee, Lead
from crm_web.search import queries
from tests.databases import OwnDatabase
from tests.factories import make_activity, make_contact, make_customer, make_employee, make_lead, make_sign_in
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]


def names(page: Page) -> list[str]:
    """Who was found, in order."""
    return [link.get_text() for link in page.soup.select(".list-found .name a")]


@pytest.fixture
def search(browser_as: BrowserAs, vera: Employee) -> Callable[..., Page]:
    """Search as somebody who may only read."""
    browser = browser_as(vera)
    return lambda q, **values: browser.get("search.show_results", q=q, **values)


Search = Callable[..., Page]


def test_the_box_on_every_page_leads_to_the_search(browser_as: BrowserAs, ann: Employee) -> None:
    form = browser_as(ann).get("dashboard.show_dashboard").one("form.side-search")
    assert form["action"] == "/search"
    assert form.select_one("input[name=q]") is not None


def test_finds_leads_customers_contacts_and_employees_in_one(search: Search, session: Session, ann: Employee) -> None:
    make_lead(session, first_name="Zora", last_name="Quill", company="Inkwell Ltd", owner_id=ann.id)
    customer = make_customer(session, name="Quill & Sons")
    make_contact(session, customer, first_name="Ed", last_name="Quillian")
    make_employee(session, name="Quentin Quill")
    page = search("quill")
    assert set(names(page)) == {"Zora Quill", "Quill & Sons", "Ed Quillian", "Quentin Quill"}
    assert {row["Type"] for row in page.table} == {"Lead", "Customer", "Contact", "Employee"}
    assert page.click("Ed Quillian").url == f"/customers/{customer.id}#contacts"
    assert names(search("quill", kind="contact")) == ["Ed Quillian"]


def test_builds_its_statements_once_for_all_searches_of_a_form(search: Search, session: Session) -> None:
    make_lead(session, first_name="Mara", last_name="Okafor")
    make_lead(session, first_name="Yusuf", last_name="Brandt")
    assert names(search("mara okafor")) == ["Mara Okafor"]
    built = queries._select_recent.cache_info().misses
    assert names(search("brandt yusuf")) == ["Yusuf Brandt"]
    assert queries._select_recent.cache_info().misses == built


def test_marks_what_was_searched_for(search: Search, session: Session) -> None:
    make_lead(session, first_name="Jörg", last_name="Müller-Lüdenscheidt", email="jm@muellerei.example")
    page = search("mull lud")
    assert [mark.get_text() for mark in page.soup.select(".list-found mark")] == ["Müll", "Lüd"]
    assert names(page) == ["Jörg Müller-Lüdenscheidt"]


@pytest.mark.parametrize(
    "typed",
    [
        "ORTEGA",
        "orte",
        "tega nuñ",
        "Nunez ortega",
        "Ｏｒｔｅｇａ",
        "glassworks",
        "paz.ortega@glass.example",
        "glass.example",
        "+34 912 345 678",
        "0034912345678",
        "912 34 56 78",
        "912/345.678",
        "+34 (0)912 345-678",
        "or",
        "\u202eortega\u202c",
        "ortega & %",
    ],
)
def test_finds_a_lead_by_whatever_is_known_of_it(search: Search, session: Session, typed: str) -> None:
    make_lead(
        session,
        first_name="Paz",
        last_name="Núñez Ortega",
        company="Glassworks SA",
        email="Paz.Ortega@glass.example",
        website="https://www.glass.example",
        phone="912 345 678",
        phone_e164="+34912345678",
    )
    make_lead(session, first_name="Somebody", last_name="Else")
    assert names(search(typed)) == ["Paz Núñez Ortega"]


@pytest.mark.parametrize(
    ("typed", "e164", "searched"),
    [
        ("8 (912) 345-67-89", "+79123456789", "8 (912) 345-67-89"),
        ("+7 912 345-67-89", "+79123456789", "89123456789"),
        ("55 1234 5678", "+525512345678", "01 55 1234 5678"),
        ("020 7946 0999", "+442079460999", "011 44 20 7946 0999"),
        ("(212) 555-0123 ext. 7", "+12125550123", "(212) 555-0123 ext. 7"),
        ("(212) 555-0123 ext. 7", "+12125550123", "212.555.0123x7"),
        ("(212) 555-0123 ext. 7", "+12125550123", "+1 212‑555‑0123 #7"),
        ("(212) 555-0123 ext. 7", "+12125550123", "tel:+1-212-555-0123;ext=7"),
    ],
)
def test_finds_a_number_by_each_way_to_write_it(
    search: Search, session: Session, typed: str, e164: str, searched: str
) -> None:
    make_lead(session, last_name="Ortega", phone=typed, phone_e164=e164)
    make_lead(session, last_name="Else", phone="+1 212 555 0199", phone_e164="+12125550199")
    page = search(searched)
    assert names(page) == ["Ortega"]
    assert page.one(".list-found mark").get_text() == typed


@pytest.mark.parametrize("typed", ["C-{}", "c-{}", "{}"])
def test_finds_a_customer_by_its_number(search: Search, session: Session, typed: str) -> None:
    customer = make_customer(session, name="Numbered Ltd")
    page = search(typed.format(customer.number.removeprefix("C-")))
    assert names(page)[0] == "Numbered Ltd"
    assert page.has(".list-found mark")


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("Пётр Иванов", "иванов"),
        ("Пётр Иванов", "ПЕТР"),
        ("田中 太郎", "田中"),
        ("田中 太郎", "田"),
        ("山田太郎", "田太"),
        ("محمد أحمد", "أحمد"),
        ("Νίκος Παπαδόπουλος", "παπαδ"),
        ("김민준", "민준"),
        ("ｶﾞｰﾃﾞﾝ", "ガーデン"),
        ("สมชาย ใจดี", "ใจ"),
        ("😀 Fun", "😀"),
    ],
)
def test_finds_names_in_any_script(search: Search, session: Session, name: str, typed: str) -> None:
    make_lead(session, last_name=name)
    assert names(search(typed)) == [name]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("John Smith", "jonh"),
        ("John Smith", "jhon smith"),
        ("John Smith", "smth"),
        ("John Smith", "smeth"),
        ("Jörg Müller", "mueller"),
        ("Jörg Mueller", "muller"),
        ("Łukasz Kowalski", "kowalsky"),
        ("Пётр Иванов", "ивонов"),
        ("Anna Schwarzenegger", "schwarzeneger"),
    ],
)
def test_understands_what_is_spelt_almost_so(search: Search, session: Session, name: str, typed: str) -> None:
    make_lead(session, last_name=name)
    page = search(typed)
    assert names(page) == [name]
    assert "No exact matches." in page.text
    assert page.has(".list-found mark")


def test_learns_the_words_of_a_changed_name(search: Search, session: Session) -> None:
    lead = make_lead(session, last_name="Before")
    lead.last_name = "Fitzgerald"
    session.commit()
    assert names(search("fitzgeradl")) == ["Fitzgerald"]


def test_the_best_comes_first(search: Search, session: Session) -> None:
    for name in ("Ravensberg", "Ann Raven", "Raven Stone", "Craven", "Raven"):
        make_lead(session, last_name=name)
    make_lead(session, last_name="Zoe", email="raven@raven.example")
    found = names(search("raven"))
    assert found[0] == "Raven"
    assert set(found[1:3]) == {"Ravensberg", "Raven Stone"}
    assert set(found[3:5]) == {"Ann Raven", "Zoe"}
    assert found[5] == "Craven"
    assert names(search("raven@raven.example")) == ["Zoe"]


def test_open_leads_come_before_closed_ones(search: Search, session: Session) -> None:
    make_lead(session, last_name="Harper", company="Open")
    make_lead(session, last_name="Harper", company="Closed", status="lost")
    assert [row["Status"] for row in search("harper").table] == ["New", "Lost"]


def test_the_trash_is_not_searched(search: Search, session: Session, ada: Employee) -> None:
    gone: dict[str, Any] = {"deleted_at": "2026-01-01T00:00:00Z", "deleted_by_id": ada.id}
    make_lead(session, last_name="Wexford", **gone)
    customer = make_customer(session, name="Wexford Ltd", **gone)
    make_contact(session, customer, last_name="Wexford")
    make_contact(session, make_customer(session), last_name="Wexford", **gone)
    for typed in ("wexford", "we", "wexfrod"):
        assert "No results" in search(typed).text


def test_who_left_is_found_only_by_who_keeps_the_employees(
    browser_as: BrowserAs, session: Session, ann: Employee, ada: Employee
) -> None:
    left = make_employee(session, name="Gwen Parted", is_active=False)
    assert names(browser_as(ann).get("search.show_results", q="parted")) == []
    page = browser_as(ada).get("search.show_results", q="parted")
    assert page.click("Gwen Parted").url == f"/employees/{left.id}/edit"


def test_a_colleague_leads_to_their_leads(search: Search, ann: Employee) -> None:
    assert search("ann keller").click("Ann Keller").url == f"/leads?owner={ann.id}"


def test_leads_on_to_the_list_of_all_that_match(search: Search, session: Session) -> None:
    session.add_all(Lead(last_name=f"Crowd {number:03}") for number in range(60))
    session.commit()
    page = search("crowd")
    assert len(names(page)) == 50
    assert "Top 50 results" in page.text
    assert "60 leads" in page.click("All matching leads").text


def test_says_what_to_do_where_nothing_is_found(search: Search, session: Session) -> None:
    assert "Try fewer words" in search("nobodyiscalledthis").text
    assert "Enter at least one letter or digit." in search("%%% --- ???").text
    assert "Search Piper" in search("").text
    make_lead(session, last_name="Lonely")
    assert "No contacts found" in search("lonely", kind="contact").text


@pytest.mark.parametrize(
    "typed",
    [
        "%",
        "_",
        "\\",
        "a\\",
        "a\x00b",
        "x" * 10_000,
        "ab " * 4000,
        "😀" * 200,
        "\u200f\u202e\u2066",
        "'; DROP TABLE leads; --",
        "a.b",
        "{0} %s %(x)s :x",
        "\ud800",
        "\u0301\u0301",
        "١٢٣٤٥",
        "ſ ﬁ ß İ",
        "- - -",
        "++++",
        "0000",
        "<mark>",
        "*:* & | !",
    ],
)
def test_whatever_is_typed_gives_a_page(browser_as: BrowserAs, session: Session, vera: Employee, typed: str) -> None:
    make_lead(session, last_name="a\\b %_ 'x' <mark>")
    q = quote(typed.encode("utf-8", "surrogatepass"))
    for kind in ("", "&kind=lead", "&kind=nonsense"):
        assert browser_as(vera).open(f"/search?q={q}{kind}").status == 200
    assert browser_as(vera).open(f"/search/suggest?q={q}").status == 200


def test_signs_of_patterns_are_taken_literally(search: Search, session: Session) -> None:
    make_lead(session, last_name="100%pure")
    make_lead(session, last_name="100xpure")
    assert names(search("100%p")) == ["100%pure"]


def test_what_people_typed_is_shown_harmlessly(search: Search, session: Session) -> None:
    make_lead(session, last_name="<script>alert(1)</script>")
    assert names(search("<script>")) == ["<script>alert(1)</script>"]


def test_asks_a_stranger_to_sign_in(visitor: Browser) -> None:
    assert visitor.get("search.show_results", q="x").status == 303
    assert visitor.get("search.suggest", q="x").status == 303


def test_another_method_is_refused(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).post("search.show_results").status == 405


@pytest.mark.parametrize("typed", ["cost", "csot", "co"])
def test_costs_the_same_for_two_rows_and_twenty(
    browser_as: BrowserAs, session: Session, vera: Employee, typed: str
) -> None:
    browser, costs = browser_as(vera), []
    for more in (2, 18):
        for _ in range(more):
            customer = make_customer(session, name="Cost Ltd", owner_id=make_employee(session).id)
            make_contact(session, customer, last_name="Cost")
            make_lead(session, last_name="Cost", owner_id=make_employee(session).id)
        costs.append(browser.count_queries("search.show_results", q=typed))
    assert costs[0] >= costs[1]
    assert costs[0] <= 8


def test_the_box_offers_the_best_while_one_types(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    lead = make_lead(session, last_name="Vandermeer", company="Meer BV")
    for number in range(12):
        make_lead(session, last_name=f"Other{number}", company="Vandermeer & Co")
    answer = browser_as(ann).get("search.suggest", q="vanderm").response.json
    assert answer is not None
    assert answer["says"] == "Top 8 of 13"
    assert len(answer["results"]) == 8
    assert answer["results"][0] == {
        "kind": "Lead",
        "url": f"/leads/{lead.id}",
        "name": [["Vanderm", True], ["eer", False]],
        "about": [[["Meer BV", False]]],
    }
    assert browser_as(ann).get("search.suggest", q="qqqqq").response.json == {"results": [], "says": "No results"}
    assert browser_as(ann).get("search.suggest").response.json == {"results": [], "says": ""}


@pytest.mark.slow
def test_a_search_that_takes_too_long_is_stopped_kindly(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        token = make_sign_in(session, own_database.find(session, "ann"))
    browser = Browser(own_database.app, token=token)
    with own_database.engine.connect() as other:
        other.execute(text("LOCK TABLE leads"))
        page = browser.get("search.show_results", q="smith")
        offered = browser.get("search.suggest", q="smith").response.json
        other.rollback()
    assert page.status == 503
    assert page.h1 == "This search took too long"
    assert "Add a word or type more letters, then search again." in page.text
    assert offered == {"results": [], "says": "This search is taking too long. Type more letters."}
    assert browser.get("search.show_results", q="smith").status == 200


def test_activities_are_found_by_subject_and_note(session: Session, ann: Employee, search: Search) -> None:
    """Each leads to its record; those of records in the trash are left out."""
    lead, customer = make_lead(session, last_name="Okoro"), make_customer(session, name="Nordlys")
    gone = make_lead(session, deleted_at=now(), deleted_by_id=ann.id)
    note = "The crates are *blue*. " + "Nothing else. " * 40
    make_activity(session, lead_id=lead.id, kind="call", subject="Talked about Zeppelins")
    make_activity(session, customer_id=customer.id, subject="Delivery", body=note + "Ask for Zeppelín parts")
    make_activity(session, lead_id=gone.id, subject="Zeppelin in the trash")
    page = search("zeppelin", kind="activity")
    assert names(page) == ["Delivery", "Talked about Zeppelins"]
    links = [str(link["href"]) for link in page.soup.select(".list .name a")]
    assert links == [f"/customers/{customer.id}#activities", f"/leads/{lead.id}#activities"]
    assert "Okoro" in page.text and "…" in page.text and "Zeppelín parts" in page.text and "Call" in page.text
    assert names(search("blue crates")) == ["Delivery"]
    assert names(search("ask zepp")) == ["Delivery"]
