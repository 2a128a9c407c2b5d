"""`flask leads import`: what becomes of the rows of a file."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import ANY

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.imports.console import ProgressLine
from crm_web.imports.operations import Options, Report, import_leads, open_leads
from crm_web.models import (
    Change,
    Contact,
    Conversion,
    ConversionKind,
    Customer,
    CustomerKind,
    Employee,
    Lead,
    LeadSource,
    LeadStatus,
    LostReason,
    Role,
)
from crm_web.winning.mapping import CUSTOMER_FIELDS
from tests.databases import OwnDatabase
from tests.factories import make_contact, make_customer, make_employee, make_lead

ImportFile = Callable[..., Result]

DEALS = "Deal ID,Organization,First Name,Last Name,Email,Phone,Stage,Amount,Close Date,Owner\n"
PEOPLE = "First Name,Last Name,Email,Phone\n"


def counts(result: Result) -> tuple[int, int, int, int]:
    """Created, updated, nothing new, refused, as the report says; with those filled in they have to add up."""
    lines = [line.split() for line in result.output.replace(",", "").splitlines()]
    found = {
        words[1].strip(":").replace("rows", "row"): int(words[0])
        for words in lines
        if len(words) > 1 and words[0].isdigit()
    }
    kinds = (found["created"], found["updated"], found["nothing"], found["refused"])
    assert sum(kinds) + found["filled"] == found["row"]
    return kinds


def leads(session: Session) -> list[Lead]:
    session.expire_all()
    return list(session.scalars(select(Lead).order_by(Lead.id)))


def test_rows_become_leads(import_file: ImportFile, session: Session, ada: Employee) -> None:
    result = import_file(PEOPLE + "Ann,Keller,ann@acme.com,212 555 0123\n,Łukasz,l@x.com,\n")
    assert result.exit_code == 0, result.output
    assert counts(result) == (2, 0, 0, 0)
    first, second = leads(session)
    assert (first.name, first.phone_e164, first.created_by_id) == ("Ann Keller", "+12125550123", ada.id)
    assert (second.last_name, second.email, second.status) == ("Łukasz", "l@x.com", LeadStatus.NEW)


def test_the_mapping_is_told(import_file: ImportFile) -> None:
    output = import_file("Lead ID;Surname;Shoe size;Created\n1;Keller;41;31.12.2025\n").stdout
    assert "separated by semicolons, encoding utf-8\n" in output
    assert "external_id        from Lead ID, id from “lead_id”" in output
    assert "created_at         from Created, day first" in output
    assert "skipped: Shoe size" in output


def test_history_names_who_and_the_source(import_file: ImportFile, session: Session, max: Employee) -> None:
    import_file(DEALS + "1,Acme,Ann,Keller,,,Won,5,2026-01-02,\n", "--as", max.email)
    changes = {
        change.entity: change for change in session.scalars(select(Change).where(Change.stored_source == "import"))
    }
    assert set(changes) == {"lead", "customer", "contact"}
    assert {change.actor_id for change in changes.values()} == {max.id}
    assert changes["lead"].fields["status"] == [None, "won"]


def test_twice_makes_no_second_copy(import_file: ImportFile, session: Session) -> None:
    for content in (PEOPLE + "Ann,Keller,a@x.com,\n,Lee,,\n", DEALS + "1,Acme,,,,,Won,5,,\n2,Acme,,,,,New,5,,\n"):
        assert counts(import_file(content)) == (2, 0, 0, 0)
        again = import_file(content)
        assert counts(again) == (0, 0, 2, 0)
        assert again.exit_code == 0
    assert len(leads(session)) == 4


def test_the_same_id_in_another_system_is_another_lead(import_file: ImportFile) -> None:
    assert counts(import_file("Lead ID,Last Name\n1,Keller\n")) == (1, 0, 0, 0)
    assert counts(import_file("Lead ID,Last Name\n1,Keller\n", "--system", "old crm")) == (1, 0, 0, 0)


def test_the_same_id_twice_in_a_file_is_one_lead(import_file: ImportFile) -> None:
    assert counts(import_file("Lead ID,Last Name\n1,Keller\n1,Keller again\n")) == (1, 0, 1, 0)


@pytest.mark.parametrize(
    ("row", "is_known"),
    [
        ("ANN,kéller,ANN@acme.com,", True),
        ("Ann,Keller,,(212) 555-0123", True),
        ("Ann,Keller,other@acme.com,", False),
        ("Eve,Keller,ann@acme.com,", False),
    ],
)
def test_the_same_person_is_known_by_name_and_address_or_number(
    import_file: ImportFile, session: Session, row: str, is_known: bool
) -> None:
    ann: dict[str, Any] = {"first_name": "Ann", "last_name": "Keller", "email": "ann@acme.com"}
    make_lead(session, **ann, phone="212 555 0123", phone_e164="+12125550123")
    assert counts(import_file(PEOPLE + row + "\n")) == (not is_known, 0, is_known, 0)


def test_a_person_in_the_trash_is_not_known(import_file: ImportFile, session: Session, ada: Employee) -> None:
    now = datetime.now(UTC)
    make_lead(session, last_name="Keller", email="ann@acme.com", deleted_at=now, deleted_by_id=ada.id)
    assert counts(import_file(PEOPLE + ",Keller,ann@acme.com,\n")) == (1, 0, 0, 0)


def test_a_person_who_is_a_customer_or_a_contact_is_known(import_file: ImportFile, session: Session) -> None:
    make_customer(session, name="Ann Keller", kind=CustomerKind.PERSON, email="ann@acme.com")
    company = make_customer(session, name="Umbrella")
    make_contact(session, company, first_name="Bob", last_name="Lee", email="bob@umbrella.com")
    content = PEOPLE + "Ann,Keller,ann@acme.com,\nBob,Lee,bob@umbrella.com,\n"
    assert counts(import_file(content)) == (0, 0, 2, 0)


def test_the_same_person_twice_in_a_file_is_one_lead(import_file: ImportFile) -> None:
    rows = "Ann,Keller,a@x.com,212 555 0123\nAnn,Keller,A@X.com,\nAnn,Keller,,+1 212 555 0123\nBob,Keller,a@x.com,\n"
    assert counts(import_file(PEOPLE + rows)) == (2, 0, 2, 0)


def test_one_person_can_have_several_deals(import_file: ImportFile) -> None:
    rows = "1,Acme,Ann,Keller,a@x.com,,New,5,,\n2,Acme,Ann,Keller,a@x.com,,New,5,,\n"
    assert counts(import_file(DEALS + rows)) == (2, 0, 0, 0)


def test_refused_rows_do_not_stop_the_others(import_file: ImportFile, session: Session) -> None:
    result = import_file(PEOPLE + "Ann,Keller,nobody,\nBob,Lee,b@x.com,\n,,,\n\nEve,Mint,e@x.com,1,2\n")
    assert counts(result) == (1, 0, 0, 2)
    assert result.exit_code == 3
    assert "line 2, Email “nobody”: Enter an email address like name@company.com." in result.stdout
    assert "line 6: The row has 5 cells, the header has 4." in result.stdout
    assert [lead.last_name for lead in leads(session)] == ["Lee"]


def test_the_first_refused_rows_are_listed_and_all_are_written(import_file: ImportFile, tmp_path: Path) -> None:
    rows = "".join(f"Ann,Keller{number},nobody,12\n" for number in range(30))
    result = import_file(PEOPLE + rows + ",Lee,,\n", "--refused", str(tmp_path / "refused.csv"))
    assert counts(result) == (1, 0, 0, 30)
    assert result.stdout.count("Email “nobody”") == 20
    assert "… and 10 more rows" in result.stdout
    with (tmp_path / "refused.csv").open(encoding="utf-8-sig", newline="") as file:
        written = list(csv.reader(file))
    assert written[0] == ["Line", "To fix", "First Name", "Last Name", "Email", "Phone"]
    assert written[1][0] == "2"
    assert written[1][1].startswith("Email: Enter an email address like name@company.com. Phone: Check")
    assert [row[3] for row in written[1:]] == [f"Keller{number}" for number in range(30)]


def test_what_was_mended_can_be_imported(import_file: ImportFile, tmp_path: Path) -> None:
    import_file(PEOPLE + "Ann,Keller,nobody,\n", "--refused", str(tmp_path / "refused.csv"))
    mended = (tmp_path / "refused.csv").read_text(encoding="utf-8-sig").replace(",nobody,", ",ann@x.com,")
    assert counts(import_file(mended)) == (1, 0, 0, 0)


def test_a_dry_run_saves_nothing(import_file: ImportFile, session: Session) -> None:
    result = import_file(DEALS + "1,Acme,,,,,Won,5,,Ann Agent\n", "--dry-run")
    assert counts(result) == (1, 0, 0, 0)
    assert "Dry run. Nothing was saved" in result.stdout
    assert leads(session) == []
    assert session.scalar(select(Employee.id).where(Employee.name == "Ann Agent")) is None


def test_a_won_lead_makes_its_customer(import_file: ImportFile, session: Session) -> None:
    result = import_file(
        "Deal ID,Company,First Name,Last Name,Email,Mobile,Website,Industry,Street,City,Zip,Country,Stage,Close Date\n"
        "1,Acme,Ann,Keller,ann@acme.com,212 555 0123,acme.com,Food,1 Main St,Rome,00184,IT,Won,2026-01-02\n"
    )
    assert "1 new customer; 0 leads won for existing customers" in result.stdout
    (lead,) = leads(session)
    customer = session.scalars(select(Customer)).one()
    assert lead.customer_id == customer.id
    assert (customer.name, customer.kind, customer.email) == ("Acme", CustomerKind.ORGANISATION, "ann@acme.com")
    assert (customer.created_from_lead_id, customer.created_at) == (lead.id, lead.closed_at)
    assert (customer.phone, customer.phone_e164) == (lead.mobile, "+12125550123")
    for target, source in CUSTOMER_FIELDS.items():
        if isinstance(source, str):
            assert getattr(customer, target) == getattr(lead, source)
    contact = session.scalars(select(Contact)).one()
    assert (contact.customer_id, contact.name, contact.is_primary) == (customer.id, "Ann Keller", True)
    entry = session.scalars(select(Conversion)).one()
    assert (entry.lead_id, entry.customer_id, entry.kind) == (lead.id, customer.id, ConversionKind.CREATED)


def test_a_person_wins_as_a_person(import_file: ImportFile, session: Session) -> None:
    import_file(DEALS + "1,,Ann,Keller,a@x.com,,Won,5,,\n2,,Ann,Keller,a@x.com,,Won,5,,\n")
    customers = session.scalars(select(Customer)).all()
    assert [(customer.name, customer.kind) for customer in customers] == [("Ann Keller", CustomerKind.PERSON)] * 2
    assert session.scalars(select(Contact)).all() == []


def test_won_leads_of_one_company_share_its_customer(import_file: ImportFile, session: Session) -> None:
    known = make_customer(session, name="UMBRELLA")
    make_customer(session, name="Umbrella", kind=CustomerKind.PERSON)
    result = import_file(
        DEALS
        + "1,Acme,,,,,Won,5,2026-02-02,\n2,Umbrella,,,,,Won,5,,\n3,ACMÉ,,,,,Won,5,2026-01-01,\n4,Acme Ltd,,,,,Won,5,,\n"
    )
    assert "2 new customers; 2 leads won for existing customers" in result.stdout
    first, second, third, fourth = leads(session)
    assert first.customer_id == third.customer_id != fourth.customer_id
    assert second.customer_id == known.id
    made = session.get_one(Customer, first.customer_id)
    assert (made.created_from_lead_id, made.created_at) == (first.id, datetime(2026, 1, 1, 12, tzinfo=UTC))
    kinds = session.scalars(select(Conversion.kind).order_by(Conversion.lead_id)).all()
    assert [kind.value for kind in kinds] == ["created", "linked", "linked", "created"]


def test_a_row_closes_the_lead_that_it_names(import_file: ImportFile, session: Session, ann: Employee) -> None:
    lead = make_lead(
        session, last_name="a1", external_system="mql_id", external_id="a1", source="social", amount=Decimal(7)
    )
    content = (
        "mql_id,won_date,business_segment,origin,amount,owner\na1,2026-01-02 08:00,pet,email,9,ann@piper.example\n"
    )
    assert counts(import_file(content)) == (0, 1, 0, 0)
    session.refresh(lead)
    assert (lead.status, lead.closed_at) == (LeadStatus.WON, datetime(2026, 1, 2, 8, tzinfo=UTC))
    assert (lead.industry, lead.source, lead.amount, lead.owner_id) == ("pet", "social", Decimal(7), ann.id)
    assert session.get_one(Customer, lead.customer_id).name == "a1"
    assert counts(import_file(content)) == (0, 0, 1, 0)
    change = session.scalars(select(Change).where(Change.entity == "lead", Change.action == "changed")).one()
    assert change.fields == {
        "status": ["new", "won"],
        "industry": [None, "pet"],
        "owner_id": [None, ann.id],
        "closed_at": [None, ANY],
        "customer_id": [None, lead.customer_id],
    }


def test_a_row_that_closes_nothing_changes_nothing(import_file: ImportFile, session: Session, ada: Employee) -> None:
    known: dict[str, Any] = {"external_system": "lead_id", "source": "fair"}
    make_lead(session, external_id="1", **known)
    make_lead(session, external_id="2", status=LeadStatus.LOST, **known)
    make_lead(session, external_id="3", deleted_at=datetime.now(UTC), deleted_by_id=ada.id, **known)
    content = "Lead ID,Last Name,Status,City\n1,x,Qualified,Rome\n2,x,Won,Rome\n3,x,Won,Rome\n"
    assert counts(import_file(content, "--existing", "skip")) == (0, 0, 3, 0)
    assert {lead.city for lead in leads(session)} == {None}


def test_a_row_can_lose_a_lead(import_file: ImportFile, session: Session) -> None:
    lead = make_lead(session, external_system="lead_id", external_id="1")
    assert counts(import_file("Lead ID,Status,Lost Reason\n1,Lost,Price\n")) == (0, 1, 0, 0)
    session.refresh(lead)
    assert (lead.status, lead.lost_reason, lead.customer_id) == (LeadStatus.LOST, LostReason.PRICE, None)


def test_a_lead_that_was_won_before_keeps_its_customer(
    import_file: ImportFile, session: Session, ada: Employee
) -> None:
    content = "Lead ID,Last Name,Status\n1,Keller,Won\n"
    import_file(content)
    (lead,) = leads(session)
    customer_id, lead.status, lead.closed_at = lead.customer_id, LeadStatus.QUALIFIED, None
    session.commit()
    assert counts(import_file(content)) == (0, 1, 0, 0)
    session.refresh(lead)
    assert (lead.status, lead.customer_id) == (LeadStatus.WON, customer_id)
    assert session.scalar(select(func.count()).select_from(Conversion)) == 1
    customer = session.get_one(Customer, customer_id)
    lead.status, lead.closed_at = LeadStatus.QUALIFIED, None
    customer.deleted_at, customer.deleted_by_id = datetime.now(UTC), ada.id
    session.commit()
    result = import_file(content)
    assert counts(result) == (0, 0, 0, 1)
    assert f"Its customer {customer.number} is in the trash. Restore it first." in result.stdout


def test_a_customer_made_for_one_row_serves_the_next_file(import_file: ImportFile, session: Session) -> None:
    make_lead(session, external_system="deal_id", external_id="9", company="Acme")
    result = import_file(DEALS + "1,Acme,,,,,Won,5,,\n9,,,,,,Won,5,,\n")
    assert counts(result) == (1, 1, 0, 0)
    assert len({lead.customer_id for lead in leads(session)}) == 1


def test_sources_have_one_spelling(import_file: ImportFile, session: Session) -> None:
    make_lead(session, source="Trade fair")
    result = import_file("Lead ID,Source\n1,google\n2,Google\n3,Google\n4,TRADE FAIR\n5,\n6,unknown\n")
    assert "New sources: Google, unknown" in result.stdout
    assert [lead.source for lead in leads(session)][1:] == ["Google"] * 3 + ["Trade fair", None, "unknown"]
    assert set(session.scalars(select(LeadSource.name))) == {"Google", "Trade fair", "unknown"}


def test_owners_are_found_by_name_or_address(
    import_file: ImportFile, session: Session, ann: Employee, bob: Employee
) -> None:
    import_file(DEALS + "1,A,,,,,New,5,,ann  KELLER\n2,B,,,,,New,5,,BOB@piper.example\n3,C,,,,,New,5,,Unassigned\n")
    assert [lead.owner_id for lead in leads(session)] == [ann.id, bob.id, None]


def test_owners_who_are_not_known_become_employees(import_file: ImportFile, session: Session) -> None:
    result = import_file(
        DEALS + "1,A,,,,,New,5,,Mei-Mei Johns\n2,B,,,,,New,5,,dwight.schrute@example.com\n3,C,,,,,New,5,,毛泽东\n"
    )
    assert (
        "3 new employees (Sales role, no password yet): Mei-Mei Johns (mei.mei.johns@imported.example)" in result.stdout
    )
    owners = [session.get_one(Employee, lead.owner_id) for lead in leads(session)]
    assert [(owner.name, owner.email) for owner in owners] == [
        ("Mei-Mei Johns", "mei.mei.johns@imported.example"),
        ("Dwight Schrute", "dwight.schrute@example.com"),
        ("毛泽东", "employee@imported.example"),
    ]
    assert {(owner.role, owner.password_hash, owner.can_own) for owner in owners} == {(Role.SALES, None, True)}


def test_a_manager_makes_no_employees(import_file: ImportFile, session: Session, max: Employee) -> None:
    content = DEALS + "1,A,,,,,New,5,,Mei-Mei Johns\n2,B,,,,,New,5,,\n"
    result = import_file(content, "--as", max.email)
    assert counts(result) == (1, 0, 0, 1)
    assert "line 2, Owner “Mei-Mei Johns”: No employee is named Mei-Mei Johns." in result.stdout
    refused = import_file(content, "--as", max.email, "--create-owners")
    assert refused.exit_code == 1
    assert "Max Lindqvist can’t add employees" in refused.stderr


def test_owners_who_can_not_own_are_refused_or_replaced(
    import_file: ImportFile, session: Session, vera: Employee, bob: Employee
) -> None:
    for _ in range(2):
        make_employee(session, name="John Smith")
    content = DEALS + "1,A,,,,,New,5,,Vera Rossi\n2,B,,,,,New,5,,john smith\n3,C,,,,,New,5,,\n"
    result = import_file(content, "--dry-run")
    assert "Vera Rossi can’t own leads" in result.stdout
    assert "2 employees are named john smith" in result.stdout
    assert counts(import_file(content, "--owner", bob.email)) == (3, 0, 0, 0)
    assert {lead.owner_id for lead in leads(session)} == {bob.id}


def test_an_address_that_is_none_is_a_name(import_file: ImportFile, session: Session) -> None:
    import_file(DEALS + "1,A,,,,,New,5,,ann@\n")
    assert session.get_one(Employee, leads(session)[0].owner_id).name == "ann@"


@pytest.mark.slow
def test_a_column_of_owners_that_can_not_be_one_is_refused(import_file: ImportFile, session: Session) -> None:
    rows = "".join(f"{number},A,,,,,New,5,,Person {number}\n" for number in range(400))
    result = import_file(DEALS + rows)
    assert result.exit_code == 1
    assert "names 300 people or more" in result.stderr
    assert "Nothing was saved." in result.stderr
    assert counts(import_file(DEALS + rows, "--map", "owner=")) == (400, 0, 0, 0)


def test_teams_get_their_managers(
    import_file: ImportFile, session: Session, tmp_path: Path, ann: Employee, max: Employee
) -> None:
    team = tmp_path / "teams.csv"
    team.write_text(
        "sales_agent,manager,regional_office\nAnn Keller,Max Lindqvist,East\nZane Levy,Summer Sewald,West\n"
        "Summer Sewald,Zane Levy,West\nAnn Keller,Summer Sewald,West\n,Nobody,West\n"
    )
    result = import_file(DEALS + "1,A,,,,,New,5,,Zane Levy\n", "--team", str(team))
    assert "2 people assigned to a manager, 2 new employees" in result.stdout
    session.refresh(ann)
    summer = session.scalars(select(Employee).where(Employee.name == "Summer Sewald")).one()
    zane = session.scalars(select(Employee).where(Employee.name == "Zane Levy")).one()
    assert (ann.manager_id, zane.manager_id, summer.manager_id) == (max.id, summer.id, None)
    assert (summer.role, zane.role, leads(session)[0].owner_id) == (Role.MANAGER, Role.SALES, zane.id)


def test_a_team_file_needs_its_columns_and_an_administrator(
    import_file: ImportFile, tmp_path: Path, max: Employee
) -> None:
    (tmp_path / "teams.csv").write_text("a,b\n1,2\n")
    options = ("--team", str(tmp_path / "teams.csv"))
    assert "needs the columns sales_agent" in import_file(PEOPLE + ",x,,\n", *options).stderr
    assert "can’t add employees" in import_file(PEOPLE + ",x,,\n", *options, "--as", max.email).stderr


def test_currency_and_dates_can_be_said(import_file: ImportFile, session: Session) -> None:
    import_file(
        "Deal ID,Organization,Amount,Create Date,Stage\n1,Acme,5,03/04/2025,Demo held\n",
        "--currency", "eur", "--day-first", "--status", "demo HELD=qualified",
    )  # fmt: skip
    (lead,) = leads(session)
    assert (lead.currency, lead.status) == ("EUR", LeadStatus.QUALIFIED)
    assert lead.created_at == datetime(2025, 4, 3, 12, tzinfo=UTC)


def test_tabs_and_encoding_can_be_said(import_file: ImportFile, session: Session) -> None:
    import_file("Last Name\tCity\nŻak\tŁódź\n".encode("cp1250"), "--delimiter", "tab", "--encoding", "cp1250")
    assert leads(session)[0].city == "Łódź"


def test_a_guess_is_called_one(import_file: ImportFile) -> None:
    assert "encoding cp1252 (detected" in import_file("Last Name,City\nMüller,Köln\n".encode("cp1252")).stdout


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--map", "email"), "has no equals sign. Use FIELD=COLUMN"),
        (("--map", "mail=Email"), "Unknown field “mail”"),
        (("--status", "Demo=perhaps"), "“Demo” can be one of new, contacted"),
        (("--currency", "BTC"), "unknown currency BTC"),
        (("--as", "nobody@piper.example"), "No active employee has the email nobody@piper.example"),
        (("--as", "ann@piper.example"), "Ann Keller can’t do this. Only managers and admins can import"),
        (("--owner", "vera@piper.example"), "Vera Rossi can’t own leads"),
    ],
)
def test_what_can_not_be_is_said_in_a_line(import_file: ImportFile, options: tuple[str, str], why: str) -> None:
    result = import_file(PEOPLE + ",Keller,,\n", *options)
    assert result.exit_code in (1, 2)
    assert why in result.stderr.replace("\n", " ")


def test_a_file_that_is_no_table_is_refused_in_a_line(import_file: ImportFile, session: Session) -> None:
    for content, why in ((b"", "The file is empty."), (b"PK\x03\x04", "Excel"), (b"a,b\n1,2\n", "names a lead")):
        result = import_file(content)
        assert result.exit_code == 1
        assert why in result.stderr
        assert len(result.stderr.splitlines()) == 2, "the database, and the error"


def test_a_file_that_breaks_off_saves_nothing(import_file: ImportFile, session: Session) -> None:
    content = PEOPLE + ",Keller,,\n" * 2000 + ',"never closed\n' + ",Keller,,\n" * 20_000
    result = import_file(content)
    assert result.exit_code == 1
    assert "never closed. Nothing was saved." in result.stderr
    assert leads(session) == []


def test_headers_alone_are_no_rows(import_file: ImportFile) -> None:
    result = import_file(PEOPLE)
    assert (result.exit_code, counts(result)) == (0, (0, 0, 0, 0))


def test_without_an_administrator_it_says_what_to_do(import_file: ImportFile, session: Session) -> None:
    session.execute(text("ALTER TABLE employees DISABLE TRIGGER keep_admin"))
    session.execute(text("UPDATE employees SET role = 'manager' WHERE role = 'admin'"))
    session.commit()
    assert "Run `flask employees create-admin` first" in import_file(PEOPLE).stderr


def test_progress_is_told(import_file: ImportFile) -> None:
    result = import_file(PEOPLE + "".join(f"Ann,Keller{number},,\n" for number in range(5001)))
    assert result.stderr.splitlines()[1].startswith("Finding columns … ")
    assert any(line.startswith("Reading … ") for line in result.stderr.splitlines())
    assert result.stderr.splitlines()[-1] == "Saving … 100 %"


def test_progress_is_one_line_in_a_terminal(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    progress = ProgressLine()
    for done in (1, 2, 3):
        progress("Saving", done, 3)
    progress.end()
    said = capfd.readouterr().err
    assert "\n" not in said
    assert ["33 %" in said, "66 %" in said, "100 %" in said] == [True, False, True]


def test_control_c_saves_nothing(import_file: ImportFile, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("crm_web.imports.operations.settle", interrupt)
    result = import_file(PEOPLE + ",Keller,,\n")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (1, "Error: Stopped. Nothing was saved.")
    assert leads(session) == []


@pytest.mark.slow
def test_two_imports_of_one_file_at_once_make_one_copy(own_database: OwnDatabase) -> None:
    content = (DEALS + "".join(f"{number},Acme,,,,,Won,5,,\n" for number in range(500))).encode()
    reports: list[Report] = []
    said: list[str] = []

    def run() -> None:
        with own_database.app.app_context():
            options = Options(currency="USD", region="US")
            file = open_leads(BytesIO(content), options)
            by = db.session.scalars(select(Employee).where(Employee.role == Role.ADMIN)).one()
            reports.append(import_leads(file, options, by=by, progress=lambda what, done, total: said.append(what)))
            db.session.commit()

    threads = [Thread(target=run) for _ in range(2)]
    with own_database.engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(7430003)"))
        for thread in threads:
            thread.start()
        threads[0].join(0.5)
        connection.rollback()
    for thread in threads:
        thread.join()
    assert sorted((report.created, report.same) for report in reports) == [(0, 500), (500, 0)]
    assert said.count("Waiting for another import") == 2
    with own_database.session() as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 1


def test_a_dry_run_of_a_large_file_leaves_no_dead_rows(
    own_database: OwnDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_web.imports.vacuum.WORTH_IT", 100)
    file = tmp_path / "leads.csv"
    file.write_text(PEOPLE + "".join(f"Keller{number},,\n" for number in range(200)))
    command = ["leads", "import", str(file), "--dry-run"]
    result = own_database.app.test_cli_runner().invoke(args=command)
    assert "Nothing was saved" in result.output
    tables = "SELECT sum(n_dead_tup), min(vacuum_count) FROM pg_stat_user_tables WHERE relname IN ('leads', 'changes')"
    with own_database.engine.connect() as connection:
        assert connection.execute(text(tables)).one() == (0, 1)


def test_the_command_explains_itself(app: Flask) -> None:
    for command in (["leads", "import"], ["import"]):
        help_text = app.test_cli_runner().invoke(args=[*command, "--help"]).output
        assert "--map FIELD=COLUMN" in help_text
        assert "--dry-run" in help_text


def test_the_country_of_a_row_is_that_of_its_numbers(import_file: ImportFile, session: Session) -> None:
    rows = "Weiss,Germany,0761 123456\nMeier,Germany,030 901820\nDupont,France,01 09 75 83 51\n"
    rows += "Rossi,Italy,06 1234 5678\nSmith,United Kingdom,020 7946 0999\nJones,,(212) 555-0123\nKurz,Germany,12345\n"
    result = import_file(f"Last Name,Country,Phone\n{rows}")
    numbers = ["+49761123456", "+4930901820", "+33109758351", "+390612345678", "+442079460999", "+12125550123"]
    assert [lead.phone_e164 for lead in leads(session)] == [*numbers, "+4912345"]
    assert "Not just created:\n  line 8: “12345” was read with the code of Germany (+49)" in result.stdout


def test_numbers_without_a_country_are_of_whoever_imports(
    import_file: ImportFile, session: Session, ada: Employee
) -> None:
    ada.locale = "de_DE"
    session.commit()
    import_file("Last Name,Country,Mobile\nWeiss,,0761 123456\nSmith,United Kingdom,020 7946 0999\n")
    assert [lead.mobile_e164 for lead in leads(session)] == ["+49761123456", "+442079460999"]
