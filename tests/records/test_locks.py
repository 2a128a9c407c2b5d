"""What a lock on a record keeps others from, on connections of their own."""

import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from sqlalchemy import select, update

from crm_web.core.extensions import db
from crm_web.core.request_log import count_queries
from crm_web.models import Customer, Employee, Lead
from crm_web.records.operations import find_locked, lock
from tests.databases import OwnDatabase
from tests.factories import make_customer, make_lead

Model = type[Lead] | type[Customer] | type[Employee]

REFERRING: dict[Model, str] = {
    Lead: "INSERT INTO activities (kind, subject, lead_id) VALUES ('note', 'Talked', %s)",
    Customer: "INSERT INTO contacts (last_name, customer_id) VALUES ('Okoro', %s)",
    Employee: "INSERT INTO leads (last_name, created_by_id) VALUES ('Okoro', %s)",
}
"""A row that refers to a record of each kind."""


@pytest.fixture
def ids(own_database: OwnDatabase) -> dict[Model, int]:
    """The id of a record of each kind."""
    with own_database.session() as session:
        ann = own_database.find(session, "ann")
        return {Lead: make_lead(session).id, Customer: make_customer(session).id, Employee: ann.id}


def refer(connection: Connection, model: Model, record_id: int) -> None:
    """Write a row that refers to a record, and wait for nobody."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = 50")
        cursor.execute(REFERRING[model], (record_id,))


def test_rows_that_refer_to_a_changed_record_are_written(own_database: OwnDatabase, ids: dict[Model, int]) -> None:
    """A generated column in a unique index would count as a changed key, and lock the row as for a deletion."""
    other = own_database.connect()
    for model, record_id in ids.items():
        with own_database.app.app_context():
            lock(db.session.get_one(model, record_id))
            db.session.execute(update(model).where(model.id == record_id).values(phone="+4420"))
            refer(other, model, record_id)
            other.rollback()
            db.session.rollback()
    other.close()


def test_a_record_is_locked_while_rows_that_refer_to_it_are_written(
    own_database: OwnDatabase, ids: dict[Model, int]
) -> None:
    """A person changes the theme while their large bulk edit is still running."""
    other = own_database.connect()
    for model, record_id in ids.items():
        refer(other, model, record_id)
        with own_database.app.app_context():
            db.session.execute(db.text("SET LOCAL lock_timeout = 50"))
            lock(db.session.get_one(model, record_id))
            db.session.rollback()
        other.rollback()
    other.close()


def test_no_row_refers_to_a_record_that_is_about_to_be_deleted(
    own_database: OwnDatabase, ids: dict[Model, int]
) -> None:
    other = own_database.connect()
    models: tuple[Model, ...] = (Lead, Customer)
    for model in models:
        with own_database.app.app_context():
            lock(db.session.get_one(model, ids[model]), deleting=True)
            with pytest.raises(errors.LockNotAvailable):
                refer(other, model, ids[model])
            other.rollback()
            db.session.rollback()
    other.close()


def test_what_was_found_locked_is_locked_once(own_database: OwnDatabase, ids: dict[Model, int]) -> None:
    with own_database.app.app_context():
        ann = db.session.scalars(select(Employee).where(Employee.email == "ann@piper.example")).one()
        lead = find_locked(Lead, ids[Lead], by=ann)
        assert lead is not None
        other = own_database.connect()
        with other.cursor() as cursor, pytest.raises(errors.LockNotAvailable):
            cursor.execute("SELECT FROM leads WHERE id = %s FOR UPDATE NOWAIT", (lead.id,))
        other.rollback()
        with count_queries() as queries:
            lock(lead, by=ann)
        assert queries.count == 0
        # Another person has to be named to the history, and a deletion needs a stronger lock.
        bob = db.session.scalars(select(Employee).where(Employee.email == "bob@piper.example")).one()
        with count_queries() as queries:
            lock(lead, by=bob)
            lock(lead, deleting=True)
        assert queries.count == 2
        db.session.rollback()
        other.close()


def test_what_was_found_locked_is_read_anew_in_the_next_transaction(
    own_database: OwnDatabase, ids: dict[Model, int]
) -> None:
    other = own_database.connect()
    with own_database.app.app_context():
        ann = db.session.scalars(select(Employee).where(Employee.email == "ann@piper.example")).one()
        lead = find_locked(Lead, ids[Lead], by=ann)
        assert lead is not None
        assert find_locked(Lead, 2**62, by=ann) is None
        for end in (db.session.commit, db.session.rollback):
            end()
            assert lead.city != end.__name__
            db.session.rollback()
            with other, other.cursor() as cursor:
                cursor.execute("UPDATE leads SET city = %s WHERE id = %s", (end.__name__, ids[Lead]))
            lock(lead, by=ann)
            assert lead.city == end.__name__
            db.session.rollback()
            find_locked(Lead, ids[Lead], by=ann)
        db.session.rollback()
    other.close()
