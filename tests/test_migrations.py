"""The migrations build what the models say, and can be taken back and applied again on a database in use."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import Connection, text

import crm_web.models  # noqa: F401  (every table must be known)
from crm_web.core.config import ROOT
from crm_web.core.extensions import db, metadata
from crm_web.models import Lead
from tests.databases import OwnDatabase
from tests.factories import make_activity, make_contact, make_customer, make_lead

COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
           co.collname, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    LEFT JOIN pg_collation co ON co.oid = a.attcollation
    WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace = CAST(:schema AS regnamespace)
"""
CONSTRAINTS = """
    SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE c.relnamespace = CAST(:schema AS regnamespace) AND k.contype <> 'n'
"""
INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = :schema"
TRIGGERS = """
    SELECT c.relname, t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND c.relnamespace = CAST(:schema AS regnamespace)
"""
FUNCTIONS = """
    SELECT proname, pg_get_functiondef(oid) FROM pg_proc
    WHERE proname LIKE 'crm%' AND pronamespace = CAST(:schema AS regnamespace)
"""
SCHEMA = {
    "columns": COLUMNS,
    "constraints": CONSTRAINTS,
    "indexes": INDEXES,
    "triggers": TRIGGERS,
    "functions": FUNCTIONS,
}
BOOKKEEPING = "alembic_version"


def describe(connection: Connection, schema: str, *parts: str) -> dict[str, set[tuple[Any, ...]]]:
    """What a schema consists of, written out, without the schema's own name."""
    found = {}
    for part in parts or SCHEMA:
        rows = connection.execute(text(SCHEMA[part]), {"schema": schema}).all()
        found[part] = {
            tuple(value.replace(f"{schema}.", "") if isinstance(value, str) else value for value in row)
            for row in rows
            if row[0] != BOOKKEEPING
        }
    return found


def fill(own: OwnDatabase) -> None:
    """A few rows in every table."""
    with own.session() as session:
        ann = own.find(session, "ann")
        customer = make_customer(session, by=ann, owner_id=ann.id, email="Someone@Example.com", phone_e164="+4420")
        make_contact(session, customer, by=ann, is_primary=True)
        lead = make_lead(
            session, by=ann, owner_id=ann.id, status="won", customer_id=customer.id, source="Web", amount=1
        )
        make_activity(session, by=ann, lead_id=lead.id)
        session.execute(
            text("INSERT INTO conversions (lead_id, customer_id, kind) VALUES (:lead, :customer, 'created')"),
            {"lead": lead.id, "customer": customer.id},
        )
        webhook = "INSERT INTO webhooks (url, events, secret) VALUES ('https://a.example', '[\"lead.won\"]', 'x')"
        session.execute(text(webhook))
        session.execute(
            text(
                "INSERT INTO webhook_deliveries (webhook_id, change_id, event)"
                " SELECT w.id, max(c.id), 'lead.created' FROM webhooks w, changes c GROUP BY w.id"
            )
        )
        session.commit()


@contextmanager
def migrating(app: Flask) -> Iterator[None]:
    """Inside, migrations run on the application's database; its connections are let go afterwards."""
    with app.app_context():
        yield
        db.session.remove()
        db.engine.dispose()


def test_migrations_build_what_the_models_say(own_database: OwnDatabase) -> None:
    """Columns, defaults, generated columns, CHECKs, keys with their ON DELETE, and indexes, word for word."""
    parts = ("columns", "constraints", "indexes")
    with own_database.engine.connect() as connection:
        connection.execute(text("CREATE SCHEMA from_models"))
        connection.execute(text("SET search_path TO from_models, public"))
        metadata.create_all(connection, checkfirst=False)
        built = describe(connection, "from_models", *parts)
        connection.execute(text("SET search_path TO public, from_models"))
        migrated = describe(connection, "public", *parts)
    assert len(built["columns"]) > 100
    for part in parts:
        assert migrated[part] - built[part] == set(), f"{part} that only the migrations have"
        assert built[part] - migrated[part] == set(), f"{part} that only the models have"


def test_alembic_finds_nothing_to_migrate(own_database: OwnDatabase) -> None:
    """So that a new migration that is made by ``--autogenerate`` holds what changed, and nothing else."""
    with migrating(own_database.app):
        # Ends the program where there is a difference.
        check()


def test_taking_everything_back_and_applying_it_again_leads_to_the_same_schema(own_database: OwnDatabase) -> None:
    fill(own_database)
    with own_database.engine.connect() as connection:
        before = describe(connection, "public")
    with migrating(own_database.app):
        downgrade(revision="base")
    with own_database.engine.connect() as connection:
        left = describe(connection, "public")
        assert {part: rows for part, rows in left.items() if rows} == {}
    with migrating(own_database.app):
        upgrade()
    with own_database.engine.connect() as connection:
        assert describe(connection, "public") == before


def test_each_migration_goes_back_and_forth_with_rows_present(own_database: OwnDatabase) -> None:
    fill(own_database)
    revisions = [path.name[:3] for path in sorted((ROOT / "migrations" / "versions").glob("[0-9]*.py"))]
    with migrating(own_database.app):
        for revision in reversed(revisions):
            downgrade()
            upgrade(revision=revision)
            downgrade()
        upgrade()


