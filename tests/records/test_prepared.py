"""Statements whose plan the database keeps."""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Integer,
    LargeBinary,
    Text,
    any_,
    bindparam,
    cast,
    column,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError, MultipleResultsFound

from crm_web.core.extensions import db
from crm_web.core.prepared import KEPT, MOST, ONE_PLAN, Prepared
from crm_web.core.request_log import count_queries
from crm_web.duplicates.saving.queries import list_possible_duplicates
from crm_web.models import Employee, Lead, LeadStatus, RecordKind
from crm_web.records.matching import list_likely_customers
from crm_web.records.operations import lock
from crm_web.winning.conversion.operations import win_with_new_customers
from tests.factories import make_lead
from tests.page import Browser


@pytest.fixture
def connection(app: Flask) -> Iterator[Connection]:
    """The connection of the test, which has learned nothing yet."""
    with app.app_context():
        connection: Any = db.engines[None]
    connection.connection.info.pop(KEPT, None)
    yield connection
    connection.connection.info.pop(KEPT, None)


def _list_known(connection: Connection) -> list[str]:
    return [*connection.execute(text("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")).scalars()]


def test_pages_are_answered_by_plans_that_are_kept(
    connection: Connection, browser_as: Callable[[Employee], Browser], ann: Employee, session: Any
) -> None:
    leads = [make_lead(session, company=f"Company {number}", owner=ann) for number in range(8)]
    browser = browser_as(ann)
    for lead in leads:
        assert str(lead.company) in browser.get("leads.show_lead", lead_id=lead.id).text
    kept = len(connection.connection.info[KEPT])
    assert 5 <= kept <= 20
    for lead in leads:
        assert str(lead.company) in browser.get("leads.show_lead", lead_id=lead.id).text
    assert len(connection.connection.info[KEPT]) == kept
    used = connection.execute(text("SELECT max(generic_plans) FROM pg_prepared_statements")).scalar_one()
    assert used >= 2


def test_only_usual_searches_keep_their_plans(
    connection: Connection, browser_as: Callable[[Employee], Browser], ann: Employee, session: Any
) -> None:
    lead = make_lead(session, company="Sóftware & Söhne 4711 田中")
    browser = browser_as(ann)
    for words in ("software", "sohne", "software sohne", "so", "so software", "4711", "田中", "software sohne 4711"):
        assert str(lead.name) in browser.get("search.show_results", q=words).text
    kept = [str(query) for query in connection.connection.info[KEPT]]
    assert [sum(part in query for query in kept) for part in ("recent_lead", "inside_lead")] == [2, 3]


def test_values_of_each_run_are_parameters_and_all_others_are_constants(connection: Connection) -> None:
    odd = "50 % of 'it' \\ %(x)s $1"
    given: Any = bindparam("given", type_=Text)
    query = select(literal(odd).op("||")(given)).execution_options(prepared=True)
    for value in ("", "'", "%s", "\\", "Zoë"):
        assert connection.execute(query, {"given": value}).scalar_one() == odd + value
    assert sum("50 % of" in statement for statement in _list_known(connection)) == 1


def test_an_array_may_be_of_any_length(connection: Connection, session: Any) -> None:
    leads = [make_lead(session) for _ in range(3)]
    ids: Any = bindparam("ids", type_=ARRAY(BigInteger))
    query = select(Lead.id).where(Lead.id == any_(ids)).order_by(Lead.id).execution_options(prepared=True)
    for count in (0, 1, 3, 2):
        wanted = [lead.id for lead in leads[:count]]
        assert [*connection.execute(query, {"ids": wanted}).scalars()] == wanted


def test_a_list_that_would_be_a_constant_is_refused(connection: Connection) -> None:
    query = select(Lead.id).where(Lead.id.in_(bindparam("ids", expanding=True))).execution_options(prepared=True)
    with pytest.raises(TypeError, match="any_"):
        connection.execute(query, {"ids": [1]})


