"""The exports of common systems, and what spreadsheets do to their values on the way."""

import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_web.imports.mapping import ColumnMapping
from crm_web.imports.markup import read_markup
from crm_web.imports.other_things import OtherThings
from crm_web.imports.recognition import Kind, is_known
from crm_web.imports.references import lengthen_id
from crm_web.imports.tables import open_table
from crm_web.imports.users import are_users, part_person, read_users
from crm_web.models import Customer, Employee, ExternalId
from tests.imports.conftest import ImportFile
from tests.imports.test_import_leads import counts, leads
from tests.imports.test_mapping import choose, chosen
from tests.imports.test_rows import problems, read, read_all

USERS = (
    "ID,USERNAME,LASTNAME,FIRSTNAME,EMAIL,ALIAS,ISACTIVE\n"
    "0055f00000A0001AAB,zoe@quist.example,Lind,Zoë,zoe@quist.example,zlin,1\n"
)


def fields(header: str, row: str = "") -> tuple[Kind, dict[str, str]]:
    mapping: ColumnMapping = choose(f"{header}\n{row or ','.join('x' for _ in header.split(','))}\n")
    return mapping.kind, chosen(mapping)


@pytest.mark.parametrize(
    ("header", "kind", "expected"),
    [
        (
            "Record ID,Company name,Company owner,Phone Number,Company Domain Name,Associated Contact",
            Kind.COMPANY,
            {"company": "Company name", "website": "Company Domain Name"},
        ),
        (
            "Organization - ID,Organization - Name,Organization - Address,Organization - House number of Address,"
            "Organization - Street/road name of Address,Organization - Country of Address,"
            "Organization - ZIP/Postal code of Address,Organization - City/town/village/locality of Address",
            Kind.COMPANY,
            {
                "street": "Organization - Street/road name of Address",
                "street_number": "Organization - House number of Address",
                "postal_code": "Organization - ZIP/Postal code of Address",
                "city": "Organization - City/town/village/locality of Address",
                "country": "Organization - Country of Address",
            },
        ),
        (
            "Deal - ID,Deal - Title,Deal - Value,Deal - Organization ID,Deal - Contact person ID",
            Kind.DEAL,
            {"contact_ref": "Deal - Contact person ID", "company_ref": "Deal - Organization ID"},
        ),
        (
            "Opportunity Name,Stage,Amount Currency,Amount,Close Date",
            Kind.DEAL,
            {"currency": "Amount Currency", "amount": "Amount"},
        ),
        (
            "Record Id,Note Owner,Note Title,Note Content,Parent ID.id,Created Time",
            Kind.ACTIVITY,
            {"owner": "Note Owner", "subject": "Note Title", "description": "Note Content", "deal_ref": "Parent ID.id"},
        ),
        ("Record ID,Last Name,Create Date (GMT+1)", Kind.PERSON, {"created_at": "Create Date (GMT+1)"}),
    ],
)
def test_columns_of_common_exports_are_found(header: str, kind: Kind, expected: dict[str, str]) -> None:
    found, columns = fields(header)
    assert (found, {name: columns.get(name) for name in expected}) == (kind, expected)


def test_the_header_of_activities_is_not_mistaken_for_a_row_in_which_stands_email() -> None:
    text = "Activity - Subject,Activity - Type,Activity - Due date\nHi,Call,2026-01-01\nHi,Email,2026-01-01\n"
    assert open_table(io.BytesIO(text.encode()), knows=is_known).header_line == 1


@pytest.mark.parametrize(
    ("header", "things"),
    [
        ("Ticket number,Subject,Requester,Status", "support tickets"),
        ("Invoice no.,Invoice date,Bill to,Net,VAT", "invoices"),
        ("SKU,Product name,Unit price,Stock", "products"),
        ("Order ID,Order date,Customer name,Quantity", "orders"),
        ("Date,Employee,Hours,Project", "time sheets"),
    ],
)
def test_files_of_other_things_are_called_so(header: str, things: str) -> None:
    with pytest.raises(OtherThings, match=f"a file of {things}. Imports take companies, contacts"):
        fields(header)


def test_a_spreadsheet_cuts_numbers_short_and_nothing_is_made_up_for_them() -> None:
    cut = "The spreadsheet cut this number short, and its last digits are lost. Take it from the original file."
    assert problems("Lead ID,Last Name,Phone", "4.91E+11,Lund,4,91E+11".replace("4,91E", '"4,91E') + '"') == [
        ("Lead ID", cut),
        ("Phone", cut),
    ]
    assert problems("Last Name,Amount", "Lund,#REF!")[0][1].startswith("The spreadsheet couldn’t calculate this.")
    assert problems("Last Name,Amount", "Lund,(500.00)") == [("Amount", "Enter an amount of zero or more.")]
    values = read("Last Name,First Name,Company,Amount,Phone", "Lund,-,NULL,1.2E7,#N/A")
    assert (values["amount"], values.keys() & {"first_name", "company", "phone"}) == (Decimal("1.2E7"), set())


