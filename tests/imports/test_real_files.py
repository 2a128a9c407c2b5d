"""Real files of other systems give the figures that are known of them."""

import csv
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest
from click.testing import Result
from sqlalchemy import Date, cast, func, select
from sqlalchemy.orm import Session, aliased

from crm_web.models import Customer, Employee, Lead, LeadStatus
from tests.imports.test_import_leads import counts
from tests.page import Browser, Page, words
from tests.shared import find_real, needs_real_data

ImportFile = Callable[..., Result]
BrowserAs = Callable[[Employee], Browser]

pytestmark = [needs_real_data, pytest.mark.slow]


def by_status(session: Session) -> dict[str, tuple[int, Decimal | None]]:
    rows = session.execute(select(Lead.status, func.count(), func.sum(Lead.amount)).group_by(Lead.status))
    return {status.value: (count, amount) for status, count, amount in rows}


def test_olist(import_file: ImportFile, session: Session) -> None:
    leads = find_real("olist/olist_marketing_qualified_leads_dataset.csv")
    deals = find_real("olist/olist_closed_deals_dataset.csv")
    assert counts(import_file(leads)) == (8000, 0, 0, 0)
    assert counts(import_file(deals)) == (0, 842, 0, 0)
    assert counts(import_file(deals)) == (0, 0, 842, 0)
    assert counts(import_file(leads)) == (0, 0, 8000, 0)
    is_won = Lead.status == LeadStatus.WON
    rows = session.execute(select(Lead.source, func.count().filter(is_won), func.count()).group_by(Lead.source))
    won = {source: (count, total) for source, count, total in rows}
    assert sum(count for count, _ in won.values()) == 842
    assert {name: won[name] for name in ("organic_search", "paid_search", "unknown", "social")} == {
        "organic_search": (271, 2296),
        "paid_search": (195, 1586),
        "unknown": (179, 1099),
        "social": (75, 1350),
    }
    assert won[None][1] == 60
    days = session.execute(select(func.min(cast(Lead.created_at, Date)), func.max(cast(Lead.created_at, Date)))).one()
    assert [str(day) for day in days] == ["2017-06-14", "2018-05-31"]
    assert session.scalar(select(func.count()).where(Lead.closed_at < Lead.created_at)) == 1
    assert session.scalar(select(func.count()).select_from(Customer)) == 842


def test_reports_on_olist_equal_its_facts(import_file: ImportFile, browser_as: BrowserAs, ada: Employee) -> None:
    import_file(find_real("olist/olist_marketing_qualified_leads_dataset.csv"))
    import_file(find_real("olist/olist_closed_deals_dataset.csv"))
    browser = browser_as(ada)
    page = browser.get("reports.show_report", name="conversion", by="source", period="all")
    told = {row[0]: (row[3], row[1], row[5]) for row in report_rows(page)}
    assert told["organic_search"] == ("271", "2,296", "11.8%")
    assert told["paid_search"] == ("195", "1,586", "12.3%")
    assert (told["unknown"][0], told["social"][0], told["No source"][1]) == ("179", "75", "60")
    page = browser.get("reports.show_report", name="conversion", by="month", **{"from": "2017-06", "to": "2018-05"})
    by_month = {row[0]: int(row[1].replace(",", "")) for row in report_rows(page)}
    with find_real("olist/olist_marketing_qualified_leads_dataset.csv").open() as file:
        days = [datetime.fromisoformat(row["first_contact_date"]) for row in csv.DictReader(file)]
    assert by_month == Counter(day.strftime("%b %Y") for day in days)
    page = browser.get("reports.show_report", name="funnel", period="all")
    assert [row[1] for row in report_rows(page)] == ["8,000", *["842"] * 5]
    assert report_rows(page)[-1][2] == "10.5%"


def test_reports_on_maven_equal_its_facts(
    import_file: ImportFile, browser_as: BrowserAs, session: Session, ada: Employee
) -> None:
    pipeline, teams = find_real("maven_crm/sales_pipeline.csv"), find_real("maven_crm/sales_teams.csv")
    import_file(pipeline, "--team", str(teams))
    browser = browser_as(ada)
    page = browser.get("reports.show_report", name="closed", period="all")
    rows = {row[0]: row[1:] for row in report_rows(page)}
    assert (rows["Won"][0], rows["Won"][1], rows["Lost (total)"][0]) == ("4,238", "63.2%", "2,473")
    assert "10,005,534" in rows["Won"][2]
    page = browser.get("reports.show_report", name="statuses", period="all")
    told = {row[0]: row[1] for row in report_rows(page)}
    assert (told["New"], told["Contacted"], told["Won"], told["Lost"]) == ("500", "1,589", "4,238", "2,473")
    melvin = session.scalars(select(Employee).where(Employee.name == "Melvin Marxen")).one()
    team = [str(i) for i in session.scalars(select(Employee.id).where(Employee.manager_id == melvin.id))]
    page = browser.get("reports.show_report", name="closed", period="all", owner=[str(melvin.id), *team])
    won = report_rows(page)[0]
    assert won[1] == "882" and "2,251,930" in won[3]