def test_a_first_run_that_fails_does_not_stand_in_the_way(connection: Connection) -> None:
    known = select(literal(1, Integer)).execution_options(prepared=True)
    connection.execute(known)
    query = select(literal(6, Integer) / bindparam("by", type_=Integer)).execution_options(prepared=True)
    with pytest.raises(DBAPIError), connection.begin_nested():
        connection.execute(query, {"by": 0}).all()
    connection.execute(known)
    assert query not in connection.connection.info[KEPT]
    for by, result in ((2, 3), (3, 2)):
        assert connection.execute(query, {"by": by}).scalar_one() == result


def test_settings_go_with_a_query_and_end_with_its_transaction(connection: Connection) -> None:
    shown = func.current_setting("statement_timeout")
    usual = connection.execute(select(shown)).scalar_one()
    for options in ({}, {"prepared": True}):
        settings = "SET LOCAL statement_timeout = 1234; "
        query = select(shown, literal("%")).execution_options(settings=settings, **options)
        for _ in range(2):
            with connection.begin_nested() as part:
                assert tuple(connection.execute(query).one()) == ("1234ms", "%")
                part.rollback()
            assert connection.execute(select(shown)).scalar_one() == usual


def test_a_plan_that_a_migration_overtook_is_made_anew(connection: Connection) -> None:
    connection.execute(text("CREATE TEMPORARY TABLE changing ON COMMIT DROP AS SELECT 1 AS it"))
    query = select(text("it")).select_from(text("changing")).execution_options(prepared=True)
    assert connection.execute(query).scalar_one() == 1
    connection.execute(text("ALTER TABLE changing ALTER it TYPE text"))
    with pytest.raises(DBAPIError, match="result type"), connection.begin_nested():
        connection.execute(query).all()
    assert connection.execute(query).scalar_one() == "1"


def test_one_plan_is_made_for_all_values_from_the_first_run_on(connection: Connection) -> None:
    query = select(Lead.id).where(Lead.id == bindparam("one", type_=BigInteger)).execution_options(prepared=ONE_PLAN)
    for number in range(3):
        assert connection.execute(query, {"one": -number}).all() == []
    plans = "SELECT generic_plans, custom_plans FROM pg_prepared_statements ORDER BY prepare_time DESC LIMIT 1"
    assert connection.execute(text(plans)).one() == (3, 0)


def test_what_a_record_may_be_already_is_looked_for_by_one_plan(
    app: Flask, connection: Connection, session: Any, ann: Employee
) -> None:
    emails = [None, "zoe@piper.example"] * 3
    leads = [make_lead(session, company="Piper", email=email) for email in emails]
    with app.app_context():
        for lead in db.session.scalars(select(Lead).where(Lead.id.in_([lead.id for lead in leads]))).all():
            list_possible_duplicates(RecordKind.LEAD, {"company": lead.company, "email": lead.email})
            list_likely_customers(lead)
            lock(lead, by=db.session.get_one(Employee, ann.id))
            assert win_with_new_customers([lead], by=ann) == {lead}
    plans = "SELECT generic_plans, custom_plans FROM pg_prepared_statements ORDER BY prepare_time DESC LIMIT 5"
    assert [tuple(row) for row in connection.execute(text(plans))] == [(6, 0)] * 5


def test_a_connection_keeps_those_that_ran_last(connection: Connection) -> None:
    before = len(_list_known(connection))
    queries = [
        select(literal(number, Integer) + bindparam("more", type_=Integer)).execution_options(
            prepared=ONE_PLAN if number % 2 else True
        )
        for number in range(MOST + 5)
    ]
    for number, query in enumerate(queries):
        assert connection.execute(query, {"more": 1}).scalar_one() == number + 1
        assert connection.execute(queries[0], {"more": 2}).scalar_one() == 2
    kept = connection.connection.info[KEPT]
    assert len(kept) == MOST == len(_list_known(connection)) - before
    assert queries[0] in kept
    assert queries[1] not in kept
    assert connection.execute(queries[1], {"more": 1}).scalar_one() == 2


