"""`flask demo load`: fills an empty database, and no other."""

import secrets
from collections.abc import Iterator
from contextlib import closing

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from crm_web.models import (
    Change,
    ChangeSource,
    Contact,
    Conversion,
    Customer,
    CustomerKind,
    Employee,
    Lead,
    LeadStatus,
    Role,
)
from tests.databases import OwnDatabase, copy_template
from tests.factories import make_sign_in
from tests.page import Browser
from tests.stateful.invariants import list_violations


@pytest.fixture(scope="module")
def database() -> Iterator[OwnDatabase]:
    """A database that nobody used yet."""
    own = OwnDatabase(copy_template(secrets.token_hex(4), of="empty"))
    try:
        yield own
    finally:
        own.drop()


@pytest.fixture(scope="module")
def loading(database: OwnDatabase) -> Result:
    """The demo was loaded into it, once for all tests of this file."""
    return database.app.test_cli_runner().invoke(args=["demo", "load"])


@pytest.fixture
def filled(database: OwnDatabase, loading: Result) -> Iterator[Session]:
    """A session on the filled database."""
    with database.session() as session:
        yield session


def test_its_first_pages_are_planned_with_statistics(filled: Session) -> None:
    known = text("SELECT reltuples FROM pg_class WHERE oid = ANY(ARRAY['leads', 'customers', 'changes']::regclass[])")
    assert min(filled.scalars(known)) > 100


def test_says_what_it_filled(loading: Result) -> None:
    assert loading.exit_code == 0
    assert [line.partition(": ")[0] for line in loading.stderr.splitlines()] == ["Database"]
    first, last = loading.stdout.splitlines()
    assert first == "Filling the demo company …"
    assert "5 people, 400 leads, 120 customers" in last


def test_fills_every_table(filled: Session) -> None:
    counts = [filled.scalar(select(func.count()).select_from(model)) for model in (Lead, Customer, Conversion)]
    assert counts == [400, 120, 94]
    assert filled.scalar(select(func.count(func.distinct(Lead.status)))) == len(LeadStatus)


def test_people_have_their_roles_and_manager(filled: Session) -> None:
    people = {person.email.partition("@")[0]: person for person in filled.scalars(select(Employee))}
    assert {name: person.role for name, person in people.items()} == {
        "ada": Role.ADMIN,
        "max": Role.MANAGER,
        "ann": Role.SALES,
        "bob": Role.SALES,
        "vera": Role.VIEWER,
    }
    assert people["ann"].manager_id == people["bob"].manager_id == people["max"].id
    assert len({person.time_zone for person in people.values()}) == 5


def test_people_can_sign_in(database: OwnDatabase, filled: Session) -> None:
    page = Browser(database.app).post("auth.sign_in", {"email": "ann@piper.example", "password": "piper-demo"})
    assert page.status == 303
    assert page.follow().h1 == "Today"


def test_history_names_who_entered_what(filled: Session) -> None:
    lead = filled.scalars(select(Lead).order_by(Lead.id).limit(1)).one()
    of_lead = select(Change).where(Change.entity == "lead", Change.entity_id == lead.id)
    lines = filled.scalars(of_lead.order_by(Change.id)).all()
    assert {(change.actor_id, change.source) for change in lines} == {(lead.created_by_id, ChangeSource.WEB)}
    assert [change.version for change in lines] == list(range(1, lead.version + 1))


def test_history_tells_the_times_of_the_story(database: OwnDatabase, filled: Session) -> None:
    """As if it had been written down then: nothing contradicts it, and most of it is not of today."""
    with closing(database.connect()) as connection:
        assert list_violations(connection) == []
    long_ago = select(func.count()).select_from(Change).where(Change.at < func.now() - text("interval '30 days'"))
    assert (filled.scalar(long_ago) or 0) > 1000
    assert filled.scalar(select(func.count()).select_from(Change).where(Change.at > func.now())) == 0
    assert filled.scalar(select(func.count()).select_from(Change).where(Change.entity == "employee")) == 5


def test_numbers_grow_with_time(filled: Session) -> None:
    for model in (Lead, Customer):
        times = filled.scalars(select(model.created_at).order_by(model.id)).all()
        assert times == sorted(times)


def test_customers_are_made_as_won_leads_make_them(filled: Session) -> None:
    customer = filled.scalars(
        select(Customer)
        .where(Customer.created_from_lead_id.is_not(None), Customer.kind == CustomerKind.ORGANISATION)
        .order_by(Customer.id)
        .limit(1)
    ).one()
    lead = customer.created_from_lead
    assert lead is not None
    assert lead.customer_id == customer.id
    assert customer.name == (lead.company or lead.name)
    assert (customer.email, customer.phone_e164) == (lead.email, lead.phone_e164 or lead.mobile_e164)
    assert (customer.owner_id, customer.billing_city) == (lead.owner_id, lead.city)
    primary = filled.scalars(select(Contact).where(Contact.customer_id == customer.id, Contact.is_primary)).one()
    assert (primary.last_name, primary.email) == (lead.last_name, lead.email)


def test_a_new_lead_can_follow(database: OwnDatabase, filled: Session) -> None:
    ann = database.find(filled, "ann")
    browser = Browser(database.app, token=make_sign_in(filled, ann))
    assert browser.get("leads.new_lead").form().submit(last_name="Newcomer").status == 303
    latest = filled.scalars(select(Lead).order_by(Lead.id.desc()).limit(1)).one()
    assert latest.last_name == "Newcomer"


@pytest.mark.parametrize("words", ["Rhabarber", "Fine Foods>", "มหานคร", "佐藤", "Παπαδόπουλος", "Muller"])
def test_people_are_found_in_every_script(database: OwnDatabase, filled: Session, words: str) -> None:
    browser = Browser(database.app, token=make_sign_in(filled, database.find(filled, "vera")))
    assert browser.get("leads.list_leads", q=words).table


def test_refuses_a_database_with_people(app: Flask, session: Session) -> None:
    result = app.test_cli_runner().invoke(args=["demo", "load"])
    assert result.exit_code == 1
    error = "Error: There are people in this database already: the demo only goes into an empty one."
    assert result.stderr.splitlines()[1:] == [error]
    assert session.scalar(select(func.count()).select_from(Lead)) == 0
