"""The migrations build what the models say, and can be taken back and applied again on a database in use."""

import hashlib
import importlib.util
import json
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
STATISTICS = """
    SELECT stxrelid::regclass::text, stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
    WHERE stxnamespace = CAST(:schema AS regnamespace)
"""
VIEWS = "SELECT matviewname, definition FROM pg_matviews WHERE schemaname = :schema"
RELATIONS = """
    SELECT relname, relkind, relpersistence, reloptions::text, relacl::text, obj_description(oid)
    FROM pg_class WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind IN ('r', 'm')
"""
SCHEMA = {
    "columns": COLUMNS,
    "constraints": CONSTRAINTS,
    "indexes": INDEXES,
    "triggers": TRIGGERS,
    "functions": FUNCTIONS,
    "statistics": STATISTICS,
    "views": VIEWS,
    "relations": RELATIONS,
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


def digest(connection: Connection) -> dict[str, str]:
    """A short checksum of each table, function and so on, whatever the spaces in it.

    ``schema_028.json`` was recorded from the 28 migrations that the baseline replaces.
    """
    lines: dict[str, list[str]] = {}
    for part, rows in describe(connection, "public").items():
        for name, *values in rows:
            if not name.startswith("alembic_version"):
                lines.setdefault(f"{part} {name}", []).append(" ".join(str(values).replace("\\n", " ").split()))
    return {
        key: hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()[:12] for key, found in sorted(lines.items())
    }


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
        upgrade(revision="028")
    with own_database.engine.connect() as connection:
        assert digest(connection) == json.loads((ROOT / "tests" / "schema_028.json").read_text())
    with migrating(own_database.app):
        upgrade()
    with own_database.engine.connect() as connection:
        assert describe(connection, "public") == before


def test_a_database_older_than_the_baseline_is_told_what_to_do(
    own_database: OwnDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    """In one line, which names the migration that it is at; nothing is touched."""
    with own_database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '020'"))
    # Flask-Migrate logs the error and ends the program.
    with migrating(own_database.app), pytest.raises(SystemExit):
        upgrade()
    assert "at migration 020, which is too old for this release" in caplog.text
    with own_database.engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "020"


def test_a_database_without_unicode_is_told_what_to_do(
    own_database: OwnDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    name, connection = f"{own_database.name}_ascii", own_database.connect()
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    connection.close()
    ascii_database = OwnDatabase(name)
    try:
        with migrating(ascii_database.app), pytest.raises(SystemExit):
            upgrade()
        assert "The database has the encoding SQL_ASCII. Create it with UTF8" in caplog.text
        with ascii_database.engine.connect() as other:
            assert other.scalar(text("SELECT to_regclass('leads')")) is None
    finally:
        ascii_database.drop()


def test_each_migration_goes_back_and_forth_with_rows_present(own_database: OwnDatabase) -> None:
    fill(own_database)
    revisions = [path.name[:3] for path in sorted((ROOT / "migrations" / "versions").glob("[0-9]*.py"))]
    with migrating(own_database.app):
        for revision in reversed(revisions):
            downgrade()
            upgrade(revision=revision)
            downgrade()
        upgrade()


def test_migrations_stand_in_one_row() -> None:
    names = sorted(path.stem for path in (ROOT / "migrations" / "versions").glob("[0-9]*.py"))
    numbers = [name.partition("_")[0] for name in names]
    assert numbers == [f"{number:03}" for number in range(28, 28 + len(names))]
    for name, before in zip(names, [None, *numbers], strict=False):
        spec = importlib.util.spec_from_file_location(name, ROOT / "migrations" / "versions" / f"{name}.py")
        assert spec is not None and spec.loader is not None
        migration = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(migration)
        assert (migration.revision, migration.down_revision) == (name.partition("_")[0], before)
        assert migration.__doc__, f"{name} does not say why"


def test_every_foreign_key_has_an_index_and_says_what_deleting_does(own_database: OwnDatabase) -> None:
    """But for keys to employees and lead sources: those are never deleted, and an index would only cost."""
    query = """
        SELECT k.conname, k.confdeltype, EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = k.conrelid AND i.indkey[0] = k.conkey[1]
            AND coalesce(pg_get_expr(i.indpred, i.indrelid), '') IN ('', format('(%s IS NOT NULL)', a.attname))
        ) OR k.confrelid IN ('employees'::regclass, 'lead_sources'::regclass)
        FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
        WHERE k.contype = 'f'
    """
    with own_database.engine.connect() as connection:
        keys = connection.execute(text(query)).all()
    assert len(keys) > 20
    assert [name for name, _, is_indexed in keys if not is_indexed] == []
    assert [name for name, on_delete, _ in keys if on_delete == "a"] == []


def test_deleting_a_person_never_takes_records_along(own_database: OwnDatabase) -> None:
    query = "SELECT conname FROM pg_constraint WHERE contype = 'f' AND confdeltype <> 'r'"
    of_no_use_alone = {
        "fk_customer_last_activity_customer_id",
        "fk_lead_last_activity_lead_id",
        "fk_external_ids_customer_id",
        "fk_external_ids_contact_id",
        "fk_external_ids_activity_id",
        "fk_file_chunks_file_id",
        "fk_file_objects_file_id",
        "fk_incoming_attachment_chunks_attachment_id",
        "fk_incoming_attachments_email_id",
        "fk_files_activity_id",
        "fk_mentions_activity_id",
        "fk_next_tasks_done_id",
        "fk_next_tasks_next_id",
        "fk_outgoing_mails_activity_id",
        "fk_mentions_customer_id",
        "fk_mentions_lead_id",
        "fk_view_choices_view_id_list",
    }
    with own_database.engine.connect() as connection:
        keys = set(connection.scalars(text(query))) - of_no_use_alone
        assert keys == {
            "fk_api_uses_token_id",
            "fk_authenticators_employee_id",
            "fk_calendar_feeds_employee_id",
            "fk_employee_identities_employee_id",
            "fk_notification_choices_employee_id",
            "fk_notifications_actor_id",
            "fk_notifications_employee_id",
            "fk_outgoing_mails_employee_id",
            "fk_passkeys_employee_id",
            "fk_password_links_employee_id",
            "fk_provisioned_employees_employee_id",
            "fk_provisioned_members_employee_id",
            "fk_provisioned_members_group_id",
            "fk_recovery_codes_employee_id",
            "fk_sign_ins_employee_id",
        }


def test_times_carry_their_zone_and_texts_have_no_silent_limit(own_database: OwnDatabase) -> None:
    with own_database.engine.connect() as connection:
        columns = describe(connection, "public", "columns")["columns"]
    # The time of day of a task is for whoever it is assigned to, wherever they are then.
    clocks = {column for column in columns if column[2] == "time without time zone"}
    assert [column[:2] for column in clocks] == [("activities", "due_time")]
    kinds = {column[2] for column in columns - clocks}
    assert kinds <= {
        "bigint",
        "integer",
        "text",
        "boolean",
        "date",
        "timestamp with time zone",
        "numeric(14,2)",
        "numeric(18,8)",
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


def test_published_migrations_never_change() -> None:
    """A database that ran a migration never runs it again: what it changed later would be missing there."""
    folder = ROOT / "migrations"
    sums = {line[66:]: line[:64] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    files = {
        str(path.relative_to(folder)): path for path in (*folder.glob("versions/*.py"), *folder.glob("sql/**/*.sql"))
    }
    changed = [name for name, known in sums.items() if hashlib.sha256(files[name].read_bytes()).hexdigest() != known]
    assert changed == []
    last = max(name for name in sums if name.startswith("versions/"))
    assert [name for name in files if name.startswith("versions/") and name < last and name not in sums] == []
