"""What the database counts equals the rows: after any writes, among many writers, through rollbacks and by month."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import psycopg2
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.models import Activity, Customer, Employee, Lead, LeadStatus, Metric, StatusPeriod
from crm_web.stats.aggregates import LeadScope, _find_edges, count_current, select_record_count, sum_counts
from crm_web.stats.operations import compact_counts
from crm_web.stats.periods import Period
from tests.databases import OwnDatabase
from tests.factories import make_activity, make_contact, make_customer, make_lead

KEY = "figure, starts_on, status, detail, currency"
SUMS = "how_many, how_many_priced, amount, weighted, seconds"
ADDED = ", ".join(f"sum({name}) AS {name}" for name in SUMS.split(", "))
# Every cell as it reads, less every cell as the rows have it, and the other way round.
DIFFERENCE = f"""
    WITH kept AS (
        SELECT level, owner_id, source, {KEY}, {ADDED} FROM (
            SELECT level, owner_id, source, {KEY}, {SUMS} FROM counts
            UNION ALL
            SELECT grouping(owner_id, source), owner_id, source, {KEY}, {ADDED}
            FROM count_deltas GROUP BY {KEY}, CUBE (owner_id, source)
            HAVING figure <> 'stayed' OR grouping(owner_id, source) > 0
        ) both_of_them GROUP BY level, owner_id, source, {KEY} HAVING sum(how_many) <> 0
    ), counted AS (SELECT level, owner_id, source, {KEY}, {SUMS} FROM crm_count_rows())
    (TABLE kept EXCEPT TABLE counted) UNION ALL (TABLE counted EXCEPT TABLE kept)
"""  # noqa: S608  (names of columns)
START = datetime(2025, 12, 31, 20, tzinfo=UTC)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Many writers."""
    with ThreadPoolExecutor(32) as pool:
        yield pool


def _some(chance: Random, owners: list[int], customer_id: int) -> dict[str, Any]:
    """The fields of a lead of any kind, around the turn of a year."""
    status = chance.choice(list(LeadStatus))
    priced = chance.random() < 0.7
    return {
        "status": status,
        "owner_id": chance.choice([*owners, None]),
        "source": chance.choice(["Web", "Fair", None]),
        "currency": chance.choice(["EUR", "USD"]) if priced else None,
        "amount": chance.choice([0, 10, 1234.56]) if priced else None,
        "probability": chance.choice([None, 0, 33, 100]),
        "created_at": START + timedelta(hours=chance.randrange(-1200, 1200), minutes=chance.choice([0, 15, 30])),
        "status_changed_at": START,
        "closed_at": None if status.kind == "open" else START + timedelta(hours=chance.randrange(1200)),
        "lost_reason": "price" if status.kind == "lost" else None,
        "customer_id": customer_id if status.kind == "won" else None,
        "expected_close_on": chance.choice([None, START.date(), (START + timedelta(days=40)).date()]),
    }


def _write_at_random(session: Session, chance: Random, ids: list[int], owners: list[int], customer_id: int) -> None:
    """One statement of any kind on leads."""
    fields = _some(chance, owners, customer_id)
    some = Lead.id.in_(chance.sample(ids, min(len(ids), chance.randrange(1, 5))))
    moved = {**fields, "status_changed_at": START + timedelta(hours=chance.randrange(4000))}
    trashed = {"deleted_at": START, "deleted_by_id": owners[0]}
    added = insert(Lead).values([{"last_name": "L", **fields}] * 3).returning(Lead.id)
    writes: dict[Any, int] = {
        added: 4,
        update(Lead).where(some).values(moved): 6,
        update(Lead).where(some).values(next_step="Call"): 1,
        update(Lead).where(some).values(trashed): 1,
        update(Lead).where(some).values(dict.fromkeys(trashed)): 1,
        delete(Lead).where(some): 1,
    }
    write = chance.choices(list(writes), list(writes.values()))[0]
    answer = session.execute(write, execution_options={"synchronize_session": False})
    if write is added:
        ids.extend(answer.scalars())


def _sources(session: Session) -> None:
    session.execute(text("INSERT INTO lead_sources (name) VALUES ('Web'), ('Fair') ON CONFLICT DO NOTHING"))
    session.commit()


