"""Files that belong together: their rows find each other by ID, name, domain or email."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crm_web.core.clock import now
from crm_web.imports.commands import SOME_REFUSED
from crm_web.imports.several import split_cell
from crm_web.models import Activity, Contact, Conversion, Customer, Employee, ExternalId
from tests.factories import make_contact, make_customer
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


def test_companies_without_a_type_are_active_once_a_deal_is_won(import_file: ImportFile, session: Session) -> None:
    import_file(ACCOUNTS.replace(",Type", "").replace(",Customer", "").replace(",Prospect", ""), "--kind", "customers")
    result = import_file(DEALS)
    assert "1 inactive customer became active, because a lead is won for them." in result.stdout
    known = session.scalars(select(Customer).order_by(Customer.id))
    assert [(customer.name, customer.status) for customer in known] == [
        ("Quist Paper", "active"),
        ("Fjord Lights", "inactive"),
    ]


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


def test_of_several_contacts_or_customers_none_is_linked(
    import_file: ImportFile, session: Session, ada: Employee
) -> None:
    one, other, twin, gone = (
        make_customer(session, name=name, website=website)
        for name, website in (
            ("Long", "https://shared.example"),
            ("Mills", "shared.example"),
            ("Quist", "quist.example"),
            ("Berg", None),
        )
    )
    for customer in (one, other):
        make_contact(session, customer, last_name="Cole", email="cole@x.example")
    for email in ("a@quist.example", "b@quist.example"):
        make_contact(session, twin, last_name="Dale", email=email)
    make_contact(session, gone, last_name="Eide", email="eide@x.example")
    gone.deleted_at, gone.deleted_by_id = now(), ada.id
    session.commit()
    deals = (
        "Deal ID,Deal Name,Company Name,Associated Contact Email,Company Domain Name,Last Name\n"
        "1,By email,,COLE@x.example,,\n2,By email and company,Mills,cole@x.example,,\n3,By host,,,www.shared.example,\n"
        "4,By another host,,,quist.example,\n5,In the trash,,eide@x.example,,\n6,By name,Quist,,,Dale\n"
    )
    import_file(deals)
    linked = {lead.external_id: lead for lead in leads(session) if lead.external_system == "deal_id"}
    assert {number: lead.customer_id for number, lead in linked.items()} == {
        "1": None,
        "2": other.id,
        "3": None,
        "4": twin.id,
        "5": None,
        "6": twin.id,
    }
    # The person of a contact comes along if it is one.
    assert (linked["2"].last_name, linked["6"].email) == ("Cole", None)


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


def map_parents(session: Session) -> dict[str, str]:
    session.expire_all()
    return {customer.name: customer.parent.name for customer in session.scalars(select(Customer)) if customer.parent}


def test_customers_are_put_below_their_parent_companies(
    app: Flask, session: Session, tmp_path: Path, ada: Employee
) -> None:
    def run(*contents: str, existing: str = "fill") -> str:
        paths = [tmp_path / f"{number}.csv" for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_text(f"Account ID,Account Name,Parent Account ID,Account Type\n{content}")
        output: str = app.test_cli_runner().invoke(args=["import", *map(str, paths), "--existing", existing]).stdout
        return output

    run("90,Old,,\n91,Twin,,\n92,Base,,\n")
    session.execute(update(Customer).where(Customer.name == "Old").values(deleted_at=func.now(), deleted_by_id=ada.id))
    session.add(Customer(name="Twin", kind="organisation"))
    session.commit()
    output = run(
        "3,Grandchild,DAUGHTER,\n2,Daughter,1,\n1,Group,92,\n4,Loop A,5,\n5,Loop B,6,\n6,Loop C,4,\n7,Below loop,4,\n"
        "8,Own,8,\n9,Early,99,\n10,Nobody’s,1000,\n11,Trashed,90,\n12,Several,twin,\n2,Daughter,3,\n",
        "99,Late,,\n",
    )
    assert map_parents(session) == {
        "Group": "Base",
        "Daughter": "Group",
        "Grandchild": "Daughter",
        "Below loop": "Loop A",
        "Early": "Late",
    }
    for line, ref, reason in (
        (5, "5", "This company belongs to the customer itself. No parent company is set."),
        (9, "8", "This is the customer itself. No parent company is set."),
        (11, "1000", "No customer with this ID or name is here yet. No parent company is set."),
        (12, "90", "This customer is in the trash. No parent company is set."),
        (13, "twin", "Several customers are called so. No parent company is set."),
        (14, "3", "Left out, because line 3 names the parent of this customer."),
    ):
        assert f"line {line}: " in output and f"Parent Account ID “{ref}”: {reason}" in output, (line, output)
    assert "The parent company of 1 customer of earlier files is set." in output
    # A circle through a customer that is here.
    assert "This company belongs to the customer itself." in run("92,Base,3,\n")
    assert "Parent company stays Group; the file has Base." in run("2,Daughter,92,\n")
    assert "Parent company: Group → Base." in run("2,Daughter,92,\n", existing="update")
    assert map_parents(session)["Daughter"] == "Base"
    assert "Parent company: empty → Base." in run("8,Own,Base,\n")


def test_ids_of_owners_are_named_and_refuse_nothing(import_file: ImportFile, session: Session, ada: Employee) -> None:
    content = "Id,Name,StageName,OwnerId\n1,Renewal,Prospecting,005A\n2,Upsell,Prospecting,005A\n3,New,Prospecting,\n"
    result = import_file(content, "--create-owners")
    assert counts(result) == (3, 0, 0, 0)
    assert "OwnerId has IDs instead of names: 005A (2 rows). Their records have no owner." in result.stdout
    assert session.scalars(select(Employee.name).where(Employee.name == "005A")).all() == []
    result = import_file(content, "--owner", ada.email)
    assert f"005A (2 rows). Their records go to {ada.name}." in result.stdout
    assert {lead.owner_id for lead in leads(session)} == {ada.id}


PAGE = "https://www.notion.so/{}-1a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f?pvs=21"


def test_names_may_be_links_to_the_pages_of_records(app: Flask, session: Session, tmp_path: Path) -> None:
    """As Notion exports relations, of which a cell can hold several."""
    quist = f"Quist, Paper (UK) ({PAGE.format('Quist')})"
    (tmp_path / "companies.csv").write_text('Name,Industry,Company size\n"Quist, Paper (UK)",Paper,9\nフジ,Paper,9\n')
    (tmp_path / "people.csv").write_text(
        f'Name,Email,Company\nEbba Quist,ebba@quist.example,"{quist}, フジ ({PAGE.format("%E3%83%95")})"\n'
        "Ivo Brandt,ivo@fuji.example,フジ (Companies/%E3%83%95%201a2b3c4d5e6f7a8b9c0d1a2b3c4d5e6f.md)\n"
    )
    (tmp_path / "deals.csv").write_text(f'Deal Name,Amount,Stage,Account Name\nRenewal,5,New,"{quist}"\n')
    (tmp_path / "notes.csv").write_text(f"Note Title,Note Content,Deal\nCall,x,Renewal ({PAGE.format('Renewal')})\n")
    paths = [str(tmp_path / f"{name}.csv") for name in ("companies", "people", "deals", "notes")]
    result = app.test_cli_runner().invoke(args=["import", *paths])
    assert result.exit_code == 0, result.output
    assert "line 2: Company “フジ”: Left out, because the row has another one." in result.output
    assert "Company: 1 value left out, because the row has another one." in result.output
    first, second = session.scalars(select(Customer).order_by(Customer.id))
    assert [(c.name, c.customer_id) for c in session.scalars(select(Contact).order_by(Contact.id))] == [
        ("Ebba Quist", first.id),
        ("Ivo Brandt", second.id),
    ]
    (lead,) = leads(session)
    assert (lead.company, lead.customer_id) == ("Quist, Paper (UK)", first.id)
    note = session.scalars(select(Activity)).one()
    assert note.lead_id == lead.id and "Deal: Renewal (https://www.notion.so/" in (note.body or "")


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("[Acme](https://coda.io/x), [B c](https://coda.io/y)", ["Acme", "B c"]),
        ("Acme (Holding)", ["Acme (Holding)"]),
        ("Acme (Holding) (https://n.so/x), Beta", ["Acme (Holding) (https://n.so/x), Beta"]),
        ("Acme (see https://acme.example/about us)", ["Acme (see https://acme.example/about us)"]),
    ],
)
def test_only_links_are_read_as_such(cell: str, names: list[str]) -> None:
    assert split_cell("company", cell) == names
    assert split_cell("description", cell) == [cell]
