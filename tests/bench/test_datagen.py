"""The data generator: many leads that agree with everything that hangs on them, and the same for the same seed."""

import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bench.datagen import batches, commands, operations
from bench.datagen.operations import Filling, fill_database
from crm_web.core.extensions import db
from crm_web.health.queries import read_schema
from crm_web.history.time_travel.queries import get_past_record
from crm_web.models import Customer, Employee, Lead, LeadStatus, StatusKind
from tests.databases import OwnDatabase, copy_template

LEADS = 1_200
UNTIL = "2026-03-02"


def make_database(of: str = "empty") -> Iterator[OwnDatabase]:
    own = OwnDatabase(copy_template(secrets.token_hex(4), of=of))
    try:
        yield own
    finally:
        own.drop()


@pytest.fixture(scope="module")
def database() -> Iterator[OwnDatabase]:
    """A database that nobody used yet."""
    yield from make_database()


@pytest.fixture(scope="module")
def filling(database: OwnDatabase) -> Result:
    """It was filled, once for all tests of this file."""
    return fill(database, "--seed", "7")


def fill(database: OwnDatabase, *arguments: str, leads: int = LEADS) -> Result:
    every = ["--leads", str(leads), "--until", UNTIL, *arguments]
    return database.app.test_cli_runner().invoke(commands.fill, args=every)


@pytest.fixture
def filled(database: OwnDatabase, filling: Result) -> Iterator[Session]:
    """A session on the filled database."""
    with database.session() as session:
        yield session


def find_wrong(session: Session, query: str) -> list[Any]:
    """The rows that break a rule, which ought to be none."""
    return list(session.execute(text(query)))


def test_says_what_it_filled_in(filling: Result) -> None:
    assert filling.exit_code == 0
    assert filling.stdout.startswith("Filled in 1,200 leads, ")
    assert "leads/s" in filling.stdout


def test_leads_form_a_funnel(filled: Session) -> None:
    counts = dict(filled.execute(select(Lead.status, func.count()).group_by(Lead.status)).all())
    shares = {kind: sum(n for status, n in counts.items() if status.kind is kind) / LEADS for kind in StatusKind}
    assert set(counts) == set(LeadStatus)
    assert 0.13 < shares[StatusKind.WON] < 0.23
    assert 0.5 < shares[StatusKind.LOST] < 0.75
    assert counts[LeadStatus.CONTACTED] > counts[LeadStatus.PROPOSAL] > counts[LeadStatus.NEGOTIATION]


def test_owners_are_unequal_and_nobody_of_the_teams_can_sign_in(filled: Session) -> None:
    counts = sorted(filled.scalars(select(func.count()).where(Lead.owner_id.is_not(None)).group_by(Lead.owner_id)))
    assert len(counts) == 60
    assert counts[-1] > 8 * counts[0]
    assert filled.scalars(select(Employee.password_hash).distinct()).all() == [None]


def test_names_are_frequent_and_rare_and_of_every_script(filled: Session) -> None:
    counts = sorted(filled.scalars(select(func.count(Lead.id)).group_by(Lead.last_name)), reverse=True)
    assert counts[0] > 8
    assert sum(1 for count in counts if count == 1) > 100
    assert filled.scalar(select(func.count(func.distinct(Lead.country)))) > 25  # type: ignore[operator]
    assert filled.scalar(select(Lead.id).where(Lead.last_name == "佐藤").limit(1))


def test_three_years_end_on_the_day(filled: Session) -> None:
    first, last, latest = filled.execute(
        select(func.min(Lead.created_at), func.max(Lead.created_at), func.max(Lead.updated_at))
    ).one()
    assert first.date() <= date(2023, 3, 10)
    assert date(2026, 2, 28) <= last.date() <= latest.date() <= date(2026, 3, 1)


