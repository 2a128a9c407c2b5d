"""Lists of accounts become customers, and lists of their people contacts."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from click.testing import Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.imports.targets import Target, detect_target
from crm_web.models import Change, Contact, Customer, CustomerKind, CustomerStatus, Employee
from tests.factories import make_contact, make_customer
from tests.imports.test_import_leads import counts, leads
from tests.imports.test_mapping import choose

ImportFile = Callable[..., Result]


def customers(session: Session) -> list[Customer]:
    session.expire_all()
    return list(session.scalars(select(Customer).order_by(Customer.id)))


def contacts(session: Session) -> list[Contact]:
    session.expire_all()
    return list(session.scalars(select(Contact).order_by(Contact.id)))


def test_a_list_of_accounts_becomes_customers(import_file: ImportFile, session: Session, ada: Employee) -> None:
    content = (
        "ACCOUNTID,Account Name,Account Type,Website,Billing City,Billing Country,Owner,Created Time\n"
        "7,Quist Paper,Customer,quistpaper.example,Oslo,NO,Ada Morgan,2024-02-03\n"
        "8,Larsen Oy,Prospect,larsen.example,,,,\n"
    )
    result = import_file(content.replace("Ada Morgan", ada.email))
    assert counts(result) == (2, 0, 0, 0)
    assert "This is a list of customers." in result.stdout
    quist, larsen = customers(session)
    assert (quist.name, quist.kind, quist.status) == ("Quist Paper", CustomerKind.ORGANISATION, CustomerStatus.ACTIVE)
    assert (quist.website, quist.billing_city, quist.billing_country) == ("quistpaper.example", "Oslo", "NO")
    assert (quist.owner_id, quist.created_at) == (ada.id, datetime(2024, 2, 3, 12, tzinfo=UTC))
    assert larsen.status is CustomerStatus.INACTIVE
    assert leads(session) == []
    assert counts(import_file(content.replace("Ada Morgan", ada.email))) == (0, 0, 2, 0)
    assert set(session.scalars(select(Change.stored_source).where(Change.entity == "customer"))) == {"import"}


HUBSPOT = "Record ID,Company name,Company Domain Name,Industry,City,Lifecycle Stage,Company owner"


@pytest.mark.parametrize(
    ("header", "target"),
    [
        (HUBSPOT, Target.CUSTOMERS),
        ("Organization - ID,Organization - Name,Organization - Label,Organization - Owner", Target.CUSTOMERS),
        ("ID,NAME,TYPE,PARENTID,BILLINGCITY,ANNUALREVENUE", Target.CUSTOMERS),
        ("Firma,Branche,Ort,Telefon", Target.CUSTOMERS),
        # Only a list of companies says which of the people in other lists are theirs.
        ("Company name,Lead Status,Associated Contact IDs", Target.CUSTOMERS),
        # Nothing tells leads with no more than a company from companies.
        ("Company,Phone,City", Target.LEADS),
        ("Company,Website", Target.LEADS),
        *((f"Company,Phone,Industry,Company size,{word}", Target.LEADS) for word in ("Source", "Status", "Stage")),
        *((f"Company,Phone,Industry,{word}", Target.LEADS) for word in ("Owner", "Amount", "Rating", "Next step")),
        ("Company,Industry,Contact person", Target.LEADS),
        ("Company,Industry,First Name", Target.LEADS),
    ],
)
def test_lists_of_companies_are_told_from_leads_with_no_more_than_a_company(header: str, target: Target) -> None:
    assert detect_target(choose(f"{header}\n{','.join('x' for _ in header.split(','))}\n")) == target


def test_the_companies_of_hubspot_become_customers_by_their_lifecycle_stage(
    import_file: ImportFile, session: Session, ada: Employee
) -> None:
    rows = f"1,Quist,quist.example,,Oslo,Customer,{ada.email}\n2,Larsen,,,,Lead,\n3,Kai,,,,,\n4,Olav,,,,Evangelist,\n"
    assert counts(import_file(f"{HUBSPOT}\n{rows}")) == (4, 0, 0, 0)
    assert [(customer.name, customer.status) for customer in customers(session)] == [
        ("Quist", CustomerStatus.ACTIVE),
        ("Larsen", CustomerStatus.INACTIVE),
        ("Kai", CustomerStatus.INACTIVE),
        ("Olav", CustomerStatus.ACTIVE),
    ]
    assert leads(session) == []


def test_the_command_says_that_leads_may_be_companies(import_file: ImportFile, session: Session) -> None:
    assert "They become leads; or use --kind customers." in import_file("Company,Phone\nQuist,\n").stdout
    assert [lead.company for lead in leads(session)] == ["Quist"]


def test_known_customers_take_what_they_lack_or_all(import_file: ImportFile, session: Session) -> None:
    known = make_customer(session, name="Quist Paper", email="old@quist.example", billing_city="Bergen")
    content = (
        "Account Name,Email,Industry,City,Street,Account Type\nQUIST PAPER,new@quist.example,Paper,Oslo,Kai 1,Churned\n"
    )
    assert "Nothing new." in import_file(content, "--existing", "skip").stdout
    result = import_file(content.replace("Account Type", "Shoe").replace("Churned", "40"), "--kind", "customers")
    session.refresh(known)
    assert (known.email, known.industry, known.billing_city, known.billing_street) == (
        "old@quist.example",
        "Paper",
        "Bergen",
        None,
    )
    assert f"line 2: Filled in. Same name as customer {known.id}. Industry: empty → Paper." in result.stdout
    assert "Email stays old@quist.example; the file has new@quist.example." in result.stdout
    assert "skipped: Shoe" in result.stdout
    assert counts(import_file(content, "--existing", "update", "--kind", "customers")) == (0, 1, 0, 0)
    session.refresh(known)
    assert (known.email, known.billing_street, known.status) == ("new@quist.example", "Kai 1", CustomerStatus.FORMER)


def test_customers_of_one_name_are_not_taken_for_each_other(import_file: ImportFile, session: Session) -> None:
    for number in (1, 2):
        make_customer(session, name="Quist", email=f"{number}@quist.example")
    rows = "1,Quist,\n2,Quist,2@quist.example\n3,Larsen,\n4,Larsen,\n"
    result = import_file("Account ID,Account Name,Email\n" + rows, "--kind", "customers")
    assert counts(result) == (2, 0, 1, 1)
    assert "line 2: Several customers have this name. Merge them first." in result.stdout
    people = "First Name,Last Name,Email\nAnn,Lee,a@x.com\nAnn,Lee,b@x.com\nAnn,Lee,A@x.com\n"
    assert counts(import_file(people, "--kind", "customers")) == (2, 0, 1, 0)
    assert customers(session)[-1].kind is CustomerKind.PERSON


def test_contacts_go_to_their_customers(import_file: ImportFile, session: Session) -> None:
    company = make_customer(session, name="Fjord Lights")
    known = make_contact(session, company, first_name="Ebba", last_name="Quist", email="ebba@fjord.example")
    session.commit()
    content = (
        "Contact ID,First Name,Last Name,Account Name,Email,Phone,Title\n"
        "1,Ebba,Quist,FJORD LIGHTS,EBBA@fjord.example,212 555 0123,CEO\n"
        "2,Ines,Larsen,Fjord Lights,ines@fjord.example,,\n3,Ines,Larsen,Fjord Lights,Ines@fjord.example,212 555 0124,\n"
        "4,Olav,Berg,Nobody Ltd,o@nobody.example,,\n5,Eve,Ray,,e@x.example,,\n"
    )
    result = import_file(content, "--kind", "contacts")
    assert counts(result) == (2, 0, 0, 1)
    session.refresh(known)
    assert (known.job_title, known.phone_e164) == ("CEO", "+12125550123")
    ines = contacts(session)[1]
    assert (ines.name, ines.customer_id, ines.phone_e164) == ("Ines Larsen", company.id, "+12125550124")
    assert [contact.is_primary for contact in contacts(session)[:2]].count(True) == 1
    assert "line 5: There is no customer “Nobody Ltd”, or more than one." in result.stdout
    assert f"line 2: Filled in. Same email as contact {known.id}." in result.stdout
    assert leads(session) == []


def test_a_contact_without_a_company_is_a_customer_as_well(import_file: ImportFile, session: Session) -> None:
    known = make_customer(session, name="Olav Berg", kind=CustomerKind.PERSON, email="olav@berg.example")
    long = "x" * 200
    content = (
        "Contact ID,First Name,Last Name,Account Name,Email,Mobile,Title\n"
        "1,Eve,Ray,,eve@ray.example,212 555 0123,CEO\n2,Olav,Berg, ,OLAV@berg.example,,\n3,,,,,,\n"
        f"4,{long},{long},,,,\n5,Eve,Ray,,Eve@ray.example,,\n"
    )
    result = import_file(content, "--kind", "contacts")
    assert counts(result) == (2, 0, 1, 2)
    for text in (
        "line 2: No company: their customer is the person, as inactive.",
        "line 3: No company",
        "line 4: Enter a name or an email. The row has none.",
        "line 5: Shorten the name to 300 characters in all.",
    ):
        assert (text in result.stdout) == (text != "line 3: No company"), text
    eve = customers(session)[-1]
    assert (eve.name, eve.kind, eve.status, eve.email) == ("Eve Ray", "person", "inactive", "eve@ray.example")
    assert [(c.name, c.customer_id, c.job_title, c.is_primary) for c in contacts(session)] == [
        ("Eve Ray", eve.id, "CEO", True),
        ("Olav Berg", known.id, None, True),
    ]
    import_file("Deal ID,Deal Name,Contact ID\n9,Renewal,1\n")
    assert [(lead.name, lead.customer_id) for lead in leads(session)] == [("Eve Ray", eve.id)]
    without_ids = "\n".join(line.partition(",")[2] for line in content.splitlines()[:3]) + "\n"
    assert counts(import_file(without_ids, "--kind", "contacts"))[:2] == (0, 0)
    assert len(customers(session)) == 2
    assert counts(import_file(f"First Name,Last Name\n{long},{long}\n", "--kind", "customers")) == (0, 0, 0, 1)


def test_a_contact_that_nothing_but_its_row_identifies_is_created_once(
    import_file: ImportFile, session: Session
) -> None:
    for name in ("Fjord Lights", "Quist Paper"):
        make_customer(session, name=name)
    content = (
        "First Name,Last Name,Account Name\nAnn,Lee,Fjord Lights\nAnn,Lee,Quist Paper\nAnn,Lee,Fjord Lights\nEve,Ray,\n"
    )
    result = import_file(content, "--kind", "contacts")
    assert counts(result) == (4, 0, 0, 0)
    assert "line 4: Line 2 has the same content." in result.stdout
    assert counts(import_file(content, "--kind", "contacts")) == (0, 0, 4, 0)
    assert counts(import_file(content.replace("Eve", "Eva"), "--kind", "contacts")) == (1, 0, 3, 0)
    people = "First Name,Last Name\nIna,Berg\n"
    assert [counts(import_file(people, "--kind", "customers")) for _ in range(2)] == [(1, 0, 0, 0), (0, 0, 1, 0)]
