"""Activities that name their deal, company or person only by its name: one of that name is taken, of several none."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_web.models import Activity, Customer, Lead
from tests.factories import make_contact, make_customer, make_lead
from tests.imports.test_activity_files import activities
from tests.imports.test_import_leads import counts, leads

ImportFile = Callable[..., Result]
DEALS = "Deal ID,Deal Name,Amount,Stage,Account Name\n{rows}"
NOTES = "Note Title,Note Content,Deal,Account Name\n{rows}"


def test_a_deal_is_found_by_its_name_later_on(import_file: ImportFile, session: Session) -> None:
    import_file(DEALS.format(rows="1,Renewal  2026,5,New,Quist Paper\n2,Website,5,New,Quist Paper\n3,Renewal,5,New,\n"))
    renewal, website, other = leads(session)
    content = NOTES.format(rows="A,x,RENEWAL 2026,\nB,y,Website,Quist Paper\nC,z,renewal,\nD,z,Nothing,\nE,z,,\n")
    result = import_file(content)
    assert counts(result) == (3, 0, 0, 2)
    assert [note.lead_id for note in activities(session)] == [renewal.id, website.id, other.id]
    assert "line 5: No lead, contact or customer here is the one that this belongs to." in result.stdout
    assert "line 6: Nothing names the lead, contact or customer" in result.stdout
    assert counts(import_file(content)) == (0, 0, 3, 2)


def test_of_several_deals_of_a_name_none_is_taken(import_file: ImportFile, session: Session) -> None:
    import_file(DEALS.format(rows="1,Renewal,5,New,Quist Paper\n2,Renewal,5,New,Fjord AS\n3,Renewal,5,New,Fjord AS\n"))
    first, second, third = leads(session)
    result = import_file(NOTES.format(rows="A,x,Renewal,\nB,x,Renewal,Quist Paper\nC,x,Renewal,Fjord AS\n"))
    assert counts(result) == (1, 0, 0, 2)
    assert f"line 2: Several leads are called “Renewal”, such as lead {first.id} and lead {third.id}." in result.stdout
    assert f"line 4: Several leads are called “Renewal”, such as lead {second.id} and lead {third.id}." in result.stdout
    assert [note.lead_id for note in activities(session)] == [first.id]


def test_a_deal_of_another_company_is_another_deal(import_file: ImportFile, session: Session) -> None:
    import_file(DEALS.format(rows="1,Renewal,5,New,Quist Paper\n"))
    assert counts(import_file(NOTES.format(rows="A,x,Renewal,Fjord AS\n"))) == (0, 0, 0, 1)
    customer = make_customer(session, name="Fjord AS")
    session.commit()
    # It is not here; its company is.
    assert counts(import_file(NOTES.format(rows="A,x,Renewal,Fjord AS\n"))) == (1, 0, 0, 0)
    assert [(note.lead_id, note.customer_id) for note in activities(session)] == [(None, customer.id)]


def test_of_several_deals_of_one_customer_the_customer_has_the_activity(
    import_file: ImportFile, session: Session
) -> None:
    customer = make_customer(session, name="Fjord AS")
    for number in (1, 2):
        make_lead(session, last_name="x", company="Fjord AS", description=f"Deal Name: Renewal\n\n{number}")
    session.commit()
    result = import_file(NOTES.format(rows="A,x,Renewal,Fjord AS\n"))
    assert counts(result) == (1, 0, 0, 0)
    assert "Several leads of this customer are called so, such as lead" in result.stdout
    assert activities(session)[0].customer_id == customer.id


def test_what_people_write_is_no_name_of_a_deal(import_file: ImportFile, session: Session) -> None:
    make_lead(session, last_name="x", description="Product: Renewal")
    make_lead(session, last_name="y", description="Remember: Renewal\nDeal Name: Renewal")
    session.commit()
    assert counts(import_file(NOTES.format(rows="A,x,Renewal,\n"))) == (0, 0, 0, 1)


def test_a_name_of_a_customer_and_of_a_lead_is_neither(import_file: ImportFile, session: Session) -> None:
    """“Related To” may mean a deal or a company; “Deal” means a deal."""
    customer = make_customer(session, name="Quist Paper")
    lead = make_lead(session, last_name="Quist Paper")
    session.commit()
    content = "Subject,Due Date,Status,Related To\nCall,2026-12-04,Open,quist paper\n"
    result = import_file(content)
    assert counts(result) == (0, 0, 0, 1)
    assert f"Customer {customer.number} and lead {lead.id} are both called “quist paper”. Give the ID" in result.stdout
    assert counts(import_file(content.replace("Related To", "Deal"))) == (1, 0, 0, 0)
    assert activities(session)[0].lead_id == lead.id
    lead.customer_id = customer.id
    session.commit()
    # The deal of the very company.
    assert counts(import_file(content.replace("Call", "Meet"))) == (1, 0, 0, 0)
    assert activities(session)[1].lead_id == lead.id


def test_of_several_companies_and_people_none_is_taken(import_file: ImportFile, session: Session) -> None:
    first, second = (make_customer(session, name="Nordic", email=f"{number}@x.example") for number in (1, 2))
    for customer in (first, second):
        make_contact(session, customer, first_name="Ann", last_name="Lee")
    make_lead(session, first_name="Ann", last_name="Lee")
    for _ in range(2):
        make_lead(session, last_name="Quixley")
    session.commit()
    result = import_file(
        "Note Title,Note Content,Account Name,Contact Name\nA,x,nordic,\nB,x,,Ann Lee\nC,x,,Quixley\nD,x,Acme,\n"
    )
    assert counts(result) == (0, 0, 0, 4)
    assert f"“nordic”, such as customer {first.number} and customer {second.number}. Give the ID" in result.stdout
    assert f"“Ann Lee”, such as Ann Lee at customer {first.number} and Ann Lee at" in result.stdout
    assert "Several leads are called “Quixley”, such as lead" in result.stdout
    assert "line 5: No lead, contact or customer here is the one" in result.stdout


@pytest.mark.parametrize("is_twice", [False, True])
def test_what_came_in_the_same_import_counts_first(
    app: Flask, session: Session, tmp_path: Path, is_twice: bool
) -> None:
    make_lead(session, last_name="x", description="Deal Name: Renewal")
    for number in (8, 9):
        make_customer(session, name="Nordic", email=f"{number}@x.example")
    session.commit()
    accounts = "9,Nordic,Customer,9@x.example\n" + "8,Nordic,Customer,8@x.example\n" * is_twice
    files = {
        "accounts": f"Account ID,Account Name,Account Type,Email\n{accounts}",
        "deals": DEALS.format(rows="1,Renewal,5,New,\n" + "2,Renewal,5,New,\n" * is_twice),
        "notes": NOTES.format(rows="A,x,Renewal,\nB,x,,Nordic\n"),
    }
    for name, text in files.items():
        (tmp_path / f"{name}.csv").write_text(text)
    paths = [str(tmp_path / f"{name}.csv") for name in files]
    result = app.test_cli_runner().invoke(args=["import", *paths])
    assert result.exit_code == (3 if is_twice else 0), result.output
    lead_id = session.scalar(select(Lead.id).where(Lead.external_id == "1"))
    customer_id = session.scalar(select(Customer.id).where(Customer.email == "9@x.example"))
    expected = [] if is_twice else [(lead_id, None), (None, customer_id)]
    assert session.execute(select(Activity.lead_id, Activity.customer_id).order_by(Activity.id)).all() == expected