def test_a_won_lead_has_its_customer_and_its_line_in_the_ledger(filled: Session) -> None:
    won = filled.scalar(select(func.count()).where(Lead.status == LeadStatus.WON))
    ledger = """
        SELECT l.id FROM leads l FULL JOIN conversions v ON v.lead_id = l.id
        LEFT JOIN customers c ON c.id = v.customer_id
        WHERE (l.status = 'won') IS DISTINCT FROM (v.id IS NOT NULL) OR v.customer_id <> l.customer_id
            OR v.converted_at <> l.closed_at OR c.created_at > l.closed_at
            OR (v.kind = 'created') <> (c.created_from_lead_id = l.id)
    """
    assert filled.scalar(text("SELECT count(*) FROM conversions")) == won
    assert find_wrong(filled, ledger) == []
    assert {kind for (kind,) in filled.execute(text("SELECT kind FROM conversions"))} == {"created", "linked"}


def test_customers_also_came_without_a_lead(filled: Session) -> None:
    assert filled.scalar(select(func.count()).where(Customer.created_from_lead_id.is_(None)))


def test_some_leads_lie_in_the_trash(filled: Session) -> None:
    assert filled.scalar(select(func.count()).where(Lead.deleted_at.is_not(None)))


def test_history_leads_to_what_the_lead_is(filled: Session) -> None:
    moves = """
        WITH told AS (
            SELECT entity_id, at, version, action, fields -> 'status' AS move,
                row_number() OVER of_it AS place, lag(at) OVER of_it AS before
            FROM changes WHERE entity = 'lead' WINDOW of_it AS (PARTITION BY entity_id ORDER BY id)
        ), moved AS (
            SELECT entity_id, move ->> 0 AS was, move ->> 1 AS becomes, lag(move ->> 1) OVER of_it AS stood,
                lead(version) OVER of_it IS NULL AS is_last
            FROM told WHERE move IS NOT NULL WINDOW of_it AS (PARTITION BY entity_id ORDER BY version)
        ), summed AS (
            SELECT entity_id, min(at) AS first, max(at) AS last, max(version) AS version, count(*) AS lines,
                bool_or(place <> version OR before > at OR (action = 'created') <> (version = 1)) AS is_torn
            FROM told GROUP BY entity_id
        )
        SELECT l.id FROM leads l LEFT JOIN summed s ON s.entity_id = l.id
        LEFT JOIN moved m ON m.entity_id = l.id AND m.is_last
        WHERE s.first IS DISTINCT FROM l.created_at OR s.last <> l.updated_at OR s.version <> l.version
            OR s.lines <> l.version OR s.is_torn OR m.becomes IS DISTINCT FROM l.status
        UNION ALL SELECT entity_id FROM moved WHERE was IS DISTINCT FROM stood
    """
    assert find_wrong(filled, moves) == []


@pytest.mark.parametrize("entity", ["customer", "contact", "activity"])
def test_history_tells_when_the_others_came(filled: Session, entity: str) -> None:
    table = {"activity": "activities"}.get(entity, f"{entity}s")
    assert filled.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608
    others = f"""
        SELECT r.id FROM {table} r LEFT JOIN changes c ON c.entity = '{entity}' AND c.entity_id = r.id
        WHERE c.at IS DISTINCT FROM r.created_at OR c.actor_id <> r.created_by_id
    """  # noqa: S608
    assert find_wrong(filled, others) == []


def test_a_won_lead_was_new_when_it_came(database: OwnDatabase, filling: Result) -> None:
    with database.app.app_context():
        lead = db.session.scalars(select(Lead).where(Lead.status == LeadStatus.WON).limit(1)).one()
        story = get_past_record("lead", lead.id, lead.created_at, today=lead)
        assert story is not None
        past = story.record
        assert past is not None
        assert (past.status, past.customer_id, past.closed_at) == (LeadStatus.NEW, None, None)
        assert past.company == lead.company


def test_what_happens_afterwards_is_history_too(database: OwnDatabase, filling: Result) -> None:
    with database.app.app_context():
        before = db.session.scalar(text("SELECT count(*) FROM changes"))
        db.session.execute(text("UPDATE leads SET next_step = 'Call' WHERE id = (SELECT min(id) FROM leads)"))
        assert db.session.scalar(text("SELECT count(*) FROM changes")) == (before or 0) + 1
        db.session.rollback()


