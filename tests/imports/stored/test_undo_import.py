"""An import is taken back, but for what changed since."""

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from crm_web.models import Activity, Change, Contact, Conversion, Customer, Employee, Import, ImportState, Lead
from tests.databases import OwnDatabase
from tests.factories import make_customer, make_lead
from tests.imports.stored.conftest import Upload, Work
from tests.page import Browser, Page
from tests.rows import count

FILE = """Id,Name,Company,Email,Stage,Phone
1,Ada Byron,Engines Ltd,ada@engines.example,Won,
2,Bea Cole,Looms Ltd,bea@looms.example,New,
3,Cy Dorn,Mills Ltd,cy@mills.example,Won,
4,Dee Ermine,Dyes Ltd,dee@dyes.example,New,
5,Eve Flax,Yarns Ltd,eve@yarns.example,Won,+44 20 7946 0958
6,Fay Gold,Rings Ltd,fay@rings.example,Contacted,+44 20 7946 0959
"""


@pytest.fixture
def app(own_database: OwnDatabase) -> Flask:
    """With transactions of their own: by them the undo tells the changes of an import from others."""
    return own_database.app


@pytest.fixture
def session(own_database: OwnDatabase) -> Iterator[Session]:
    """A session whose commits are real."""
    with own_database.session() as session:
        yield session


def run_import(upload: Upload, work: Work, content: str = FILE, **settings: str) -> Page:
    """Import a file, and give its receipt."""
    page = upload(content).form("/file").submit(**settings).follow().form("/columns").submit().follow()
    work()
    page = page.browser.open(page.url).form("/import").submit().follow()
    work()
    return page.browser.open(page.url)


def undo(page: Page, work: Work) -> Page:
    """Press the button, let the worker do it, and look again."""
    page = page.button("Undo import").follow()
    work()
    return page.browser.open(page.url)


def test_a_customer_that_became_active_is_inactive_again(
    session: Session, upload: Upload, work: Work, max: Employee
) -> None:
    known = make_customer(session, name="Engines Ltd", status="inactive")
    page = run_import(upload, work)
    assert "1 inactive customer became active, because a lead is won for them." in page.text
    session.refresh(known)
    assert known.status == "active"
    assert "couldn’t be undone" not in undo(page, work).text
    session.refresh(known)
    assert known.status == "inactive"


def test_what_was_made_and_filled_is_taken_back_and_can_be_imported_again(
    session: Session, upload: Upload, work: Work, max: Employee
) -> None:
    closed = make_lead(session, last_name="Flax", first_name="Eve", email="eve@yarns.example", status="qualified")
    filled = make_lead(session, last_name="Gold", first_name="Fay", email="fay@rings.example", status="contacted")
    page = run_import(upload, work)
    assert page.facts["Created"] == "4", page
    session.commit()
    session.expire_all()
    assert (closed.status, filled.phone_e164) == ("won", "+442079460959")
    assert count(session, Customer) == 3
    page = undo(page, work)
    assert "Import undone" in page.text and "couldn’t be undone" not in page.text
    session.commit()
    session.expire_all()
    assert count(session, Lead, Lead.deleted_at.is_(None)) == 2
    assert count(session, Customer, Customer.deleted_at.is_(None)) == 0
    assert (closed.status, closed.customer_id, closed.closed_at, closed.phone) == ("qualified", None, None, None)
    assert (filled.phone, filled.phone_e164, filled.company) == (None, None, None)
    assert count(session, Conversion, Conversion.lead_id == closed.id, Conversion.undone_at.is_(None)) == 0
    last = session.scalars(select(Change).where(Change.entity == "lead").order_by(Change.id.desc())).first()
    assert last is not None and (last.source, last.actor_id) == ("import", max.id)
    page = run_import(upload, work)
    assert page.facts["Created"] == "4"


def test_what_changed_since_is_left_and_listed(session: Session, upload: Upload, work: Work, browser: Browser) -> None:
    filled = make_lead(session, last_name="Gold", first_name="Fay", email="fay@rings.example", status="contacted")
    page = run_import(upload, work)
    leads = {lead.last_name: lead for lead in session.scalars(select(Lead).options(joinedload(Lead.customer)))}
    session.commit()
    edit = browser.get("leads.edit_lead", lead_id=leads["Byron"].id).form("/edit").submit(city="London")
    assert edit.status == 303
    browser.post("activities.add_to_lead", {"kind": "note", "subject": "Called"}, lead_id=leads["Cole"].id)
    customer_id = leads["Dorn"].customer_id
    browser.post("leads.create_lead", {"last_name": "Again", "customer_id": customer_id})
    assert browser.get("leads.edit_lead", lead_id=filled.id).form("/edit").submit(company="Rings AG").status == 303
    numbers = {name: lead.customer.number for name, lead in leads.items() if lead.customer}
    page = undo(page, work)
    assert {row["Lead"]: row["Reason"] for row in page.table} == {
        "Ada Byron": f"The lead changed since. Customer {numbers['Byron']} is in use.",
        "Bea Cole": "The lead has activities.",
        "Cy Dorn": f"Customer {numbers['Dorn']} is in use.",
        "Fay Gold": "Some fields changed since and stay as they are.",
    }
    session.commit()
    session.expire_all()
    assert (filled.company, filled.phone) == ("Rings AG", None)
    assert session.get_one(Lead, leads["Dorn"].id).is_in_trash
    assert session.scalars(select(Import.state)).one() is ImportState.UNDONE