@pytest.mark.parametrize("seed", range(4))
def test_cells_and_deltas_equal_the_rows_after_any_writes(
    session: Session, ann: Employee, bob: Employee, seed: int
) -> None:
    _sources(session)
    chance, ids, customer = Random(seed), [make_lead(session).id], make_customer(session)  # noqa: S311
    for step in range(60):
        nested = session.begin_nested()
        _write_at_random(session, chance, ids, [ann.id, bob.id], customer.id)
        if step % 7 == 0:
            nested.rollback()
        if step % 25 == 0:
            session.execute(text("SELECT crm_compact_counts(100)"))
    assert session.scalar(text("SELECT count(*) FROM lead_status_history")) > 10
    assert session.execute(text(DIFFERENCE)).all() == []
    before = session.execute(text(f"SELECT level, {KEY}, {SUMS} FROM crm_count_rows()")).all()  # noqa: S608
    session.execute(text("SELECT crm_recount()"))
    after = session.execute(text(f"SELECT level, {KEY}, {SUMS} FROM counts")).all()  # noqa: S608
    assert Counter(after) == Counter(before)


def test_activities_are_counted_whatever_becomes_of_them(session: Session, ann: Employee, bob: Employee) -> None:
    lead = make_lead(session)
    notes = [make_activity(session, by=person, lead_id=lead.id) for person in (ann, ann, bob)]
    notes[0].happened_at = START
    session.delete(notes[1])
    session.commit()
    assert session.execute(text(DIFFERENCE)).all() == []
    counted = "SELECT sum(how_many) FROM crm_count_rows() WHERE figure = 'activity' AND level = 0"
    assert session.scalar(text(counted)) == 2


def test_customers_and_contacts_outside_the_trash_are_counted(session: Session, ann: Employee) -> None:
    customers = [make_customer(session, owner_id=ann.id) for _ in range(4)]
    contacts = [make_contact(session, customers[0]) for _ in range(3)]
    session.execute(update(Customer).values(website="https://a.example", updated_by_id=ann.id))
    for gone in (customers[1], customers[2], contacts[0], contacts[1]):
        gone.deleted_at, gone.deleted_by_id = START, ann.id
    session.flush()
    customers[1].deleted_at = customers[1].deleted_by_id = contacts[1].deleted_at = contacts[1].deleted_by_id = None
    session.flush()
    session.execute(text("SELECT crm_compact_counts(5)"))
    # One from the trash, and one that never was there.
    for gone in (customers[2], customers[3], contacts[0]):
        session.delete(gone)
    session.commit()
    for table, count in (("customers", 2), ("contacts", 2)):
        assert session.scalar(select(select_record_count(Metric(table)))) == count
        assert session.scalar(text(f"SELECT count(*) FROM {table} WHERE deleted_at IS NULL")) == count  # noqa: S608
    assert session.execute(text(DIFFERENCE)).all() == []


@pytest.mark.slow
def test_many_writers_wait_for_nobody_and_nothing_is_lost(own_database: OwnDatabase, pool: ThreadPoolExecutor) -> None:
    with own_database.session() as session:
        ann = own_database.find(session, "ann").id
        ids = [make_lead(session, owner_id=ann).id for _ in range(32)]

    def move(number: int) -> None:
        chance = Random(number)  # noqa: S311
        connection = own_database.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        for step in range(60):
            with connection.cursor() as cursor:
                status = chance.choice(["new", "contacted", "proposal"])
                cursor.execute(
                    "UPDATE leads SET status = %s, amount = %s, currency = 'EUR' WHERE id = %s",
                    (status, chance.randrange(1000), ids[number]),
                )
                cursor.execute("INSERT INTO leads (last_name, owner_id) VALUES ('New', %s)", (ann,))
            if step % 5:
                connection.commit()
            else:
                connection.rollback()
        if number % 8 == 0:
            # Its connection is cut in the middle of a transaction.
            cursor = connection.cursor()
            cursor.execute("INSERT INTO leads (last_name) VALUES ('Lost')")
            with own_database.connect() as other, other.cursor() as killer, pytest.raises(psycopg2.Error):
                killer.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
                cursor.execute("SELECT 1")

    def compact(_: int) -> None:
        with own_database.app.app_context():
            for _ in range(20):
                compact_counts()
                db.session.commit()

    # Two workers compact while the others write, and once more when they have ended.
    workers = [pool.submit(compact, number) for number in range(2)]
    list(pool.map(move, range(32)))
    for worker in workers:
        worker.result()
    compact(0)
    with own_database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM counts")) > 0, "nobody compacted"
        assert connection.scalar(text("SELECT count(*) FROM count_deltas")) == 0
        assert connection.execute(text(DIFFERENCE)).all() == []