def test_is_not_filled_twice(database: OwnDatabase, filling: Result) -> None:
    again = fill(database)
    assert again.exit_code == 1
    assert "filled before" in again.stderr


@pytest.mark.slow
def test_the_same_seed_gives_the_same_rows() -> None:
    first, second, other = (fingerprint(seed) for seed in ("3", "3", "4"))
    assert first == second
    assert not set(first) & set(other)


def fingerprint(seed: str) -> list[Any]:
    for database in make_database(of="peopled"):
        fill(database, "--seed", seed, leads=200)
        with database.session() as session:
            return [
                session.scalar(text(f"SELECT md5(string_agg({rows}, ';' ORDER BY id)) FROM {table} t"))  # noqa: S608
                for table, rows in (
                    ("leads", "t::text"),
                    ("customers", "t::text"),
                    ("activities", "t::text"),
                    ("changes", "CASE WHEN entity <> 'employee' THEN (to_jsonb(t) - 'xact')::text END"),
                )
            ]
    return []


UNTIL_DAY = datetime(2026, 3, 2, tzinfo=UTC).date()
STRUCTURE = {
    "indexes": "SELECT pg_get_indexdef(indexrelid), indisvalid, indisprimary FROM pg_index",
    "constraints": "SELECT conrelid::text, conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint",
    "triggers": "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal",
    "migration": "SELECT version_num FROM alembic_version",
}


def read_structure() -> dict[str, list[Any]]:
    """What is set aside while a database is filled."""
    return {name: sorted(map(tuple, db.session.execute(text(query)))) for name, query in STRUCTURE.items()}