def test_a_list_of_customers_is_taken_back(session: Session, upload: Upload, work: Work) -> None:
    known = make_customer(session, name="Engines Ltd", phone="212 555 0123", phone_e164="+12125550123")
    changed = make_customer(session, name="Looms Ltd")
    session.commit()
    content = (
        "Account Name,Account Type,Website\nEngines Ltd,Customer,engines.example\nLooms Ltd,Customer,looms.example\n"
    )
    page = run_import(upload, work, content + "Dyes Ltd,Customer,dyes.example\n")
    assert count(session, Customer) == 3
    session.refresh(known)
    session.refresh(changed)
    assert (known.website, changed.website) == ("engines.example", "looms.example")
    changed.website = "other.example"
    session.commit()
    undo(page, work)
    session.expire_all()
    assert (known.website, changed.website) == (None, "other.example")
    assert [customer.is_in_trash for customer in session.scalars(select(Customer).order_by(Customer.id))] == [
        False,
        False,
        True,
    ]


def test_an_undo_is_done_once(session: Session, upload: Upload, work: Work) -> None:
    form = run_import(upload, work).form("/undo")
    form.submit()
    form.submit()
    work()
    assert form.submit().location is not None
    work()
    assert session.scalars(select(Import.state)).one() is ImportState.UNDONE


def test_activities_get_back_what_they_were(session: Session, upload: Upload, work: Work) -> None:
    make_lead(session, last_name="Lone", email="lone@x.example")
    session.commit()
    content = "Activity ID,Activity Type,Subject,Email,Task Due Date\n"
    rows = "A1,Task,Follow up,lone@x.example,{0},\nA2,Task,Call,lone@x.example,{0},\n"
    run_import(upload, work, content + rows.format(""))
    page = run_import(upload, work, content + rows.format("2026-12-24"))
    first, second = session.scalars(select(Activity).order_by(Activity.id))
    assert first.due_on == date(2026, 12, 24)
    session.delete(second)
    session.commit()
    page = undo(page, work)
    session.expire_all()
    assert session.scalars(select(Activity.due_on)).all() == [None]
    assert "It was permanently deleted." in page.text


def test_contacts_without_a_company_go_to_the_trash_with_their_customers(
    session: Session, upload: Upload, work: Work
) -> None:
    content = "Contact ID,First Name,Last Name,Email\n1,Eve,Ray,eve@ray.example\n2,Ola,Berg,ola@berg.example\n"
    page = run_import(upload, work, content, target="contacts")
    ola = session.scalars(select(Customer).where(Customer.name == "Ola Berg")).one()
    ola.description = "Prefers letters"
    session.commit()
    page = undo(page, work)
    session.expire_all()
    for model in (Customer, Contact):
        left = select(model.name).where(model.deleted_at.is_(None))
        assert session.scalars(left).all() == ["Ola Berg"]
    assert "Its customer stays." in page.text


def test_parent_companies_go_with_the_import_unless_a_company_below_stays(
    session: Session, upload: Upload, work: Work
) -> None:
    known = make_customer(session, name="Known")
    content = "Account ID,Account Name,Parent Account ID\n1,Group,\n2,Daughter,1\n3,Known,2\n4,Lone,1\n"
    page = undo(run_import(upload, work, content), work)
    assert (page.facts.get("Not undone"), count(session, Customer, Customer.deleted_at.is_(None))) == (None, 1)
    session.expire_all()
    assert session.scalars(select(Customer.parent_id).where(Customer.id == known.id)).one() is None
    page = run_import(upload, work, content)
    session.expire_all()
    daughter = session.scalars(select(Customer).where(Customer.name == "Daughter", Customer.deleted_at.is_(None))).one()
    assert known.parent_id == daughter.id
    daughter.industry = "Paper"
    session.commit()
    page = undo(page, work)
    session.expire_all()
    left = session.scalars(select(Customer.name).where(Customer.deleted_at.is_(None)).order_by(Customer.name))
    assert list(left) == ["Daughter", "Group", "Known"], page.text
