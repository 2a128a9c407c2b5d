"""Each filter of the list of leads, alone and together, in its address, as a chip, and in files and on paper."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web.models import ActivityKind, Employee, Lead
from tests.factories import make_activity, make_customer, make_employee, make_lead
from tests.page import Browser, Page

BrowserAs = Callable[[Employee], Browser]
TODAY = datetime.now(UTC).date()


def names(page: Page) -> set[str]:
    return {link.get_text() for link in page.soup.select("table.list .name a")}


def chips(page: Page) -> list[str]:
    return [chip.get_text(" ", strip=True).removeprefix("Remove filter ") for chip in page.soup.select(".chip")]


@pytest.fixture
def leads(session: Session, ann: Employee) -> dict[str, Lead]:
    """Three leads that differ in everything that can be filtered by."""
    return {
        "full": make_lead(
            session,
            last_name="full",
            owner_id=ann.id,
            email="full@example.com",
            phone="+44 20 7946 0958",
            industry="Software",
            country="AT",
            amount=5000,
            currency="EUR",
            expected_close_on=TODAY - timedelta(days=1),
            next_step="Call",
        ),
        "rich": make_lead(
            session,
            last_name="rich",
            mobile="+1 312 555 0100",
            industry="software",
            country="US",
            amount=90000,
            currency="USD",
            expected_close_on=TODAY + timedelta(days=400),
        ),
        "bare": make_lead(session, last_name="bare"),
    }


@pytest.mark.parametrize(
    ("query", "found", "chip"),
    [
        ({"industry": "SOFTWARE"}, {"full", "rich"}, "Industry: SOFTWARE"),
        ({"industry": "(none)"}, {"bare"}, "No industry"),
        ({"country": "AT"}, {"full"}, "Austria"),
        ({"country": ["AT", "US"]}, {"full", "rich"}, "Austria"),
        ({"country": "(none)"}, {"bare"}, "No country"),
        ({"amount_from": "5000"}, {"full", "rich"}, "Amount at least 5,000"),
        ({"amount_to": "5000"}, {"full"}, "Amount at most 5,000"),
        ({"amount_to": "0"}, set(), "Amount at most 0"),
        ({"currency": "eur"}, {"full"}, "Currency: EUR"),
        ({"amount_from": "1", "currency": "EUR"}, {"full"}, "Amount at least €1"),
        ({"close": "overdue"}, {"full"}, "Overdue"),
        ({"close": "today"}, set(), "Expected close: today"),
        ({"close_from": str(TODAY)}, {"rich"}, "Expected close from"),
        ({"close_to": str(TODAY)}, {"full"}, "Expected close before"),
        ({"created": "today"}, {"full", "rich", "bare"}, "Created: today"),
        ({"created": "last_year"}, set(), "Created: last year"),
        ({"no": "owner"}, {"rich", "bare"}, "No owner"),
        ({"no": "email"}, {"rich", "bare"}, "No email"),
        ({"no": "phone"}, {"bare"}, "No phone"),
        ({"no": "amount"}, {"bare"}, "No amount"),
        ({"no": "close"}, {"bare"}, "No expected close"),
        ({"no": "next_step"}, {"rich", "bare"}, "No next step"),
        ({"no": ["email", "amount"]}, {"bare"}, "No email"),
        ({"industry": "Software", "country": "US", "amount_from": "1", "no": "owner"}, {"rich"}, "No owner"),
    ],
)
def test_finds_and_says_so(
    browser_as: BrowserAs, leads: dict[str, Lead], ann: Employee, query: Any, found: set[str], chip: str
) -> None:
    page = browser_as(ann).get("leads.list_leads", **query)
    assert names(page) == found
    assert any(label.startswith(chip) for label in chips(page)), chips(page)


def test_the_latest_activity_is_what_counts(
    browser_as: BrowserAs, session: Session, leads: dict[str, Lead], ann: Employee
) -> None:
    long_ago, lately = (datetime.now(UTC) - timedelta(days=days) for days in (60, 3))
    for name in ("full", "rich"):
        make_activity(session, lead_id=leads[name].id, kind=ActivityKind.CALL, happened_at=long_ago)
    latest = make_activity(session, ann, lead_id=leads["full"].id, happened_at=lately)
    week, month = (str(TODAY - timedelta(days=days)) for days in (7, 30))
    browser = browser_as(ann)
    assert names(browser.get("leads.list_leads", active_from=week)) == {"full"}
    assert names(browser.get("leads.list_leads", active_to=month)) == {"rich"}
    assert names(browser.get("leads.list_leads", no="activity")) == {"bare"}
    page = browser.get("leads.list_leads", sort="-last_activity", columns="last_activity")
    assert [row["Name"] for row in page.table] == ["full", "rich", "bare"]
    browser.post("activities.remove_activity", activity_id=latest.id)
    assert names(browser.get("leads.list_leads", active_from=week)) == set()
    assert names(browser.get("leads.list_leads", active_to=month)) == {"full", "rich"}


def test_untouched_means_neither_changed_nor_talked_to(
    browser_as: BrowserAs, session: Session, leads: dict[str, Lead], ann: Employee
) -> None:
    session.execute(text("ALTER TABLE leads DISABLE TRIGGER set_audit_columns"))
    session.execute(text("UPDATE leads SET updated_at = now() - interval '40 days' WHERE last_name <> 'bare'"))
    session.execute(text("ALTER TABLE leads ENABLE TRIGGER set_audit_columns"))
    session.commit()
    make_activity(session, lead_id=leads["rich"].id)
    page = browser_as(ann).get("leads.list_leads", untouched=30)
    assert names(page) == {"full"}
    assert chips(page) == ["No activity for 30 days"]


def test_a_customers_activity_is_also_its_leads(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    customer, other = make_customer(session, name="Nordlys"), make_customer(session, name="Other")
    lead = make_lead(session, customer_id=customer.id)
    browser = browser_as(ann)

    def found(**query: Any) -> set[str]:
        return names(browser.get("customers.list_customers", **query))

    assert found(no="activity") == {"Nordlys", "Other"}
    make_activity(session, lead_id=lead.id)
    assert found(no="activity") == {"Other"}
    lead.customer_id = other.id
    session.commit()
    assert found(no="activity") == {"Nordlys"}
    browser.post("leads.trash_lead", lead_id=lead.id)
    assert found(no="activity") == {"Nordlys", "Other"}


def test_what_means_nothing_is_said(browser_as: BrowserAs, leads: dict[str, Lead], ann: Employee) -> None:
    page = browser_as(ann).get(
        "leads.list_leads", amount_from="much", untouched="-1", created_from="soon", currency="XXQ", no="nonsense"
    )
    assert names(page) == {"full", "rich", "bare"}
    assert chips(page) == []
    assert "“much” is not an amount" in page.text
    assert "“soon” is not a date" in page.text
    assert "“-1” is not a number of days" in page.text
    assert "“XXQ” is not a currency" in page.text


@pytest.mark.parametrize("path", ["/leads", "/customers"])
@pytest.mark.parametrize(
    "query",
    [
        "columns=nonsense&columns=%00&view=999999&view=x",
        "columns=" + "x" * 400,
        "amount_from=1e400&amount_to=NaN&amount_from=-1&currency=%00",
        "untouched=99999999999999999999&untouched=%C2%B2",
        "created=nonsense&close=%F0&created_from=2026-13-01&created=this_week&created=today",
        "country=ZZ&country=%00&industry=%00&no=%00&no=owner&no=owner",
        "view=99999999999999999999999999",
        "sort=city&at=WyJhZnRlciIsICJ4IiwgMV0",
        "sort=-last_activity&at=WyJhZnRlciIsICIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjAwIiwgMV0",
        "sort=owner&at=WyJhZnRlciIsICJhbm4iLCA5MjIzMzcyMDM2ODU0Nzc1ODA3XQ",
    ],
)
def test_any_address_gives_a_page(browser_as: BrowserAs, leads: Any, ann: Employee, path: str, query: str) -> None:
    browser = browser_as(ann)
    print_path = "/leads/print" if path == "/leads" else "/customers/print-list"
    for address in (path, print_path, f"{path}.csv", f"{path}.xlsx"):
        assert browser.open(f"{address}?{query}").status == 200


def test_columns_are_those_that_were_chosen(browser_as: BrowserAs, leads: Any, ann: Employee) -> None:
    page = browser_as(ann).get("leads.list_leads", columns=["next_step", "email"], sort="name")
    (_, full, _) = page.table
    assert set(full) - {"Select"} == {"Name", "Email", "Next step"}
    assert (full["Email"], full["Next step"]) == ("full@example.com", "Call")
    assert "columns=email&columns=next_step" in page.click("Mine").url
    usual = browser_as(ann).open(page.link("Default columns"))
    assert "columns" not in usual.url


def sheet(page: Page, name: str = "Leads") -> list[list[Any]]:
    assert page.status == 200
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(page.response.get_data()))
    return workbook.get_sheet_by_name(name).to_python()


def test_files_and_paper_give_the_same_rows_in_the_same_order(browser_as: BrowserAs, leads: Any, ann: Employee) -> None:
    browser = browser_as(ann)
    query = {"industry": "software", "sort": "-amount", "columns": ["amount", "email"]}
    shown = [link.get_text() for link in browser.get("leads.list_leads", **query).soup.select(".name a")]
    file = browser.get("leads.export_leads", **query).body.removeprefix("\ufeff")
    rows = sheet(browser.get("leads.export_leads_xlsx", **query))
    paper = browser.get("leads.print_leads", **query)
    assert shown == ["rich", "full"]
    assert [row["Name"] for row in csv.DictReader(io.StringIO(file))] == shown
    assert rows == [["Name", "Email", "Amount"], ["rich", "", 90000.0], ["full", "full@example.com", 5000.0]]
    assert [row["Name"] for row in paper.table] == shown
    assert "Industry: software" in paper.soup.get_text()
    assert browser.get("leads.list_leads", **query).title == "Leads: Industry: software · Piper"
    assert (paper.h1, paper.title) == ("Lead list", "Lead list: Industry: software · Print · Piper")
    assert "Printed by Ann Keller" in paper.soup.get_text()


def test_excel_gets_numbers_days_and_moments_in_the_readers_zone(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    ann.time_zone = "Asia/Tokyo"
    session.commit()
    make_lead(
        session,
        last_name="=1+1",
        amount="1234.50",
        expected_close_on=date(2027, 1, 15),
        created_at=datetime(2026, 3, 1, 20, 30, tzinfo=UTC),
        website="https://example.com",
    )
    browser = browser_as(ann)
    head, row = sheet(browser.get("leads.export_leads_xlsx"))
    lead = dict(zip(head, row, strict=True))
    assert (lead["Last name"], lead["Amount"], lead["Website"]) == ("=1+1", 1234.5, "https://example.com")
    assert lead["Expected close on"] in (date(2027, 1, 15), datetime(2027, 1, 15))
    assert lead["Created at"] == datetime(2026, 3, 2, 5, 30)
    about = dict(sheet(browser.get("leads.export_leads_xlsx", owner="nobody"), "About this file"))
    assert about["Filters"] == "Owner: Unassigned"
    assert about["Exported by"] == "Ann Keller"


def test_an_order_without_an_index_is_for_lists_that_can_be_sorted(
    browser_as: BrowserAs, session: Session, ann: Employee
) -> None:
    session.execute(
        text("INSERT INTO leads (last_name, city) SELECT 'x', 'B' FROM generate_series(1, 10001) UNION SELECT 'y', 'A'")
    )
    session.execute(text("INSERT INTO leads (last_name, city) SELECT 'x' || n, 'B' FROM generate_series(1, 10001) n"))
    session.commit()
    browser = browser_as(ann)
    told = "Too many leads to sort by this column. Filter to 10,000 or fewer to use it."
    for key in ("city", "customer", "created_by"):
        assert told in browser.get("leads.list_leads", sort=key).text
    assert told in browser.get("leads.print_leads", sort="city").text
    about = dict(sheet(browser.get("leads.export_leads_xlsx", sort="city"), "About this file"))
    assert about["Sorted"] == "Updated (descending)"
    page = browser.get("leads.list_leads", sort="city", q="y")
    assert "Too many" not in page.text
    assert names(page) == {"y"}


def test_columns_of_others_cost_no_more_for_twenty_rows(browser_as: BrowserAs, session: Session, ann: Employee) -> None:
    browser = browser_as(ann)
    query = {
        "columns": ["owner", "customer", "created_by", "updated_by", "last_activity"],
        "sort": "owner",
        "no": "amount",
        "untouched": None,
    }
    costs = []
    for more in (2, 18):
        for _ in range(more):
            owner = make_employee(session)
            customer = make_customer(session)
            make_lead(session, by=owner, owner_id=owner.id, customer_id=customer.id)
        costs.append(browser.count_queries("leads.list_leads", **query))
    assert costs[0] == costs[1] <= 8
