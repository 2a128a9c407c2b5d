"""What a lock on a record keeps others from, on connections of their own."""

import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from sqlalchemy import update

from crm_web.core.extensions import db
from crm_web.models import Customer, Employee, Lead
from crm_web.records.operations import lock
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
