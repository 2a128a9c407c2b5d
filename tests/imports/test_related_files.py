"""Files that belong together: their rows find each other by ID, name, domain or email."""

from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.imports.commands import SOME_REFUSED
from crm_web.models import Contact, Conversion, Customer, ExternalId
from tests.imports.test_import_leads import counts, leads

ImportFile = Callable[..., Result]

ACCOUNTS = "Id,Name,ParentId,Website,Type\n001A,Quist Paper,,quist.example,Customer\n001B,Fjord Lights,001A,,Prospect\n"
CONTACTS = (
    "Id,AccountId,FirstName,LastName,Email,Title\n003A,001A,Ebba,Quist,ebba@quist.example,CEO\n"
    "003B,001B,Ines,Larsen,ines@fjord.example,\n003C,001X,Olav,Berg,olav@nobody.example,\n"
)
DEALS = (
    "Id,AccountId,ContactId,Name,StageName,Amount,CloseDate\n"
    "006A,001A,003A,Renewal,Closed Won,500,2024-02-01\n"
    "006B,001B,,Quist - New Business,Prospecting,900,2027-02-01\n006C,001X,,Upsell,Prospecting,1,2027-02-01\n"
)


def test_rows_name_their_accounts_and_contacts_by_id(import_file: ImportFile, session: Session) -> None:
    assert counts(import_file(ACCOUNTS, "--kind", "customers")) == (2, 0, 0, 0)
    result = import_file(CONTACTS, "--kind", "contacts")
    assert counts(result) == (2, 0, 0, 1)
    assert "line 4: There is no customer “001X”" in result.stdout
    result = import_file(DEALS)
    assert counts(result) == (3, 0, 0, 0)
    assert "AccountId “001X”: No customer with this ID is here. Not linked." in result.stdout
    quist, fjord = session.scalars(select(Customer).order_by(Customer.id))
    ebba, ines = session.scalars(select(Contact).order_by(Contact.id))
    assert (ebba.customer_id, ines.customer_id) == (quist.id, fjord.id)
    won, new, lone = leads(session)
    assert (won.name, won.company, won.email, won.customer_id) == ("Ebba Quist", quist.name, ebba.email, quist.id)
    assert (new.name, new.customer_id) == ("Fjord Lights", fjord.id)
    assert new.description == "Name: Quist - New Business"
    assert (lone.name, lone.customer_id) == ("Upsell", None)
    assert [(c.lead_id, c.customer_id, c.kind) for c in session.scalars(select(Conversion))] == [
        (won.id, quist.id, "linked")
    ]
    assert counts(import_file(ACCOUNTS.replace("Fjord Lights", "Fjord Lamps"), "--kind", "customers")) == (0, 0, 2, 0)
    assert counts(import_file(CONTACTS, "--kind", "contacts")) == (0, 0, 2, 1)
    assert counts(import_file(DEALS)) == (0, 0, 3, 0)
    assert len(session.scalars(select(ExternalId)).all()) == 4


def test_rows_name_their_accounts_by_name_domain_and_the_email_of_a_contact(
    import_file: ImportFile, session: Session
) -> None:
    accounts = "Company ID,Company Name,Company Domain Name\n1,Long Group,long.example\n2,Mills,mills.example\n"
    import_file(accounts, "--kind", "customers")
    people = (
        "Contact ID,Last Name,Email,Associated Company Domain,Website URL\n"
        "7,Cole,c@x.example,www.mills.example,https://cole.example\n"
    )
    result = import_file(people, "--kind", "contacts")
    assert counts(result) == (1, 0, 0, 0)
    # A contact has no website: its column may find the company of none.
    assert "skipped: Website URL" in result.stdout
    deals = (
        "Deal ID,Deal Name,Company Name,Associated Contact Email\n"
        "1,Long Group - New,,\n2,Renewal,MILLS,\n3,Upsell,,C@x.example\n4,Renewal - more,,\n"
    )
    import_file(deals)
    long, mills = session.scalars(select(Customer).order_by(Customer.id))
    found = [(lead.name, lead.customer_id) for lead in leads(session) if lead.external_system == "deal_id"]
    assert found == [("Long Group", long.id), ("MILLS", mills.id), ("Cole", mills.id), ("Renewal - more", None)]


def test_the_command_takes_several_files_at_once(app: Flask, session: Session, tmp_path: Path) -> None:
    files = {"deals.csv": DEALS, "contacts.csv": CONTACTS, "accounts.csv": ACCOUNTS, "broken.csv": "Stage\nNew\n"}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    paths = [str(tmp_path / name) for name in files]
    run = app.test_cli_runner().invoke
    failed = run(args=["import", *paths])
    assert (failed.exit_code, "broken.csv: " in failed.stderr) == (1, True)
    assert session.scalars(select(Customer)).all() == []
    assert "--kind is for a single file." in run(args=["import", *paths[:3], "--kind", "leads"]).stderr
    refused = tmp_path / "refused.csv"
    result = run(args=["import", *paths[:3], "--refused", str(refused)])
    assert result.exit_code == SOME_REFUSED
    assert [line.split()[0] for line in result.stdout.splitlines() if line.endswith("created")] == ["2", "2", "3"]
    assert "001X" in (tmp_path / "refused-contacts.csv").read_text()
    assert [lead.customer_id is None for lead in leads(session)] == [False, False, True]
    assert run(args=["import", *paths[:3], "--dry-run"]).stdout.endswith("Dry run. Nothing was saved.\n")
