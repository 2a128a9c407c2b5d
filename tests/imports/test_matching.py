"""A row is about a known lead only where its identity says so, and nothing that it adds is lost without a word."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Customer, Employee, Lead, LeadStatus
from tests.factories import make_lead
from tests.imports.test_import_leads import counts, leads
from tests.page import Browser

ImportFile = Callable[..., Result]

PEOPLE = "First name,Last name,Company,Email,Phone,Mobile,City\n"
LARSEN = "Ines,Larsen,Fjord Lights,ines@fjord.example,+44 20 7946 0999,,"


@pytest.mark.parametrize(
    ("second", "warning"),
    [
        ("Ines,Larsen,Quist Paper,i@quist.example,+44 20 7946 0999,,", "same name and phone"),
        ("Ines,Larsen,,i@quist.example,,+44 20 7946 0999,", "same name and phone"),
        ("Ines,Larsen,FJORD  LIGHTS,other@fjord.example,,,", "same name and company"),
        ("Olav,Larsen,Fjord Lights,ines@fjord.example,+44 20 7946 0999,,", "same email"),
        ("Olav,Berg,Fjord Lights,olav@fjord.example,+44 20 7946 0999,,", ""),
        ("Ines,Berg,Fjord Lights,,,,", ""),
    ],
)
def test_who_only_looks_alike_is_somebody_else(
    import_file: ImportFile, session: Session, second: str, warning: str
) -> None:
    for content, of in ((f"{LARSEN}\n{second}\n", "line 2"), (f"{second}\n", "lead ")):
        result = import_file(PEOPLE + content, "--dry-run" if of == "line 2" else "--existing=fill")
        assert counts(result)[0] == content.count("\n")
        assert (f"May be a duplicate of {of}" in result.stdout) is bool(warning)
        assert warning in result.stdout
        if of == "line 2":
            import_file(f"{PEOPLE}{LARSEN}\n")


@pytest.mark.parametrize(
    ("second", "by"),
    [
        ("Ines,Larsen,Quist Paper,INES@fjord.example,,,Oslo", "email"),
        ("Ines,Berg,,ines@Fjord.example,,,Oslo", "email"),
        ("I.,Larsen,,ines@fjord.example,,,Oslo", "email"),
        (",,,ines@fjord.example,,,Oslo", "email"),
        ("ines,LARSEN,fjord lights,,,020 7946 0999,Oslo", "name and phone"),
    ],
)
def test_a_row_about_the_same_person_fills_in_what_is_missing(
    import_file: ImportFile, session: Session, second: str, by: str
) -> None:
    country = "Country," + PEOPLE
    rows = [f"GB,{LARSEN}\n", f"GB,{second}\n"]
    result = import_file(country + "".join(rows), "--dry-run")
    assert f"line 3: Filled in. Same {by} as line 2. City: empty → Oslo." in result.stdout
    import_file(country + rows[0])
    result = import_file(country + rows[1])
    assert f"line 2: Filled in. Same {by} as lead " in result.stdout
    (lead,) = leads(session)
    assert (lead.name, lead.email, lead.city) == ("Ines Larsen", "ines@fjord.example", "Oslo")


def test_an_email_without_a_name_is_the_first_who_has_one(import_file: ImportFile, session: Session) -> None:
    rows = [",,a@x.com", "Ann,Lee,a@x.com", "Bob,Ray,a@x.com", "B.,Ray,a@x.com", ",Lee,a@x.com"]
    assert counts(import_file("First name,Last name,Email\n" + "\n".join(rows)))[0] == 2
    assert [lead.name for lead in leads(session)] == ["Ann Lee", "Bob Ray"]


def test_ids_of_one_system_tell_rows_apart_unless_their_email_is_one(import_file: ImportFile, session: Session) -> None:
    header = "Row ID,Last Name,Company,Email,Mobile,Website\n"
    rows = "R1,Ostrander,Fjord Lights,ebba@fjord.example,,fjord.example\nR2,OSTRANDER,fjord lights,,,Fjord.example\n"
    result = import_file(header + rows)
    assert counts(result) == (2, 0, 0, 0)
    assert "line 3: May be a duplicate of line 2: same name and company." in result.stdout
    rows = "S1,Berg,Berg Ltd,,+1 415 555 2671,\nS2,Berg,Berg,berg@berg.example,+1 415 555 2671,\n"
    result = import_file(header + rows)
    assert counts(result) == (2, 0, 0, 0)
    assert "line 3: May be a duplicate of line 2: same name and phone." in result.stdout
    assert leads(session)[-1].email == "berg@berg.example"


def test_a_deal_without_an_id_is_never_a_duplicate(import_file: ImportFile, session: Session) -> None:
    header = "First name,Last name,Company,Email,Phone,Amount\n"
    row = "Ebba,Quist,Fjord Lights,e@fjord.example,+1 415 555 2671"
    content = f"{header}{row},100\n{row},900\n{row},900\n"
    result = import_file(content)
    assert counts(result) == (3, 0, 0, 0)
    assert "line 4: Line 3 has the same content." in result.stdout
    assert [lead.amount for lead in leads(session)] == [100, 900, 900]
    again = import_file(content)
    assert counts(again) == (0, 0, 3, 0)
    assert "line 2: Nothing new. Same content as lead" in again.stdout


def test_a_known_lead_goes_on_and_what_does_not_fit_is_said(import_file: ImportFile, session: Session) -> None:
    import_file(
        "LEADID,Last Name,Company,Lead Status\n9001,Quist,Quist Paper,Contacted\n9002,Larsen,Larsen Oy,Lost Lead\n"
    )
    content = (
        'Stage,Amount,Closing Date,LEADID\nProposal/Price Quote,"$4,200.00","20 Mar, 2027 10:00:00",9001\n'
        'Closed Won,"$900.00","20 Mar, 2024 10:00:00",9002\n'
    )
    result = import_file(content)
    quist, larsen = leads(session)
    assert (quist.status, quist.amount, quist.currency) == (LeadStatus.PROPOSAL, Decimal(4200), "USD")
    assert quist.expected_close_on == date(2027, 3, 20)
    assert (larsen.status, larsen.amount) == (LeadStatus.LOST, Decimal(900))
    assert "Status stays lost; the file has won." in result.stdout
    assert counts(import_file(content)) == (0, 0, 2, 0)
    result = import_file(content, "--existing", "update")
    session.expire_all()
    assert (larsen.status, larsen.lost_reason, session.get_one(Customer, larsen.customer_id).name) == (
        LeadStatus.WON,
        None,
        "Larsen Oy",
    )


@pytest.mark.parametrize(("existing", "expected"), [("fill", "Fjord"), ("update", "Quist"), ("skip", "Fjord")])
def test_known_leads_keep_or_take_over_by_choice(
    import_file: ImportFile, session: Session, existing: str, expected: str
) -> None:
    known: dict[str, Any] = {"external_system": "lead_id", "external_id": "1", "status": LeadStatus.NEGOTIATION}
    lead = make_lead(session, company="Fjord", street="Kai 1", city="Oslo", amount=Decimal(7), currency="EUR", **known)
    content = "Lead ID,Company,Street,City,Amount,Status,Job Title\n1,Quist,Weg 2,Bonn,9,Contacted,CEO\n"
    result = import_file(content, "--existing", existing)
    session.refresh(lead)
    assert lead.company == expected
    if existing == "fill":
        assert (lead.job_title, lead.street, lead.city, lead.amount) == ("CEO", "Kai 1", "Oslo", Decimal(7))
        assert "Status stays negotiation; the file has contacted." in result.stdout
        assert "Amount stays 7.00; the file has 9." in result.stdout
    elif existing == "update":
        assert (lead.street, lead.amount, lead.currency, lead.status) == (
            "Weg 2",
            Decimal(9),
            "USD",
            LeadStatus.CONTACTED,
        )
        assert "line 2: Updated. Same ID as lead" in result.stdout
        assert counts(import_file(content, "--existing", "update")) == (0, 0, 1, 0)
    else:
        assert (counts(result), lead.job_title) == ((0, 0, 1, 0), None)


def test_a_status_that_somebody_changed_here_stays(import_file: ImportFile, session: Session) -> None:
    content = "Lead ID,Last Name,Status\n1,Lee,{}\n"
    import_file(content.format("Negotiation"))
    lead = session.scalars(select(Lead)).one()
    lead.status, lead.status_changed_at = LeadStatus.CONTACTED, datetime.now(UTC)
    session.commit()
    assert "Status stays contacted; the file has negotiation" in import_file(content.format("Negotiation")).stdout


def test_later_rows_about_a_new_lead_come_in_turn(import_file: ImportFile, session: Session) -> None:
    rows = "1,Lee,Acme,New,\n1,Lee,,Won,2024-03-01\n1,Ray,,Lost,2024-04-01\n2,Fay,Acme,Won,2024-02-01\n"
    result = import_file("Lead ID,Last Name,Company,Status,Close Date\n" + rows)
    first, second = leads(session)
    assert (first.status, first.customer_id) == (LeadStatus.WON, second.customer_id)
    assert counts(result) == (2, 1, 1, 0)
    assert "Last name stays Lee; the file has Ray." in result.stdout


def test_a_row_about_a_lead_in_the_trash_says_so(import_file: ImportFile, session: Session, ada: Employee) -> None:
    lead = make_lead(session, last_name="Lee", external_system="lead_id", external_id="1")
    session.commit()
    import_file("Lead ID,Last Name\n1,Lee\n")
    lead.deleted_at, lead.deleted_by_id = lead.created_at, ada.id
    session.commit()
    assert "The lead is in the trash. Restore it" in import_file("Lead ID,Last Name\n1,Lee\n").stdout


def test_our_own_export_comes_back_to_its_leads(
    import_file: ImportFile, session: Session, browser_as: Callable[[Employee], Browser], ada: Employee
) -> None:
    lead = make_lead(session, last_name="Lee", company="Fjord", amount=Decimal(7), currency="EUR", city="Oslo")
    make_lead(session, last_name="Ray", email="ray@x.example")
    session.commit()
    exported = browser_as(ada).get("leads.export_leads").body
    assert counts(import_file(exported)) == (0, 0, 2, 0)
    edited = exported.replace("Oslo", "Bergen")
    assert counts(import_file(edited, "--existing", "update")) == (0, 1, 1, 0)
    session.refresh(lead)
    assert (lead.city, lead.amount) == ("Bergen", Decimal(7))
    # Those of another installation are other leads.
    lead.created_at = datetime(2020, 1, 1, tzinfo=UTC)
    session.commit()
    assert counts(import_file(exported)) == (1, 0, 1, 0)


def test_a_lead_that_was_merged_is_the_one_that_stayed(
    import_file: ImportFile, session: Session, ada: Employee
) -> None:
    stays = make_lead(session, last_name="Lee")
    known: dict[str, Any] = {"external_system": "lead_id", "external_id": "1"}
    gone: dict[str, Any] = {"deleted_at": datetime.now(UTC), "deleted_by_id": ada.id, "merged_into_id": stays.id}
    make_lead(session, last_name="Leigh", **known, **gone)
    session.commit()
    assert counts(import_file("Lead ID,Last Name,City\n1,Lee,Oslo\n")) == (0, 0, 0, 0)
    session.refresh(stays)
    assert stays.city == "Oslo"
