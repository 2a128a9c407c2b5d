"""Two people at once, each on a connection of their own."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from psycopg2 import errors
from psycopg2.extensions import connection as Connection
from sqlalchemy import select, text, update

from crm_web.core.extensions import db
from crm_web.employees.operations import (
    EmployeeChangedMeanwhile,
    Handover,
    LastAdministrator,
    SuccessorNeeded,
    change_employee,
    deactivate,
)
from crm_web.models import Employee, Lead, Role
from tests.databases import OwnDatabase
from tests.factories import make_lead


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Somebody else, who works at the same time."""
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def one(own_database: OwnDatabase, pool: ThreadPoolExecutor) -> Iterator[Connection]:
    """A bare connection; closed before the pool waits for those who wait for it."""
    connection = own_database.connect()
    yield connection
    connection.close()


@pytest.fixture
def app(own_database: OwnDatabase) -> Flask:
    """The application on a database of the test's own, in which max is an administrator too."""
    with own_database.session() as session:
        session.execute(update(Employee).where(Employee.name.like("Max%")).values(role=Role.ADMIN))
        session.commit()
    return own_database.app


def act(app: Flask, action: Callable[..., Any], name: str, **settings: Any) -> Any:
    """Do something to an employee in a transaction of its own, as ada."""
    with app.app_context():
        people = {person.name.split()[0].lower(): person for person in db.session.scalars(select(Employee))}
        if action is change_employee:
            settings = {"version": people[name].version, "handover": None} | settings
        result = action(people[name], by=people["ada"], **settings)
        db.session.commit()
        return result


def demote(app: Flask, name: str) -> Any:
    """Take the role of an administrator from somebody."""
    return act(app, change_employee, name, values={"role": Role.MANAGER})


def wait_until_it_waits(own_database: OwnDatabase, other: "Future[Any]") -> None:
    """Give the other side time to come to the lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for _ in range(500):
        with own_database.engine.connect() as connection:
            if connection.scalar(text(waiting)):
                return
        assert not other.done(), "it did not wait"
        time.sleep(0.01)
    raise AssertionError("it never came to the lock")


def run(connection: Connection, statement: str) -> None:
    """Run plain SQL inside the connection's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def count_administrators(app: Flask) -> int:
    """How many are left."""
    with app.app_context():
        return len(db.session.scalars(select(Employee).where(Employee.role == Role.ADMIN, Employee.is_active)).all())


def test_plain_sql_can_not_take_both_administrators_at_once(
    app: Flask, own_database: OwnDatabase, pool: ThreadPoolExecutor, one: Connection
) -> None:
    other = own_database.connect()
    run(one, "UPDATE employees SET role = 'manager' WHERE email = 'ada@piper.example'")
    second = pool.submit(run, other, "UPDATE employees SET is_active = false WHERE email = 'max@piper.example'")
    wait_until_it_waits(own_database, second)
    one.commit()
    with pytest.raises(errors.CheckViolation) as refusal:
        second.result(10)
    assert refusal.value.diag.constraint_name == "ck_employees_one_admin"
    other.close()
    assert count_administrators(app) == 1


def test_the_second_to_demote_waits_and_is_told(
    app: Flask, own_database: OwnDatabase, pool: ThreadPoolExecutor, one: Connection
) -> None:
    run(one, "UPDATE employees SET role = 'manager' WHERE email = 'ada@piper.example'")
    second = pool.submit(demote, app, "max")
    wait_until_it_waits(own_database, second)
    one.commit()
    with pytest.raises(LastAdministrator):
        second.result(10)
    assert count_administrators(app) == 1


def test_a_refused_first_lets_the_second_through(
    app: Flask, own_database: OwnDatabase, pool: ThreadPoolExecutor, one: Connection
) -> None:
    run(one, "UPDATE employees SET role = 'manager' WHERE email = 'ada@piper.example'")
    second = pool.submit(demote, app, "max")
    wait_until_it_waits(own_database, second)
    one.rollback()
    second.result(10)
    assert count_administrators(app) == 1


def test_two_administrators_who_demote_each_other_leave_one(app: Flask, pool: ThreadPoolExecutor) -> None:
    together = Barrier(2)

    def try_to_demote(name: str) -> bool:
        together.wait(30)
        try:
            demote(app, name)
        except LastAdministrator:
            return False
        return True

    assert sorted(pool.map(try_to_demote, ("ada", "max"))) == [False, True]
    assert count_administrators(app) == 1


def test_two_who_hand_over_to_each_other_do_not_wait_in_a_ring(
    app: Flask, own_database: OwnDatabase, pool: ThreadPoolExecutor, one: Connection
) -> None:
    with own_database.session() as session:
        ann, bob = own_database.find(session, "ann"), own_database.find(session, "bob")
        for owner in (ann, bob):
            make_lead(session, owner_id=owner.id)
    together = Barrier(2)

    def leave(name: str, successor_id: int) -> bool:
        together.wait(30)
        with app.app_context():
            successor = db.session.get_one(Employee, successor_id)
        try:
            act(app, deactivate, name, handover=Handover(successor))
        except Exception as error:
            return type(error).__name__ in ("SuccessorNotEntitled", "SuccessorNeeded")
        return True

    assert all(pool.map(leave, ("ann", "bob"), (bob.id, ann.id)))
    with own_database.session() as session:
        owners = session.scalars(select(Employee).join(Lead, Lead.owner_id == Employee.id)).all()
        assert all(owner.is_active for owner in owners)


def test_who_is_given_a_lead_just_now_is_not_deactivated_with_it(
    app: Flask, own_database: OwnDatabase, pool: ThreadPoolExecutor, one: Connection
) -> None:
    with own_database.session() as session:
        make_lead(session)
    run(one, "UPDATE leads SET owner_id = (SELECT id FROM employees WHERE email = 'ann@piper.example')")
    second = pool.submit(act, app, deactivate, "ann", handover=None)
    wait_until_it_waits(own_database, second)
    one.commit()
    with pytest.raises(SuccessorNeeded) as refusal:
        second.result(10)
    assert refusal.value.field == "successor_id"


def test_what_someone_saves_in_the_same_moment_is_not_lost(
    app: Flask, own_database: OwnDatabase, pool: ThreadPoolExecutor, one: Connection
) -> None:
    run(one, "UPDATE employees SET theme = 'dark' WHERE email = 'ann@piper.example'")
    second = pool.submit(act, app, change_employee, "ann", values={"role": Role.SALES, "name": "Ann K."})
    wait_until_it_waits(own_database, second)
    one.commit()
    with pytest.raises(EmployeeChangedMeanwhile):
        second.result(10)
    with own_database.session() as session:
        ann = own_database.find(session, "ann")
        assert (ann.name, ann.theme) == ("Ann Keller", "dark")
