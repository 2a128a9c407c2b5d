"""The list of leads: GET /leads."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from crm_web.models import Employee, Lead, LeadStatus
from tests.factories import make_customer, make_employee, make_lead
from tests.page import Browser, Page, words

BrowserAs = Callable[[Employee], Browser]


def names(page: Page) -> list[str]:
    return [link.get_text() for link in page.soup.select("table.list .name a")]


def test_shows_who_where_and_how_much(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(
        session, first_name="Zoë", last_name="Okoro", company="Nordlys", amount=48000, owner_id=ann.id, source="Web"
    )
    page = browser_as(ann).get("leads.list_leads", columns=["status", "amount", "owner", "source"])
    assert page.h1 == "Leads"
    assert words(page.one(".page-context")) == "1 lead"
    (row,) = page.table
    assert row["Name"] == "Zoë Okoro Nordlys"
    assert (row["Status"], row["Amount"], row["Owner"], row["Source"]) == ("New", "$48,000", "Ann Keller", "Web")
    # The company's initials, in the colour that they have on the lead's own page.
    (avatar,) = page.soup.select(".name .avatar-company")
    assert avatar["data-initials"] == "N"


def test_what_is_filtered_is_added_up(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for amount, currency in ((48000, "USD"), (2000, "USD"), (70, "CHF"), (None, None)):
        make_lead(session, company="Nordlys", amount=amount, currency=currency, owner_id=ann.id)
    browser = browser_as(ann)
    for filters in ({"owner": "me"}, {"q": "nordlys"}):
        assert words(browser.get("leads.list_leads", **filters).one(".page-context")) == "4 leads · $50,000 +1 currency"


def test_a_company_that_is_the_name_stands_once(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, company="Nordlys")
    assert browser_as(ann).get("leads.list_leads").table[0]["Name"] == "Nordlys"


def test_nothing_at_all_says_what_to_do_next(browser_as: BrowserAs, ann: Employee) -> None:
    page = browser_as(ann).get("leads.list_leads")
    assert "No leads yet" in page.text
    assert page.click("New lead").h1 == "New lead"
    assert not page.has("form.filters")


def test_a_viewer_is_offered_nothing_to_enter(browser_as: BrowserAs, vera: Employee) -> None:
    page = browser_as(vera).get("leads.list_leads")
    assert "No leads yet" in page.text
    assert "New lead" not in page.text


def test_nothing_that_fits_leads_back_to_all(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, last_name="Okoro")
    page = browser_as(ann).get("leads.list_leads", q="somebody else")
    assert "No leads match these filters" in page.text
    assert names(page.click("Show all leads")) == ["Okoro"]


def test_the_trash_is_left_out(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, last_name="Gone", deleted_at=datetime.now(UTC), deleted_by_id=ann.id)
    assert "No leads yet" in browser_as(ann).get("leads.list_leads").text


def test_how_many_there_are_follows_the_trash(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    leads, browser = [make_lead(session) for _ in range(3)], browser_as(ann)
    told = [words(browser.get("leads.list_leads").one(".page-context"))]
    for deleted_at, deleted_by_id in ((datetime.now(UTC), ann.id), (None, None)):
        leads[0].deleted_at, leads[0].deleted_by_id = deleted_at, deleted_by_id
        session.commit()
        told.append(words(browser.get("leads.list_leads").one(".page-context")))
    assert told == ["3 leads", "2 leads", "3 leads"]


# Filters


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"new", "contacted", "won", "lost"}),
        ({"status": "won"}, {"won"}),
        ({"status": ["new", "lost"]}, {"new", "lost"}),
        ({"kind": "open"}, {"new", "contacted"}),
        ({"kind": "lost"}, {"lost"}),
        ({"kind": "open", "status": "contacted"}, {"contacted"}),
        ({"kind": "open", "status": "won"}, {"new", "contacted"}),
        ({"status": "nonsense"}, {"new", "contacted", "won", "lost"}),
    ],
)
def test_filters_by_status_and_its_kind(
    browser_as: BrowserAs, session: Session, ann: Employee, query: Any, found: set[str]
) -> None:
    for status in ("new", "contacted", "won", "lost"):
        make_lead(session, last_name=status, status=LeadStatus(status))
    assert set(names(browser_as(ann).get("leads.list_leads", **query))) == found


def test_filters_by_owner(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee, max: Employee) -> None:
    bob.manager_id = max.id
    session.commit()
    for name, owner in {"ann’s": ann, "bob’s": bob, "max’s": max, "nobody’s": None}.items():
        make_lead(session, last_name=name, owner_id=owner and owner.id)
    browser = browser_as(max)

    def found(*owners: str) -> set[str]:
        return set(names(browser.get("leads.list_leads", owner=owners)))

    assert found("me") == {"max’s"}
    assert found("team") == {"max’s", "bob’s"}
    assert found("nobody") == {"nobody’s"}
    assert found(str(ann.id)) == {"ann’s"}
    assert found(str(ann.id), "nobody") == {"ann’s", "nobody’s"}
    assert found("someone") == {"ann’s", "bob’s", "max’s", "nobody’s"}


def test_mine_is_one_press_away(browser_as: BrowserAs, session: Session, ann: Employee, bob: Employee) -> None:
    make_lead(session, last_name="Mine", owner_id=ann.id, status=LeadStatus.QUALIFIED)
    make_lead(session, last_name="His", owner_id=bob.id, status=LeadStatus.QUALIFIED)
    page = browser_as(ann).get("leads.list_leads", status="qualified").click("Mine")
    assert names(page) == ["Mine"]
    assert page.url.count("qualified") == 1


def test_filters_by_source(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for name, source in {"a": "Web", "b": "Fair", "c": None}.items():
        make_lead(session, last_name=name, source=source)
    browser = browser_as(ann)
    assert set(names(browser.get("leads.list_leads", source=["Web", "Fair"]))) == {"a", "b"}
    assert set(names(browser.get("leads.list_leads", source="(none)"))) == {"c"}
    page = browser.get("leads.list_leads", source="No such source")
    assert "No leads match" in page.text
    assert page.has('input[name=source][value="No such source"][checked]')


def test_filters_by_customer_and_names_them(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer = make_customer(session, name="Nordlys A/S")
    make_lead(session, last_name="Theirs", customer_id=customer.id)
    make_lead(session, last_name="Other")
    browser = browser_as(ann)
    page = browser.get("leads.list_leads", customer=customer.id)
    assert names(page) == ["Theirs"]
    assert "Customer: Nordlys A/S" in page.text
    assert page.has(f'form.filters input[type=hidden][name=customer][value="{customer.id}"]')
    unknown = browser.get("leads.list_leads", customer=9999)
    assert "Customer: unknown" in unknown.text
    assert names(unknown) == []


def test_dates_are_days_in_the_readers_zone_from_one_up_to_before_the_other(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    ann.time_zone = "Asia/Tokyo"
    session.commit()
    # In Tokyo the second of March begins at three in the afternoon of the first.
    for name, hour in {"before": 14, "first": 15}.items():
        make_lead(session, last_name=name, created_at=datetime(2026, 3, 1, hour, 59, tzinfo=UTC))
    make_lead(session, last_name="after", created_at=datetime(2026, 3, 2, 15, 0, tzinfo=UTC))
    browser = browser_as(ann)
    assert names(browser.get("leads.list_leads", created_from="2026-03-02", created_to="2026-03-03")) == ["first"]
    assert set(names(browser.get("leads.list_leads", created_from="2026-03-02"))) == {"first", "after"}
    assert len(names(browser.get("leads.list_leads", created_to="no day"))) == 3


def test_filters_by_when_it_was_closed(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for name, day in {"early": 1, "late": 20}.items():
        closed_at = datetime(2026, 3, day, tzinfo=UTC)
        make_lead(session, last_name=name, status=LeadStatus.LOST, closed_at=closed_at)
    make_lead(session, last_name="open")
    browser = browser_as(ann)
    assert names(browser.get("leads.list_leads", closed_from="2026-03-10")) == ["late"]
    assert names(browser.get("leads.list_leads", closed_to="2026-03-10")) == ["early"]


@pytest.mark.parametrize(
    "words",
    [
        "muller",
        "MÜLLER jo",
        "nordlys",
        "jorg@",
        "nordlys.example",
        "+45 33 12 34 56",
        "33123456",
        "(033) 12-34-56",
        "1234",
    ],
)
def test_finds_by_any_spelling(browser_as: BrowserAs, session: Session, ann: Employee, words: str) -> None:
    make_lead(
        session,
        first_name="Jörg",
        last_name="Müller",
        company="Nordlys A/S",
        email="jorg@nordlys.example",
        website="www.nordlys.example",
        phone="33 12 34 56",
        phone_e164="+4533123456",
    )
    make_lead(session, last_name="Other", company="Another")
    assert names(browser_as(ann).get("leads.list_leads", q=words)) == ["Jörg Müller"]


@pytest.mark.parametrize("words", ["%", "_", "\\", "'", "100%", "a%b"])
def test_signs_of_patterns_are_words_like_others(
    browser_as: BrowserAs, session: Session, ann: Employee, words: str
) -> None:
    make_lead(session, last_name="Plain")
    assert names(browser_as(ann).get("leads.list_leads", q=words)) == []


def test_each_filter_is_a_chip_that_can_be_taken_away(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session, last_name="Okoro", owner_id=ann.id, source="Web")
    page = browser_as(ann).get(
        "leads.list_leads",
        q="oko",
        kind="open",
        status=["new", "contacted"],
        owner=["me", str(ann.id), "9999"],
        source="Web",
        created_from="2026-01-01",
    )
    chips = [chip.get_text(" ", strip=True).removeprefix("Remove filter ") for chip in page.soup.select(".chip")]
    assert chips == [
        "“oko”",
        "Open",
        "New",
        "Contacted",
        "Owner: Me",
        "Owner: Ann Keller",
        "Owner: unknown",
        "Source: Web",
        "Created from Jan 1, 2026",
    ]
    without = page.click("Remove filter New")
    assert "status=contacted" in without.url
    assert "status=new" not in without.url
    assert page.click("Clear all").url == "/leads"


# Order and place


def test_a_head_turns_the_order_round(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    make_lead(session)
    page = browser_as(ann).get("leads.list_leads")
    assert page.one("th[aria-sort]")["aria-sort"] == "descending"
    page = page.click("Name")
    assert page.url == "/leads?sort=name"
    assert page.one("th[aria-sort=ascending]").get_text(strip=True) == "Name"
    assert page.click("Name").url == "/leads?sort=-name"
    assert page.click("Amount").url == "/leads?sort=-amount"
    assert page.click("Amount").click("Amount").url == "/leads?sort=amount"


def test_the_order_that_only_the_head_offers_is_not_lost_by_a_filter(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    make_lead(session)
    page = browser_as(ann).get("leads.list_leads", sort="owner")
    assert page.one("select[name=sort] option[selected]")["value"] == "owner"


def test_pages_of_fifty_lead_there_and_back(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    session.add_all(Lead(last_name=f"Lead {number:03}") for number in range(51))
    session.commit()
    first = browser_as(ann).get("leads.list_leads", sort="name")
    assert names(first) == [f"Lead {number:03}" for number in range(50)]
    assert "50 of 51 leads" in first.text
    second = first.click("Next")
    assert names(second) == ["Lead 050"]
    assert not second.has(".pager a[rel=next]")
    assert names(second.click("Previous")) == names(first)


def test_a_place_that_has_moved_leads_to_the_first_page(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    for number in range(51):
        make_lead(session, last_name=f"Lead {number:02}")
    second = browser_as(ann).get("leads.list_leads", sort="name").click("Next")
    lead_id = int(str(second.one(".name a")["href"]).partition("?")[0].rsplit("/", 1)[1])
    assert lead_id
    last = browser_as(ann).open(second.url.replace("sort=name", "sort=-name"))
    assert last.status == 200
    browser_as(ann).post("leads.trash_lead", lead_id=lead_id)
    page = browser_as(ann).open(second.url)
    assert "This page is now empty" in page.text
    assert len(names(page.click("Go to first page"))) == 50


# Whatever stands in the address


@pytest.mark.parametrize(
    "query",
    [
        "at=nonsense",
        "at=%00",
        "at=WyJhZnRlciIsICJ4IiwgMV0",
        "sort=nonsense&sort=-",
        "sort=" + "x" * 5000,
        "q=%00",
        "q=" + "x" * 3000,
        "q=%F0%9F%92%A9%ED%A0%80",
        "owner=99999999999999999999999&owner=-1&owner=0&owner=%C2%B2&owner=1e5",
        "customer=99999999999999999999999",
        "customer=-1&customer=0",
        "customer=%00",
        "source=%00&source=&source=%20",
        "status=&status=won&status=won&kind=&kind=%F0",
        "created_from=9999-99-99&created_to=0001-01-01&closed_from=2026-02-30&closed_to=x",
        "created_from=1900-01-01&created_to=2199-12-31",
        "unknown=1&unknown=2&status[]=won",
        "&".join(f"source={number}" for number in range(500)),
    ],
)
def test_any_address_gives_a_page(browser_as: BrowserAs, session: Session, ann: Employee, query: Any) -> None:
    make_lead(session)
    assert browser_as(ann).open(f"/leads?{query}").status == 200
    assert browser_as(ann).open(f"/leads.csv?{query}").body.startswith("\ufeffID,")


def test_hostile_words_come_back_harmless(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    evil = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>"""
    make_lead(session, last_name=evil, company=evil, source=evil)
    page = browser_as(ann).get("leads.list_leads", q=evil, source=evil)
    assert page.one(".name a").get_text() == evil
    assert page.one("#filter-q")["value"] == evil