@pytest.mark.parametrize(
    ("column", "read_as"),
    [(("0.4", "1.0", "0"), [40, 100, 0]), (("20%", "12.5", "-"), [20, 13, None]), (("1", "0", "100"), [1, 0, 100])],
)
def test_probabilities_are_percentages_or_fractions_as_the_column_says(
    column: tuple[str, ...], read_as: list[int | None]
) -> None:
    rows = read_all("Last Name,Probability\n" + "".join(f"Lund {text},{text}\n" for text in column))
    assert [row.get("probability") for row in rows] == read_as


def test_days_as_numbers_and_times_of_a_zone_are_read() -> None:
    values = read("Last Name,Deal Value,Close Date,Create Date (GMT+2)", "Lund,1,46387,2025-03-01 01:30")
    assert values["expected_close_on"].isoformat() == "2026-12-31"
    assert values["created_at"].astimezone(UTC) == datetime(2025, 2, 28, 23, 30, tzinfo=UTC)


def test_totals_deleted_records_and_rows_of_other_widths_are_refused() -> None:
    assert problems("Company,Amount,Currency", 'Grand total,"1,210.00",EUR') == [
        ("", "This looks like a row of totals.")
    ]
    assert read("Company,Amount,Website", "Total,10.50,total.example")["company"] == "Total"
    assert problems("Last Name,IsDeleted", "Lund,1") == [("IsDeleted", "It is deleted in the other system.")]
    assert problems("Last Name,Email", "Confidential") == [("", "The row has 1 cell, the header has 2.")]


def test_markup_of_notes_becomes_text() -> None:
    html = '<div>Hi&nbsp;<b>Ann</b><br>a &lt; b</div><ul><li>one</li></ul><a href="https://x.example">here</a>'
    assert read_markup(html + "<script>x</script>") == "Hi Ann\na < b\n\n- one\nhere (https://x.example)"
    assert read_markup("a < b and c > d &amp;") == "a < b and c > d &amp;"
    # Each takes Python's own parser half a minute and more.
    for endless in ("<a ", "<!--"):
        assert read_markup("<p>Hi</p>" + endless * 50_000).startswith(f"Hi\n{endless.strip()}")
    assert read_markup("<p>Hi</p>less <b12") == "Hi\nless <b12"


def test_short_ids_of_salesforce_are_lengthened_but_known_records_keep_theirs(
    import_file: ImportFile, session: Session
) -> None:
    assert (
        lengthen_id("0015f00000A0000") == "0015f00000A0000AAB" and lengthen_id("001500000000000") == "001500000000000"
    )
    import_file("ID,NAME,TYPE,BILLINGCITY\n0015f00000A0000AAB,Quist,Customer,Oslo\n", "--kind", "customers")
    deals = "Opportunity ID,Opportunity Name,Account ID,Stage\n0065f00000A0000,Renewal,0015f00000A0000,Prospecting\n"
    assert counts(import_file(deals)) == (1, 0, 0, 0)
    (lead,) = leads(session)
    assert (lead.external_id, lead.company) == ("0065f00000A0000AAB", "Quist")
    session.execute(update(ExternalId).values(external_id="0015f00000A0000"))
    again = import_file("ID,NAME,TYPE,BILLINGCITY\n0015f00000A0000AAB,Quist,Customer,Oslo\n", "--kind", "customers")
    assert counts(again) == (0, 0, 1, 0)


def test_a_file_of_users_says_who_owners_are(app: Flask, tmp_path: Path, session: Session) -> None:
    table = open_table(io.BytesIO(USERS.encode()))
    assert are_users(table.header) and not are_users(("Id", "Username", "First Name", "Email"))
    person = "Zoë Lind <zoe@quist.example>"
    assert read_users(table) == dict.fromkeys(
        ["0055f00000A0001AAB", "0055f00000A0001", "zoe@quist.example", "Zoë Lind"], person
    )
    assert part_person("Lind, Zoë (Oslo) <zoe@quist.example>") == ("Lind, Zoë (Oslo)", "zoe@quist.example")
    assert part_person(" zoe@quist.example") == ("", "zoe@quist.example")
    paths = [tmp_path / "Account.csv", tmp_path / "User.csv"]
    paths[0].write_text("ID,NAME,TYPE,PARENTID,OWNERID\n1,Quist,Customer,,0055f00000A0001AAB\n2,Lamps,,,005x\n")
    paths[1].write_text(USERS)
    result = app.test_cli_runner().invoke(args=["import", *map(str, paths), "--kind", "customers"])
    assert result.exit_code == 0, result.output
    zoe = session.scalars(select(Employee).where(Employee.email == "zoe@quist.example")).one()
    assert zoe.name == "Zoë Lind" and "005x (1 row)" in result.output
    assert [customer.owner_id for customer in session.scalars(select(Customer).order_by(Customer.id))] == [zoe.id, None]