def report_rows(page: Page) -> list[list[str]]:
    return [
        [words(cell) for cell in row.select("th, td[data-head]")] for row in page.soup.select("table.report tbody tr")
    ]


def test_olist_sellers_keep_the_nought_of_their_zip_codes(import_file: ImportFile, session: Session) -> None:
    import_file(find_real("olist/olist_sellers_dataset.csv"))
    codes = set(session.scalars(select(Lead.postal_code)))
    assert {len(code) for code in codes if code} == {5}
    assert any(code and code.startswith("0") for code in codes)


def test_maven(import_file: ImportFile, session: Session) -> None:
    pipeline, teams = find_real("maven_crm/sales_pipeline.csv"), find_real("maven_crm/sales_teams.csv")
    assert counts(import_file(pipeline, "--team", str(teams))) == (8800, 0, 0, 0)
    assert counts(import_file(pipeline)) == (0, 0, 8800, 0)
    assert by_status(session) == {
        "won": (4238, 10_005_534),
        "lost": (2473, 0),
        "contacted": (1589, None),
        "new": (500, None),
    }
    assert session.scalar(select(func.count()).where(Lead.company.is_(None))) == 1425
    assert session.scalar(select(func.count()).select_from(Customer)) == 85
    agent, manager = aliased(Employee), aliased(Employee)
    won_by_melvin = session.execute(
        select(func.count(), func.sum(Lead.amount))
        .join(agent, agent.id == Lead.owner_id)
        .join(manager, manager.id == agent.manager_id)
        .where(Lead.status == LeadStatus.WON, manager.name == "Melvin Marxen")
    ).one()
    assert tuple(won_by_melvin) == (882, 2_251_930)


def test_x_education(import_file: ImportFile, session: Session) -> None:
    assert counts(import_file(find_real("x_education/Leads.csv"))) == (9240, 0, 0, 0)
    assert by_status(session) == {"won": (3561, None), "new": (5679, None)}
    assert session.scalar(select(func.count()).where(func.lower(Lead.source) == "google")) == 2873
    assert session.scalar(select(func.count()).where(Lead.source == "Google")) == 2873
    assert session.scalar(select(func.count()).where(Lead.city == "Select")) == 0


def test_hubspot_deals(import_file: ImportFile, session: Session) -> None:
    result = import_file(find_real("exports/hubspot_style_faker/hubspot_deals.csv"))
    assert counts(result) == (500, 0, 0, 0)
    assert "5 new employees" in result.stdout
    assert str(session.scalar(select(func.sum(Lead.amount)))) == "62499790.17"
    count, amount = by_status(session)["won"]
    assert (count, str(amount)) == (71, "8934361.48")


def test_hubspot_contacts_and_companies(import_file: ImportFile) -> None:
    result = import_file(find_real("exports/hubspot_style_faker/hubspot_contacts.csv"))
    assert counts(result) == (946, 0, 0, 4)
    assert result.stdout.count("Country “Netherlands Antilles”") == 4
    assert counts(import_file(find_real("exports/hubspot_style_faker/hubspot_companies.csv")))[0] == 200


def test_hubspot_contacts_of_its_companies(import_file: ImportFile) -> None:
    import_file(find_real("exports/hubspot_style_faker/hubspot_companies.csv"), "--kind", "customers")
    contacts = find_real("exports/hubspot_style_faker/hubspot_contacts.csv")
    result = import_file(contacts, "--kind", "contacts")
    assert counts(result) == (950, 0, 0, 0)
    assert "No company: their customer is the person, as inactive." in result.stdout
    assert counts(import_file(contacts, "--kind", "contacts"))[0] == 0


def test_salesforce_opportunities(import_file: ImportFile, session: Session) -> None:
    assert counts(import_file(find_real("exports/salesforce_dataloader/opportunityData.csv"))) == (38, 0, 0, 0)
    assert session.scalar(select(func.sum(Lead.amount))) == 6_270_000
    assert session.scalar(select(func.count()).where(Lead.status == LeadStatus.WON)) == 8


@pytest.mark.parametrize("path", ["contacts_roundcube/email.csv", "contacts_roundcube/outlook.csv"])
def test_address_books(import_file: ImportFile, path: str) -> None:
    result = import_file(find_real(f"exports/{path}"))
    assert counts(result)[0] > 0
    assert result.exit_code == 0


def test_unusual_names_come_back_but_for_doubled_blanks(import_file: ImportFile, session: Session) -> None:
    path = find_real("validation/names/unusual_names.csv")
    assert counts(import_file(path, "--map", "last_name=name", "--map", "full_name=")) == (64, 0, 0, 0)
    with path.open(newline="", encoding="utf-8") as file:
        expected = [" ".join(row["name"].split()) for row in csv.DictReader(file)]
    assert list(session.scalars(select(Lead.last_name).order_by(Lead.id))) == expected