def test_no_writer_compacts(session: Session) -> None:
    """However many rows it writes; that is what the worker is for."""
    session.execute(text("INSERT INTO leads (last_name) SELECT 'New ' || n FROM generate_series(1, 3000) n"))
    session.execute(text("UPDATE leads SET amount = id, currency = 'EUR'"))
    assert session.scalar(text("SELECT count(*) FROM counts")) == 0


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Asia/Kathmandu", "Etc/GMT+12"])
def test_months_are_those_of_the_reader(app: Flask, session: Session, ann: Employee, zone: str) -> None:
    chance, customer = Random(zone), make_customer(session)  # noqa: S311
    _sources(session)
    ids: list[int] = []
    for _ in range(60):
        _write_at_random(session, chance, ids, [ann.id], customer.id)
    for hours in range(-40, 40, 3):
        make_activity(session, by=ann, customer_id=customer.id, happened_at=START + timedelta(hours=hours))
    period = Period(datetime(2025, 12, 1).date(), datetime(2026, 3, 1).date(), ZoneInfo(zone))
    moments: dict[Metric, list[datetime | None]] = {
        Metric.CREATED: [lead.created_at for lead in session.scalars(select(Lead)) if not lead.deleted_at],
        Metric.CLOSED: [lead.closed_at for lead in session.scalars(select(Lead)) if not lead.deleted_at],
        Metric.STAYED: [stay.left_at for stay in session.scalars(select(StatusPeriod))],
        Metric.ACTIVITY: [activity.happened_at for activity in session.scalars(select(Activity))],
    }
    for figure, times in moments.items():
        days = [moment.astimezone(period.zone).date().replace(day=1) for moment in times if moment]
        expected = Counter(day for day in days if period.first_day <= day < period.next_day)
        with app.app_context():
            rows = sum_counts(figure, "starts_on", period=period)
        assert expected and {row.starts_on: row.how_many for row in rows} == expected


@given(
    zone=st.sampled_from(sorted(available_timezones())),
    moment=st.datetimes(datetime(2024, 12, 30), datetime(2026, 1, 2), timezones=st.just(UTC)),
)
def test_wherever_one_reads_a_moment_of_another_month_lies_at_an_edge(zone: str, moment: datetime) -> None:
    period = Period(date(2025, 1, 1), date(2026, 1, 1), ZoneInfo(zone))
    here, there = (moment.astimezone(where).date().replace(day=1) for where in (period.zone, UTC))
    at_edge = [edge for edge in _find_edges(period, tells_months=True) if edge[0] <= moment < edge[1]]
    assert (here != there) == bool(at_edge)
    at_ends = [edge for edge in _find_edges(period, tells_months=False) if edge[0] <= moment < edge[1]]
    is_counted_here, is_kept_here = (period.first_day <= month < period.next_day for month in (here, there))
    assert (is_counted_here != is_kept_here) == bool(at_ends)


def test_how_far_a_lead_got_is_told_by_its_changes_of_status_alone(session: Session, ann: Employee) -> None:
    lead = make_lead(session, by=ann)
    for status in (LeadStatus.PROPOSAL, LeadStatus.CONTACTED, LeadStatus.ON_HOLD):
        lead.status = status
        session.commit()
    assert lead.furthest_status is LeadStatus.PROPOSAL
    fields = session.scalars(text("SELECT fields::text FROM changes WHERE entity = 'lead'")).all()
    assert len(fields) == 4 and not any("furthest" in told for told in fields)
    assert session.scalars(select(StatusPeriod.status).order_by(StatusPeriod.id)).all() == [
        "new",
        "proposal",
        "contacted",
    ]


def test_stays_are_never_altered(session: Session) -> None:
    lead = make_lead(session)
    lead.status = LeadStatus.CONTACTED
    session.commit()
    for statement in (
        "UPDATE lead_status_history SET left_at = now()",
        "DELETE FROM lead_status_history",
        "TRUNCATE lead_status_history",
    ):
        with pytest.raises(DBAPIError, match="history is never altered"), session.begin_nested():
            session.execute(text(statement))


def test_only_the_leads_of_some_are_counted(app: Flask, session: Session, ann: Employee, bob: Employee) -> None:
    _sources(session)
    for owner, source in ((ann, "Web"), (ann, None), (bob, "Web"), (None, "Web"), (None, None)):
        make_lead(session, owner_id=owner and owner.id, source=source)
    everyone: list[tuple[LeadScope, int]] = [
        (LeadScope(), 5),
        (LeadScope([ann.id]), 2),
        (LeadScope([ann.id, 0]), 4),
        (LeadScope([], ["Web"]), 3),
        (LeadScope([], [""]), 2),
        (LeadScope([0], [""]), 1),
    ]
    for _ in range(2):
        with app.app_context():
            assert [count_current(whose)[LeadStatus.NEW].count for whose, _ in everyone] == [n for _, n in everyone]
        session.execute(text("SELECT crm_compact_counts(100)"))
        session.commit()
