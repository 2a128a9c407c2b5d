"""Lists of companies and people: each row becomes what it says it is."""

from collections.abc import Callable

import pytest
from click.testing import Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.imports.targets import Target, detect_target
from crm_web.models import Customer, CustomerKind, CustomerStatus, Employee
from tests.factories import make_customer
from tests.imports.test_customers_and_contacts import contacts, customers
from tests.imports.test_import_leads import counts, leads
from tests.imports.test_mapping import choose

ImportFile = Callable[..., Result]

CAPSULE = (
    "Id,Type,Title,First Name,Last Name,Job Title,Organisation,Organisation Id,Owner,Email Address,Phone Number,"
    "Address Street,City,Country,Website\n"
    "12,Person,Ms,Ebba,Quist,Buyer,Quist Paper,11,{owner},ebba@quist.example,+47 22 12 34 56,Kai 2,Bergen,Norway,\n"
    "11,Organisation,,,,,Quist Paper,,{owner},post@quist.example,+47 22 00 00 00,Kai 1,Oslo,Norway,quist.example\n"
    "13,Person,,Ivo,Brandt,Singer,,,{owner},ivo@brandt.example,,Gate 3,Oslo,Norway,brandt.example\n"
)
ODOO = (
    "External ID,Name,Is a Company,Related Company,Email,Phone,Street,City,Country,Job Position\n"
    "r_1,Larsen Group,True,,post@larsen.example,,Kai 1,Oslo,Norway,\n"
    "r_2,Larsen Oy,TRUE,Larsen Group,oy@larsen.example,,Kai 2,Oslo,Norway,\n"
    "r_3,Kai Larsen,False,Larsen Oy,kai@larsen.example,+47 22 12 34 56,,,,Director\n"
    "r_4,Ann Lee,False,,ann@lee.example,,Gate 3,Bergen,Norway,\n"
)


def test_an_export_of_capsule(import_file: ImportFile, session: Session, ada: Employee) -> None:
    content = CAPSULE.format(owner=ada.email)
    result = import_file(content)
    assert counts(result) == (3, 0, 0, 0)
    assert "This is a list of companies and people." in result.stdout
    told = "1 company as customers, 1 person as contacts of a company, 1 person without a company as customers of the"
    assert f"Type tells companies from people: {told} kind “person”." in result.stdout
    quist, ivo = customers(session)
    assert (quist.name, quist.kind, quist.status) == ("Quist Paper", CustomerKind.ORGANISATION, CustomerStatus.INACTIVE)
    assert (quist.billing_street, quist.website, quist.owner_id) == ("Kai 1", "quist.example", ada.id)
    assert (ivo.name, ivo.kind, ivo.billing_street, ivo.website, ivo.owner_id) == (
        "Ivo Brandt",
        CustomerKind.PERSON,
        "Gate 3",
        "brandt.example",
        ada.id,
    )
    assert [(person.name, person.customer_id, person.job_title) for person in contacts(session)] == [
        ("Ebba Quist", quist.id, "Buyer"),
        ("Ivo Brandt", ivo.id, "Singer"),
    ]
    assert leads(session) == []
    assert "Address Street: 1 value of people of companies left out, because they have no field" in result.stdout
    assert (
        "line 2: Address Street “Kai 2”: Left out, because people of companies have no field for it." in result.stdout
    )
    assert counts(import_file(content)) == (0, 0, 3, 0)


def test_deals_of_companies_and_of_people(import_file: ImportFile, session: Session) -> None:
    """What Capsule calls the contact of an opportunity is a person or a company."""
    import_file(CAPSULE.format(owner=""))
    result = import_file(
        "Id,Name,Contact,Contact Id,Milestone,Value,Currency\n71,Paper,Quist Paper,11,New,5,EUR\n"
        "72,Pens,Ebba Quist,12,New,5,EUR\n73,Ink,Nobody,99,New,5,EUR\n"
    )
    assert counts(result) == (3, 0, 0, 0)
    quist, _ivo = customers(session)
    paper, pens, ink = leads(session)
    assert (paper.name, paper.company, paper.last_name, paper.customer_id) == (quist.name, quist.name, None, quist.id)
    assert (pens.name, pens.company, pens.customer_id) == ("Ebba Quist", quist.name, quist.id)
    assert (ink.name, ink.customer_id) == ("Nobody", None)
    assert "line 4: Contact Id “99”: No contact with this ID is here. Not linked." in result.stdout
    assert "Contact Id “11”" not in result.stdout


def test_an_export_of_odoo(import_file: ImportFile, session: Session) -> None:
    assert counts(import_file(ODOO)) == (4, 0, 0, 0)
    group, subsidiary, ann = customers(session)
    assert (subsidiary.name, subsidiary.parent_id, group.parent_id) == ("Larsen Oy", group.id, None)
    assert (ann.name, ann.kind, ann.billing_city) == ("Ann Lee", CustomerKind.PERSON, "Bergen")
    kai, also_ann = contacts(session)
    assert (kai.name, kai.customer_id, kai.job_title) == ("Kai Larsen", subsidiary.id, "Director")
    assert also_ann.customer_id == ann.id
    assert counts(import_file(ODOO)) == (0, 0, 4, 0)