# Access and cost


def test_asks_a_stranger_to_sign_in(visitor: Browser) -> None:
    page = visitor.get("leads.list_leads", status="won")
    assert page.status == 303
    assert str(page.location).startswith("/sign-in?next=")


def test_another_method_is_refused(browser_as: BrowserAs, ann: Employee) -> None:
    assert browser_as(ann).post("leads.list_leads").status == 405


@pytest.mark.parametrize("query", [{}, {"q": "lead", "owner": "team", "status": "new", "sort": "owner"}])
def test_costs_the_same_for_two_rows_and_twenty(
    browser_as: BrowserAs, session: Session, ann: Employee, query: Any
) -> None:
    customer = make_customer(session)
    browser = browser_as(ann)
    costs = []
    for more in (2, 18):
        for _ in range(more):
            owner = make_employee(session)
            make_lead(
                session, last_name="Lead", owner_id=owner.id, customer_id=customer.id, source=f"Source {owner.id}"
            )
        costs.append(browser.count_queries("leads.list_leads", **query))
    assert costs[0] == costs[1] <= 8


def test_a_long_list_is_counted_only_so_far(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    session.connection().exec_driver_sql("INSERT INTO leads (last_name) SELECT 'x' FROM generate_series(1, 10001)")
    session.commit()
    assert "more than 10,000 leads" in browser_as(ann).get("leads.list_leads").text


def test_the_time_of_a_change_is_told_exactly_on_hovering(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    ann.time_zone = "Asia/Tokyo"
    session.commit()
    make_lead(session, updated_at=datetime.now(UTC) - timedelta(hours=3))
    time = browser_as(ann).get("leads.list_leads").one("tbody td:last-child time")
    assert time.get_text() == "3 hours ago"
    assert "JST" in str(time["title"]) or "GMT+9" in str(time["title"])