def test_what_was_kept_folded_is_folded_again(own_database: OwnDatabase) -> None:
    """Nobody changed these records, so neither their versions nor their history say that somebody did."""
    with migrating(own_database.app):
        downgrade(revision="024")
    with own_database.session() as session:
        lead = make_lead(session, last_name="Παπαδόπουλος")
        customer = make_customer(session, name="Παπαδόπουλος")
        make_contact(session, customer, last_name="Παπαδόπουλος")
        session.execute(text("UPDATE employees SET name = 'Παπαδόπουλος' WHERE id = (SELECT min(id) FROM employees)"))
        session.commit()
        changes = session.scalar(text("SELECT count(*) FROM changes"))
    with migrating(own_database.app):
        upgrade()
    with own_database.session() as session:
        for table in ("leads", "customers", "contacts", "employees"):
            found = session.execute(
                text(f"SELECT version FROM {table} WHERE sort_name = :name AND search_text LIKE '%' || :name || '%'"),  # noqa: S608
                {"name": "παπαδοπουλοσ"},
            ).all()
            assert len(found) == 1, table
        assert session.scalars(text("SELECT word FROM known_words WHERE word LIKE 'παπαδ%'")).all() == ["παπαδοπουλοσ"]
        assert session.get_one(Lead, lead.id).version == 1
        assert session.scalar(text("SELECT count(*) FROM changes")) == changes


def test_numbers_to_dial_become_those_of_their_country(own_database: OwnDatabase) -> None:
    """Nothing else changes: neither versions nor times, and no history is written."""
    wrong: dict[str, Any] = {"phone": "0761 123456", "phone_e164": "+10761123456"}
    with own_database.session() as session:
        customer = make_customer(session, billing_country="DE", **wrong)
        contact = make_contact(session, customer, mobile="020 7946 0999", mobile_e164="+102079460999", **wrong)
        lead = make_lead(session, country="DE", mobile="(212) 555-0123", mobile_e164="+12125550123", **wrong)
        nowhere = make_lead(session, phone="(212) 555-0123", phone_e164="+12125550123")
        impossible = make_lead(session, country="FR", phone="12", phone_e164="+112")
        records: list[Any] = [customer, contact, lead, nowhere, impossible]
        before = [(record.version, record.updated_at) for record in records]
        changes = session.scalar(text("SELECT count(*) FROM changes"))
        with migrating(own_database.app):
            downgrade(revision="026")
            upgrade()
        session.expire_all()
        numbers = ["+49761123456", "+49761123456", "+49761123456", "+12125550123", "+112"]
        assert [record.phone_e164 for record in records] == numbers
        assert (contact.mobile_e164, lead.mobile_e164) == ("+102079460999", "+492125550123")
        assert [(record.version, record.updated_at) for record in records] == before
        assert session.scalar(text("SELECT count(*) FROM changes")) == changes
        lead.city = "Bonn"
        session.commit()
        session.refresh(lead)
        assert lead.version == before[2][0] + 1


def test_migrations_stand_in_one_row() -> None:
    names = sorted(path.stem for path in (ROOT / "migrations" / "versions").glob("[0-9]*.py"))
    numbers = [name.partition("_")[0] for name in names]
    assert numbers == [f"{number:03}" for number in range(1, len(names) + 1)]
    for name, before in zip(names, [None, *numbers], strict=False):
        spec = importlib.util.spec_from_file_location(name, ROOT / "migrations" / "versions" / f"{name}.py")
        assert spec is not None and spec.loader is not None
        migration = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(migration)
        assert (migration.revision, migration.down_revision) == (name.partition("_")[0], before)
        assert migration.__doc__, f"{name} does not say why"


def test_every_foreign_key_has_an_index_and_says_what_deleting_does(own_database: OwnDatabase) -> None:
    query = """
        SELECT k.conname, k.confdeltype, EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1]
            AND (i.indpred IS NULL)
        ) FROM pg_constraint k WHERE k.contype = 'f'
    """
    with own_database.engine.connect() as connection:
        keys = connection.execute(text(query)).all()
    assert len(keys) > 20
    assert [name for name, _, is_indexed in keys if not is_indexed] == []
    assert [name for name, on_delete, _ in keys if on_delete == "a"] == []


def test_deleting_a_person_never_takes_records_along(own_database: OwnDatabase) -> None:
    query = "SELECT conname FROM pg_constraint WHERE contype = 'f' AND confdeltype <> 'r'"
    of_no_use_alone = {"fk_customer_touches_customer_id", "fk_lead_touches_lead_id", "fk_view_choices_view_id_list"}
    with own_database.engine.connect() as connection:
        keys = set(connection.scalars(text(query))) - of_no_use_alone
        assert keys == {"fk_sign_ins_employee_id", "fk_api_uses_token_id"}


def test_times_carry_their_zone_and_texts_have_no_silent_limit(own_database: OwnDatabase) -> None:
    with own_database.engine.connect() as connection:
        columns = describe(connection, "public", "columns")["columns"]
    kinds = {column[2] for column in columns}
    assert kinds <= {
        "bigint",
        "integer",
        "text",
        "boolean",
        "date",
        "timestamp with time zone",
        "numeric(14,2)",
        "numeric(24,2)",
        "jsonb",
        "bytea",
        "uuid",
        "xid8",
    }
    assert {column[1] for column in columns if column[2].startswith("timestamp") and not column[1].endswith("_at")} <= {
        "at"
    }
    assert {column[1] for column in columns if column[2] == "date" and not column[1].endswith("_on")} == set()


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_every_text_that_people_type_has_a_limit(table: str) -> None:
    """What has none is computed, a word of a list, or never typed by anyone."""
    free = [
        column.name
        for column in metadata.tables[table].columns
        if type(column.type).__name__ == "Text" and column.computed is None and not (column.info or column.foreign_keys)
    ]
    known = {"employees": ["password_hash"], "changes": ["request_id"], "sign_in_failures": ["key"]}
    assert free == known.get(table, [])