HEAD = "ID,Name,Type,Company,Email,City,Website,Industry\n"


def test_known_people_without_a_company_take_what_they_lack(import_file: ImportFile, session: Session) -> None:
    import_file(f"{HEAD}1,Acme Ltd,Company,,,,,\n2,Ann Lee,Person,,ann@lee.example,Oslo,,\n")
    content = f"{HEAD}1,Acme Ltd,Company,,,,,\n2,Ann Lee,Person,,ann@lee.example,Bergen,lee.example,Music\n"
    result = import_file(content)
    assert counts(result) == (0, 0, 1, 0)
    assert "Website: empty → lee.example." in result.stdout
    assert "stays Oslo; the file has Bergen." in result.stdout
    result = import_file(content, "--existing", "update")
    assert counts(result) == (0, 1, 1, 0)
    _acme, ann = customers(session)
    assert (ann.billing_city, ann.website, ann.industry) == ("Bergen", "lee.example", "Music")


def test_someone_who_joined_a_company_here_gives_it_nothing(import_file: ImportFile, session: Session) -> None:
    import_file(f"{HEAD}1,Acme Ltd,Company,,,,,\n2,Ann Lee,Person,,ann@lee.example,Oslo,,\n")
    acme, _ann = customers(session)
    (person,) = contacts(session)
    person.customer_id = acme.id
    session.commit()
    result = import_file(f"{HEAD}1,Acme Ltd,Company,,,,,\n2,Ann Lee,Person,,ann@lee.example,Bergen,lee.example,Music\n")
    assert "left out, because the contact belongs to a company here." in result.stdout
    assert customers(session)[0].website is None


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("3,Ann Lee,,,,,,", "Say whether this is a company or a person."),
        ("3,Ann Lee,Partner,,,,,", "Use company or person, or 1 for a company and 0 for a person."),
        ("3,Ann Lee,Person,Nowhere Ltd,,,,", "There is no customer “Nowhere Ltd”, or more than one."),
        ("3,,Company,,,,,", "Enter a name or an email. The row has none."),
    ],
)
def test_what_a_row_is_is_never_guessed(import_file: ImportFile, session: Session, row: str, why: str) -> None:
    result = import_file(f"{HEAD}1,Acme Ltd,Company,,,,,\n{row}\n", "--map", "is_company=Type", "--kind", "mixed")
    assert counts(result) == (1, 0, 0, 1)
    assert why in result.stdout
    result = import_file(
        *(f"{HEAD}1,Acme Ltd,Company,,,,,\n{row}\n", "--map", "is_company=Type", "--kind", "mixed"),
        *("--bad-values", "drop"),
    )
    assert counts(result) == (0, 0, 1, 1)


def test_people_may_be_of_several_companies_of_a_name(import_file: ImportFile, session: Session) -> None:
    """A name of two companies is none; an ID is one."""
    make_customer(session, name="Acme Ltd")
    head = "Id,Type,Name,Organisation,Organisation Id\n"
    rows = "1,Organisation,Nordic,,\n2,Organisation,Nordic,,\n3,Person,Ann Lee,Nordic,2\n4,Person,Bo Lee,Nordic,\n"
    result = import_file(head + rows)
    assert counts(result) == (3, 0, 0, 1)
    nordic = session.scalars(select(Customer).where(Customer.name == "Nordic").order_by(Customer.id)).all()
    assert [person.customer_id for person in contacts(session)] == [nordic[1].id]


def test_a_list_may_be_leads_by_choice(import_file: ImportFile, session: Session) -> None:
    content = CAPSULE.format(owner="")
    assert counts(import_file(content, "--kind", "leads")) == (3, 0, 0, 0)
    assert len(leads(session)) == 3
    result = import_file(content.replace("Type,", "Sort,"), "--kind", "mixed")
    assert result.exit_code == 1
    assert "No column says whether a row is a company or a person. Map one: --map is_company=…" in result.stderr


@pytest.mark.parametrize(
    ("head", "row", "target"),
    [
        ("Name,Is a Company,Email", "Acme,true,", Target.MIXED),
        ("Name,Type,Email", "Acme,Organisation,", Target.MIXED),
        # What is said of leads makes them leads.
        ("Name,Type,Status", "Acme,Organisation,New", Target.LEADS),
        ("Name,Type,Rating", "Acme,Organisation,hot", Target.LEADS),
        # A type may be anything.
        ("First Name,Type,Email", "Ann,Partner,", Target.LEADS),
        ("First Name,Type,Email", "Ann,Person,", Target.LEADS),
    ],
)
def test_lists_of_both_are_told_by_what_a_column_says(head: str, row: str, target: Target) -> None:
    assert detect_target(choose(f"{head}\n{row}\n")) is target
