"""Files that once lost values without a word, or were misread; each stands for its kind."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crm_web.models import Customer, Employee, ExternalId, Lead, LeadStatus
from tests.imports.test_import_leads import counts, leads

ImportFile = Callable[..., Result]


def only(session: Session) -> Lead:
    (lead,) = leads(session)
    return lead


def test_a_list_of_companies_names_companies(import_file: ImportFile, session: Session) -> None:
    import_file(
        "ID,NAME,TYPE,PARENTID,BILLINGCITY,BILLINGCOUNTRY,INDUSTRY,ANNUALREVENUE,NUMBEROFEMPLOYEES,TICKERSYMBOL\n"
        "A-1,Norden Turbines,,,Oslo,NO,Energy,1000000,40,NTB\n"
    )
    (company,) = session.scalars(select(Customer))
    assert (company.name, company.kind, company.status) == ("Norden Turbines", "organisation", "inactive")
    assert (company.billing_city, company.billing_country, company.industry) == ("Oslo", "NO", "Energy")
    assert session.scalars(select(ExternalId.system)).all() == ["company_id"]
    assert leads(session) == []


def test_potentials_keep_their_name_owner_and_times(import_file: ImportFile, session: Session) -> None:
    import_file(
        "Potential Name,Potential Owner,Created Time,Closing Date,Amount,Stage,LEADID\n"
        '"Quist, Ebba",Ivo Brandt,"3 Feb, 2024 09:15:00","20 Mar, 2024 10:00:00","$4,200.00",Closed Won,9001\n'
    )
    lead = only(session)
    owner = session.get_one(Employee, lead.owner_id)
    assert (lead.name, owner.name, lead.amount, lead.currency) == ("Quist, Ebba", "Ivo Brandt", Decimal(4200), "USD")
    assert lead.created_at == datetime(2024, 2, 3, 9, 15, tzinfo=UTC)
    assert (lead.status, lead.closed_at) == (LeadStatus.WON, datetime(2024, 3, 20, 10, tzinfo=UTC))
    assert session.get_one(Customer, lead.customer_id).name == "Quist, Ebba"


def test_times_of_the_other_system_come_over(import_file: ImportFile, session: Session) -> None:
    import_file(
        'Last Name,Company,Created Time,Modified Time\nOstrander,Fjord Lights,"3 Feb, 2024 09:15:00",2024-05-06 07:08\n'
    )
    assert only(session).created_at == datetime(2024, 2, 3, 9, 15, tzinfo=UTC)
    assert only(session).updated_at == datetime(2024, 5, 6, 7, 8, tzinfo=UTC)


def test_the_report_of_a_loader_is_no_status(import_file: ImportFile, session: Session) -> None:
    result = import_file(
        "ID,NAME,STAGENAME,AMOUNT,CLOSEDATE,STATUS\n"
        "D-1,Fjord Lights - 20 lamps,Closed Won,1500,2024-03-20,Item Created\n"
    )
    lead = only(session)
    assert (lead.status, lead.amount) == (LeadStatus.WON, Decimal(1500))
    assert lead.closed_at == datetime(2024, 3, 20, 12, tzinfo=UTC)
    assert "skipped: STATUS" in result.stdout


def test_opportunities_may_refer_to_activities(import_file: ImportFile, session: Session) -> None:
    result = import_file(
        "OpportunityID,ActivityID,OpportunityStage,EstimatedValue,CloseDate\nOP-1,AC-9,Negotiation,1500.50,2027-03-20\n"
    )
    lead = only(session)
    assert (lead.status, lead.amount) == (LeadStatus.NEGOTIATION, Decimal("1500.50"))
    assert lead.expected_close_on == date(2027, 3, 20)
    assert "Without a name, company or email in the file: 1 lead, named by ID." in result.stdout


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("id,国名,colour\n1,Norge,red\n2,Sverige,blue\n", "None of the columns id, 国名, colour names a lead."),
        (
            "Last Name,Company,First contact date\nOstrander,Fjord Lights,03/04/2025\nQuist,Quist Paper,05/06/2025\n",
            "“03/04/2025” in First contact date can be two days. Use --day-first or --month-first.",
        ),
        (
            'Last Name,Company\nQuist,"Quist Paper\nLarsen,Larsen Oy\n',
            "Line 2: a quotation mark is opened and never closed.",
        ),
        (
            "Nachname;Firma;Betrag\nA;A GmbH;62.379\nB;B GmbH;1.200\n",
            "“62.379” can mean 62,379 or 62.38. Use --decimal-mark point or --decimal-mark comma.",
        ),
        (
            "name,page_id\nAnn,1\n" + "".join(f"Person {n},{n}\n" for n in range(2, 1100)) + "Eve,7\n",
            "“7” stands in page_id more than once, first on line 8.",
        ),
    ],
)
def test_what_can_not_be_told_is_asked_before_anything_is_saved(
    import_file: ImportFile, session: Session, content: str, why: str
) -> None:
    result = import_file(content)
    assert (result.exit_code, leads(session)) == (1, [])
    assert why in result.stderr
    assert "Nothing was saved." in result.stderr


def test_a_day_on_the_last_row_tells_how_the_first_are_read(import_file: ImportFile, session: Session) -> None:
    days = "".join(f"Person{n},Company {n},{1 + n % 12:02}/01/2025\n" for n in range(1001))
    assert counts(import_file(f"Last Name,Company,First contact date\n{days}Late,Late Ltd,25/12/2025\n"))[0] == 1002
    first, last = session.execute(select(func.min(Lead.created_at), func.max(Lead.created_at))).one()
    assert (first.date(), last.date()) == (date(2025, 1, 1), date(2025, 12, 25))
    assert session.scalar(select(func.count()).where(Lead.created_at < datetime(2025, 2, 1, tzinfo=UTC))) == 1001


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("Last Name,Company,Country", "Berisha,Prizren Foods,Kosovo", {"country": "XK"}),
        ("Last Name,Country", "Weiss,Österreich", {"country": "AT"}),
        ("Potential Name,Amount,Stage,LEADID", "Quist Paper,4200,Initial Offer,1", {"status": LeadStatus.PROPOSAL}),
        (
            "Name,Company",
            "Ebba Quist,Fjord Lights",
            {"first_name": "Ebba", "last_name": "Quist", "company": "Fjord Lights"},
        ),
        (
            "Last Name,Created",
            '3,"Sat, 3 Feb 2024 09:15:00 +0100"',
            {"created_at": datetime(2024, 2, 3, 8, 15, tzinfo=UTC)},
        ),
    ],
)
def test_values_as_other_systems_write_them(
    import_file: ImportFile, session: Session, header: str, row: str, expected: dict[str, Any]
) -> None:
    import_file(f"{header}\n{row}\n")
    lead = only(session)
    assert {name: getattr(lead, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("header", "row", "why"),
    [
        ("Last Name,Email", f"x,{'b' * 65}@fjord.example", "Enter an email address"),
        ("Last Name,Amount", "x,NaN", "Enter an amount"),
        ("Last Name,Amount", "x,Infinity", "Enter an amount"),
    ],
)
def test_bad_values_are_refused_or_left_out_by_choice(
    import_file: ImportFile, session: Session, header: str, row: str, why: str
) -> None:
    result = import_file(f"{header}\n{row}\n")
    assert counts(result) == (0, 0, 0, 1)
    assert why in result.stdout
    result = import_file(f"{header}\n{row}\n", "--bad-values", "drop")
    assert counts(result) == (1, 0, 0, 0)
    assert f"line 2: {header.partition(',')[2]} “" in result.stdout
    assert "Left out. " in result.stdout
    assert (only(session).email, only(session).amount) == (None, None)


def test_a_value_that_makes_another_record_is_never_left_out(import_file: ImportFile) -> None:
    for header, row in (
        ("Last Name,Status", "x,What"),
        ("Email,City", "nobody,Rome"),
        ("Last Name,Converted", "x,maybe"),
    ):
        assert counts(import_file(f"{header}\n{row}\n", "--bad-values", "drop")) == (0, 0, 0, 1)


def test_blanks_make_no_second_customer(import_file: ImportFile, session: Session) -> None:
    import_file(
        "Last Name,Company,Stage,Close date\nOstrander,Fjord Lights,Won,2024-03-20\n"
        'Quist,"  Fjord   Lights ",Won,2024-03-21\n'
    )
    assert {lead.company for lead in leads(session)} == {"Fjord Lights"}
    assert session.scalars(select(Customer.name)).all() == ["Fjord Lights"]


def test_deals_of_one_name_share_no_customer(import_file: ImportFile, session: Session) -> None:
    rows = "{0},D-1,100,Closed Won,2024-02-01\n{0},D-2,900,Closed Won,2024-02-02\n"
    for number, name in enumerate(("Renewal", "Website - Phase 2"), start=1):
        import_file("Deal Name,Deal ID,Amount,Stage,Close Date\n" + rows.format(name).replace("D-", f"D{number}-"))
    assert len({lead.customer_id for lead in leads(session)}) == 4


def test_a_close_before_the_beginning_is_warned_of(import_file: ImportFile) -> None:
    result = import_file("Last Name,First contact date,Won date\nOstrander,2024-03-20,2024-03-18\n")
    assert counts(result)[0] == 1
    assert "line 2: It closed before it was created, on 2024-03-18." in result.stdout


def test_sources_that_may_be_one_are_named(import_file: ImportFile) -> None:
    result = import_file("Last Name,Company,Lead Source\nOstrander,Fjord,Web Shop\nQuist,Paper,WebShop\n")
    assert "Sources that may be the same: Web Shop, WebShop." in result.stdout


def test_values_that_gave_way_to_others_are_counted_and_named(import_file: ImportFile) -> None:
    result = import_file(
        "Last Name,Email,Email 2,Business City,Home City\nA,a@x.com,b@x.com,Rome,Oslo\nB,c@x.com,C@X.com,Rome,\n"
    )
    assert "Email 2: 1 value left out, because the row has another one." in result.stdout
    assert "Home City: 1 value left out" in result.stdout
    assert "line 2: Home City “Oslo”: Left out, because the row has another one." in result.stdout
    assert "Email 2 “b@x.com”: Left out, because the row has another one." in result.stdout


def test_a_second_status_that_gave_way_is_counted(import_file: ImportFile) -> None:
    result = import_file(
        "Name,Lead Status,Lifecycle Stage\nA B,New,Customer\nC D,,Customer\nE F,Open,Qualified\nG H,Won,Customer\n"
    )
    assert "Lifecycle Stage: 1 value left out, because the row has another one." in result.stdout


def test_the_currency_that_is_assumed_is_named(import_file: ImportFile, session: Session) -> None:
    result = import_file("Name,Value,Currency\nA B,100,\nC D,€200,\nE F,300,£\nG H,,\n", "--currency", "CHF")
    assert "1 amount without a currency: read as CHF." in result.stdout
    assert [lead.currency for lead in leads(session)] == ["CHF", "EUR", "GBP", None]


def test_the_report_of_a_dry_run_names_no_records(import_file: ImportFile, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    import_file("Name\nA B\n", "--dry-run", "--report", str(report))
    assert report.read_text("utf-8-sig").split() == ["Line,Result,Why", "2,Created,"]


def test_the_country_of_the_file_is_the_region_of_its_numbers(import_file: ImportFile, session: Session) -> None:
    import_file("Last Name,Country,Phone\nWeiss,,0761 123456\nRossi,Italy,06 1234 5678\n", "--country", "de")
    assert [lead.phone_e164 for lead in leads(session)] == ["+49761123456", "+390612345678"]
    assert "unknown country Nowhere" in import_file("Last Name\nx\n", "--country", "Nowhere").stderr


def test_letters_of_dos_are_read(import_file: ImportFile, session: Session) -> None:
    import_file("name,company\nJosé Muñoz,Compañía Española\nZoë Müller,Kölse Größe\n".encode("cp850"))
    assert [(lead.name, lead.company) for lead in leads(session)] == [
        ("José Muñoz", "Compañía Española"),
        ("Zoë Müller", "Kölse Größe"),
    ]


def test_what_a_customer_has_no_field_for_is_named(import_file: ImportFile) -> None:
    result = import_file(
        "Account Name,Salutation,Contact Name,Phone,Mobile\n"
        "Fjord AS,Ms,Ann Lee,+47 22 12 34 56,+47 41 23 45 67\nPaper Ltd,,,,+44 7911 123456\n",
        "--kind",
        "customers",
    )
    assert "skipped: Salutation" in result.stdout
    assert "Mobile “+47 41 23 45 67”: Left out, because a customer has one phone number." in result.stdout
    assert "Contact Name “Ann Lee”: Left out, because the customer is a company." in result.stdout
    assert "line 3" not in result.stdout


def test_a_mobile_that_is_left_out_is_not_called_by_another_column(import_file: ImportFile) -> None:
    result = import_file(
        "Account Name,Full Name,Phone 1 - Type,Phone 1 - Value,Phone 2 - Type,Phone 2 - Value\n"
        "Fjord AS,Ann Lee,Work,+47 22 12 34 56,Mobile,+47 41 23 45 67\n",
        "--kind",
        "customers",
    )
    assert "Left out, because a customer has one phone number." in result.stdout
    assert "Full Name “+47" not in result.stdout