def set_batch(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    for module in (batches, operations):
        monkeypatch.setattr(module, "BATCH", size)


@pytest.mark.parametrize("has_history", [True, False])
def test_fills_batch_after_batch(monkeypatch: pytest.MonkeyPatch, own_database: OwnDatabase, has_history: bool) -> None:
    set_batch(monkeypatch, 8)
    with own_database.app.app_context():
        made = fill_database(Filling(20, seed=1, until=UNTIL_DAY, has_history=has_history))
        found = {table: db.session.scalar(text(f"SELECT count(*) FROM {table}")) for table in made}  # noqa: S608
        told = db.session.scalar(text("SELECT count(DISTINCT entity_id) FROM changes WHERE entity = 'lead'"))
        hired = db.session.scalar(text("SELECT count(*) FROM changes WHERE entity = 'employee'"))
    assert made["leads"] == 20
    assert told == (20 if has_history else 0)
    assert found == made | {"changes": made["changes"] + (hired or 0)}


def test_sessions_side_by_side_give_the_same_rows_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    set_batch(monkeypatch, 50)
    prints = []
    for count in (1, 3):
        monkeypatch.setattr(operations, "cpu_count", lambda count=count: count)
        prints.append(fingerprint("5"))
    assert prints[0] == prints[1]
    assert len(prints[0]) == 4


def test_leaves_indexes_constraints_and_triggers_as_they_were(own_database: OwnDatabase) -> None:
    with own_database.app.app_context():
        before = read_structure()
        db.session.rollback()
        fill_database(Filling(20, seed=1, until=UNTIL_DAY))
        assert read_structure() == before


def test_undoes_what_broke_off(monkeypatch: pytest.MonkeyPatch, own_database: OwnDatabase) -> None:
    set_batch(monkeypatch, 8)
    monkeypatch.setattr(operations, "cpu_count", lambda: 2)

    def break_off(line: str) -> None:
        if line.startswith("16 of"):
            raise RuntimeError(line)

    with own_database.app.app_context():
        before = read_structure()
        db.session.rollback()
        with pytest.raises(RuntimeError, match="16 of"):
            fill_database(Filling(40, seed=1, until=UNTIL_DAY), progress=break_off)
        assert read_structure() == before
        assert db.session.scalar(select(func.count()).select_from(Lead)) == 0


def test_refuses_what_was_killed(monkeypatch: pytest.MonkeyPatch, own_database: OwnDatabase) -> None:
    def die(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(operations, "build", die)
    with own_database.app.app_context():
        with pytest.raises(RuntimeError):
            fill_database(Filling(5, seed=1, until=UNTIL_DAY))
        db.session.rollback()
        schema = read_schema()
    assert not schema.is_served
    assert schema.is_too_old
    refused = fill(own_database, leads=5)
    assert refused.exit_code == 1
    assert "broke off" in refused.stderr


def test_stays_away_from_where_people_work(session: Session, own_database: OwnDatabase) -> None:
    with own_database.session() as writing:
        own_database.find(writing, "ann").email = "ann@company.test"
        writing.commit()
    refused = fill(own_database, leads=5)
    assert refused.exit_code == 1
    assert "ann@company.test" in refused.stderr
    with own_database.session() as reading:
        assert reading.scalar(select(func.count()).select_from(Lead)) == 0


def test_how_long_each_lead_stayed_agrees_with_history(filled: Session) -> None:
    moves = """
        SELECT c.entity_id FROM changes c LEFT JOIN lead_status_history s
            ON s.lead_id = c.entity_id AND s.left_at = c.at AND s.status = c.fields->'status'->>0
        WHERE c.entity = 'lead' AND c.action = 'changed' AND c.fields ? 'status' AND s.id IS NULL
        UNION ALL
        SELECT lead_id FROM lead_status_history WHERE left_at < entered_at
    """
    assert find_wrong(filled, moves) == []


def test_what_the_database_counted_is_what_there_is(filled: Session) -> None:
    columns = "figure, starts_on, status, detail, currency, how_many, amount, level, owner_id, source"
    wrong = f"""
        (SELECT {columns} FROM counts EXCEPT SELECT {columns} FROM crm_count_rows())
        UNION ALL (SELECT {columns} FROM crm_count_rows() EXCEPT SELECT {columns} FROM counts)
    """  # noqa: S608
    assert find_wrong(filled, wrong) == []


def test_adds_what_triggers_would(filled: Session) -> None:
    words = """
        SELECT word FROM known_words FULL JOIN (
            SELECT DISTINCT crm_words(search_text) AS word FROM (
                SELECT search_text FROM leads UNION ALL SELECT search_text FROM customers
                UNION ALL SELECT search_text FROM contacts UNION ALL SELECT search_text FROM employees
            ) texts
        ) found USING (word)
        GROUP BY word HAVING count(*) <> 1 OR count(id) <> 1 OR count(found) <> 1
    """
    of_leads = """
        SELECT l.id FROM leads l LEFT JOIN lead_last_activity t ON t.lead_id = l.id
        WHERE t.lead_id IS NULL
            OR t.at IS DISTINCT FROM (SELECT max(happened_at) FROM activities a WHERE a.lead_id = l.id)
    """
    of_customers = """
        SELECT c.id FROM customers c LEFT JOIN customer_last_activity t ON t.customer_id = c.id
        WHERE t.customer_id IS NULL OR t.at IS DISTINCT FROM (
            SELECT max(happened_at) FROM activities a LEFT JOIN leads l ON l.id = a.lead_id AND l.deleted_at IS NULL
            WHERE coalesce(a.customer_id, l.customer_id) = c.id)
    """
    for wrong in (words, of_leads, of_customers):
        assert find_wrong(filled, wrong) == []


def test_owners_and_assignees_may_own(filled: Session) -> None:
    wrong = """
        SELECT o.id FROM (
            SELECT id, owner_id FROM leads UNION ALL SELECT id, owner_id FROM customers
            UNION ALL SELECT id, assignee_id FROM activities
        ) o JOIN employees e ON e.id = o.owner_id WHERE NOT e.is_active OR e.role = 'viewer'
    """
    assert find_wrong(filled, wrong) == []