def test_rows_are_as_the_session_gives_them(connection: Connection, app: Flask, session: Any, ann: Employee) -> None:
    for number in range(3):
        make_lead(
            session, owner=ann, amount=Decimal("12.50"), currency="EUR", expected_close_on=date(2026, 5, number + 1)
        )
    query = select(
        Lead.id,
        Lead.status,
        Lead.amount,
        Lead.expected_close_on,
        Lead.created_at,
        func.jsonb_build_array(Lead.id).label("ids"),
    )
    query = query.where(Lead.owner_id == bindparam("owner")).order_by(Lead.id)
    prepared = Prepared(query)
    with app.app_context():
        expected = [tuple(row) for row in db.session.execute(query, {"owner": ann.id})]
        first, again, nothing = prepared.all(owner=ann.id), prepared.all(owner=ann.id), prepared.all(owner=0)
    assert [*map(tuple, first)] == [*map(tuple, again)] == expected
    assert (len(expected), nothing) == (3, [])
    assert [(row.status, row.amount, row.ids) for row in again] == [(row[1], row[2], [row[0]]) for row in expected]
    assert type(again[0].status) is LeadStatus


def test_values_that_the_driver_does_not_know_are_written(connection: Connection, app: Flask) -> None:
    odd = b"\x00'\\%"
    prepared = Prepared(select(func.length(cast(bindparam("given", type_=LargeBinary), LargeBinary))))
    with app.app_context():
        assert [prepared.one(given=odd)[0] for _ in range(3)] == [4, 4, 4]


def test_what_is_unsaved_is_found(connection: Connection, app: Flask, ann: Employee) -> None:
    prepared = Prepared(select(Employee.id).where(Employee.name == bindparam("name")))
    with app.app_context():
        assert prepared.one_or_none(name="Renamed") is None
        found = db.session.get(Employee, ann.id)
        assert found is not None
        found.name = "Renamed"
        assert prepared.one_or_none(name="Renamed").id == ann.id
        db.session.rollback()


def test_a_failure_is_the_sessions(connection: Connection, app: Flask) -> None:
    prepared = Prepared(select(literal(6, Integer) / bindparam("by", type_=Integer)))
    with app.app_context():
        assert prepared.one(by=4)[0] == prepared.one(by=4)[0]
        with pytest.raises(DBAPIError, match="division by zero"), db.session.begin_nested():
            prepared.one(by=0)
        assert prepared.one(by=3)[0] == 2


def test_each_run_is_counted(connection: Connection, app: Flask) -> None:
    prepared = Prepared(select(literal(1, Integer)))
    with app.app_context(), count_queries() as queries:
        for _ in range(3):
            prepared.one()
    assert queries.count == 3


def test_more_than_one_row_is_refused(connection: Connection, app: Flask) -> None:
    prepared = Prepared(select(func.generate_series(1, bindparam("most", type_=Integer))))
    with app.app_context():
        assert [prepared.one_or_none(most=most) for most in (0, 1)] == [None, (1,)]
        with pytest.raises(MultipleResultsFound):
            prepared.one_or_none(most=2)


def test_one_that_a_migration_overtook_is_learned_anew(connection: Connection, app: Flask) -> None:
    connection.execute(text("CREATE TEMPORARY TABLE changing ON COMMIT DROP AS SELECT 1 AS it"))
    prepared = Prepared(select(column("it")).select_from(text("changing")))
    with app.app_context():
        assert [prepared.one().it for _ in range(2)] == [1, 1]
        connection.execute(text("ALTER TABLE changing ALTER it TYPE text"))
        with pytest.raises(DBAPIError, match="result type"), db.session.begin_nested():
            prepared.one()
        assert [prepared.one().it for _ in range(2)] == ["1", "1"]
