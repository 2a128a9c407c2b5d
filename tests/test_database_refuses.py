"""What the database itself refuses, behind the application's back: plain SQL, without any rule of ours before it."""

# ruff: noqa: S608  (the statements are put together from words that stand here)

from collections.abc import Callable
from io import StringIO
from typing import Any

import psycopg2
import pytest
from psycopg2 import errors
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from crm_web.models import Employee
from tests.databases import OwnDatabase
from tests.factories import make_activity, make_contact, make_customer, make_employee, make_lead

Refusal = Callable[..., str]


@pytest.fixture
def refused(session: Session) -> Refusal:
    """Run a statement that must fail, and give the name of the constraint (or the message) that stopped it."""

    def run(statement: str, **values: Any) -> str:
        with pytest.raises(DBAPIError) as caught, session.begin_nested():
            session.execute(text(statement), values)
        refusal = caught.value.orig
        assert isinstance(refusal, psycopg2.Error)
        return refusal.diag.constraint_name or refusal.diag.message_primary or ""

    return run


# Leads


@pytest.mark.parametrize(
    ("column", "value", "constraint"),
    [
        ("status", "sold", "ck_leads_status_known"),
        ("status", "WON", "ck_leads_status_known"),
        ("country", "XX", "ck_leads_country_known"),
        ("country", "de", "ck_leads_country_known"),
        ("country", "D ", "ck_leads_country_known"),
        ("country", "", "ck_leads_country_known"),
        ("country", "AD AE", "ck_leads_country_known"),
        ("currency", "XXX", "ck_leads_currency_known"),
        ("currency", "ED ", "ck_leads_currency_known"),
        ("currency", "EU", "ck_leads_currency_known"),
        ("rating", "boiling", "ck_leads_rating_known"),
        ("amount", 1, "ck_leads_amount_has_currency"),
        ("expected_close_on", "infinity", "ck_leads_expected_close_on_sane"),
        ("expected_close_on", "0026-01-01", "ck_leads_expected_close_on_sane"),
        ("probability", 101, "ck_leads_probability_percent"),
        ("probability", -1, "ck_leads_probability_percent"),
        ("last_name", "x" * 301, "ck_leads_last_name_length"),
        ("description", "x" * 20_001, "ck_leads_description_length"),
        ("email", "x" * 255, "ck_leads_email_length"),
        ("source", "Nobody wrote this source down", "fk_leads_source"),
        ("external_id", "A-1", "ck_leads_external_id_has_system"),
        ("deleted_at", "2026-01-01", "ck_leads_trashed_by_someone"),
    ],
)
def test_a_lead_with_an_impossible_value(refused: Refusal, column: str, value: Any, constraint: str) -> None:
    assert refused(f"INSERT INTO leads (company, {column}) VALUES ('Acme', :value)", value=value) == constraint


@pytest.mark.parametrize("amount", ["-0.01", "1000000000000", "NaN", "Infinity"])
def test_an_amount_that_no_money_can_be(refused: Refusal, amount: str) -> None:
    assert refused(f"INSERT INTO leads (company, amount, currency) VALUES ('Acme', '{amount}', 'USD')")


@pytest.mark.parametrize("name", ["NULL", "''", "'   '"])
def test_a_lead_that_nobody_could_name(refused: Refusal, name: str) -> None:
    assert (
        refused(f"INSERT INTO leads (first_name, last_name, company) VALUES ('Ann', {name}, {name})")
        == "ck_leads_is_named"
    )


def test_a_won_lead_without_a_customer(refused: Refusal, session: Session) -> None:
    lead = make_lead(session)
    statement = "UPDATE leads SET status = 'won', closed_at = now() WHERE id = :id"
    assert refused(statement, id=lead.id) == "ck_leads_won_has_customer"


def test_taking_the_customer_from_a_won_lead(refused: Refusal, session: Session) -> None:
    lead = make_lead(session, status="won")
    assert refused("UPDATE leads SET customer_id = NULL WHERE id = :id", id=lead.id) == "ck_leads_won_has_customer"


def test_deleting_the_customer_of_a_won_lead(refused: Refusal, session: Session) -> None:
    lead = make_lead(session, status="won")
    assert refused("DELETE FROM customers WHERE id = :id", id=lead.customer_id) == "fk_leads_customer_id"


def test_a_won_lead_without_the_time_it_was_won(refused: Refusal, session: Session) -> None:
    lead = make_lead(session, status="won")
    assert refused("UPDATE leads SET closed_at = NULL WHERE id = :id", id=lead.id) == "ck_leads_closed_has_date"


def test_an_open_lead_that_is_closed(refused: Refusal, session: Session) -> None:
    lead = make_lead(session)
    assert refused("UPDATE leads SET closed_at = now() WHERE id = :id", id=lead.id) == "ck_leads_closed_has_date"


@pytest.mark.parametrize("status", ["lost", "disqualified"])
def test_a_lost_lead_without_a_reason(refused: Refusal, session: Session, status: str) -> None:
    lead = make_lead(session)
    statement = f"UPDATE leads SET status = '{status}', closed_at = now() WHERE id = :id"
    assert refused(statement, id=lead.id) == "ck_leads_lost_has_reason"


def test_an_unknown_reason(refused: Refusal, session: Session) -> None:
    lead = make_lead(session, status="lost")
    statement = "UPDATE leads SET lost_reason = 'boredom' WHERE id = :id"
    assert refused(statement, id=lead.id) == "ck_leads_lost_reason_known"


def test_another_reason_without_words(refused: Refusal, session: Session) -> None:
    lead = make_lead(session, status="lost")
    statement = "UPDATE leads SET lost_reason = 'other', lost_note = ' ' WHERE id = :id"
    assert refused(statement, id=lead.id) == "ck_leads_other_reason_has_note"


def test_another_reason_with_no_note_at_all(refused: Refusal, session: Session) -> None:
    """A CHECK passes on NULL, so the rule has to say so in words that NULL cannot pass."""
    lead = make_lead(session, status="lost")
    statement = "UPDATE leads SET lost_reason = 'other', lost_note = NULL WHERE id = :id"
    assert refused(statement, id=lead.id) == "ck_leads_other_reason_has_note"


def test_a_reason_for_losing_what_is_not_lost(refused: Refusal, session: Session) -> None:
    lead = make_lead(session)
    assert refused("UPDATE leads SET lost_reason = 'price' WHERE id = :id", id=lead.id) == "ck_leads_lost_has_reason"


def test_the_same_record_of_another_system_twice(refused: Refusal, session: Session) -> None:
    make_lead(session, external_system="olist", external_id="1")
    statement = "INSERT INTO leads (company, external_system, external_id) VALUES ('Acme', 'olist', '1')"
    assert refused(statement) == "uq_leads_external_system_external_id"


def test_the_same_source_in_another_case(refused: Refusal, session: Session) -> None:
    make_lead(session, source="Google")
    assert refused("INSERT INTO lead_sources VALUES ('google')") == "uq_lead_sources_lower_name"


@pytest.mark.parametrize("column", ["last_name", "company", "description", "next_step", "street"])
def test_a_nul_is_refused_before_it_reaches_the_table(session: Session, column: str) -> None:
    with pytest.raises((ValueError, DBAPIError)):
        session.execute(text(f"INSERT INTO leads ({column}) VALUES (:value)"), {"value": "a\x00b"})


def test_computed_columns_cannot_be_written(refused: Refusal) -> None:
    assert "search_text" in refused("INSERT INTO leads (company, search_text) VALUES ('Acme', 'other')")


def test_an_id_cannot_be_chosen(refused: Refusal) -> None:
    assert '"id"' in refused("INSERT INTO leads (id, company) VALUES (7, 'Acme')")


# Customers and their contacts


def test_a_second_customer_from_one_lead(refused: Refusal, session: Session) -> None:
    lead = make_lead(session)
    make_customer(session, created_from_lead_id=lead.id)
    statement = "INSERT INTO customers (name, created_from_lead_id) VALUES ('Acme', :lead)"
    assert refused(statement, lead=lead.id) == "uq_customers_created_from_lead_id"


@pytest.mark.parametrize(
    ("columns", "values", "constraint"),
    [
        ("name", "' '", "ck_customers_is_named"),
        ("name, kind", "'A', 'robot'", "ck_customers_kind_known"),
        ("name, status", "'A', 'gone'", "ck_customers_status_known"),
        ("name, billing_country", "'A', 'XX'", "ck_customers_billing_country_known"),
        ("name, shipping_country", "'A', 'XX'", "ck_customers_shipping_country_known"),
        ("name", "repeat('x', 301)", "ck_customers_name_length"),
    ],
)
def test_a_customer_with_an_impossible_value(refused: Refusal, columns: str, values: str, constraint: str) -> None:
    assert refused(f"INSERT INTO customers ({columns}) VALUES ({values})") == constraint


def test_a_customer_that_belongs_to_itself(refused: Refusal, session: Session) -> None:
    customer = make_customer(session)
    statement = "UPDATE customers SET parent_id = id WHERE id = :id"
    assert refused(statement, id=customer.id) == "ck_customers_not_its_own_parent"


def test_deleting_a_customer_with_contacts(refused: Refusal, session: Session) -> None:
    customer = make_customer(session)
    make_contact(session, customer)
    assert refused("DELETE FROM customers WHERE id = :id", id=customer.id) == "fk_contacts_customer_id"


def test_a_second_primary_contact(refused: Refusal, session: Session) -> None:
    customer = make_customer(session)
    make_contact(session, customer, is_primary=True)
    statement = "INSERT INTO contacts (customer_id, last_name, is_primary) VALUES (:id, 'Other', true)"
    assert refused(statement, id=customer.id) == "uq_contacts_primary"


def test_an_activity_on_a_lead_and_a_customer_at_once(refused: Refusal, session: Session) -> None:
    lead, customer = make_lead(session), make_customer(session)
    statement = "INSERT INTO activities (kind, subject, lead_id, customer_id) VALUES ('note', 'x', :lead, :customer)"
    assert refused(statement, lead=lead.id, customer=customer.id) == "ck_activities_on_one_record"


def test_an_activity_on_nothing(refused: Refusal) -> None:
    assert refused("INSERT INTO activities (kind, subject) VALUES ('note', 'x')") == "ck_activities_on_one_record"


def test_a_note_that_is_due(refused: Refusal, session: Session) -> None:
    statement = "INSERT INTO activities (kind, subject, lead_id, due_on) VALUES ('note', 'x', :lead, current_date)"
    assert refused(statement, lead=make_lead(session).id) == "ck_activities_only_tasks_due"


# Owners, roles and the last administrator


@pytest.fixture
def gone(session: Session) -> Employee:
    """A seller who left."""
    return make_employee(session, is_active=False)


@pytest.mark.parametrize("table", ["leads (company, owner_id)", "customers (name, owner_id)"])
def test_what_is_new_cannot_belong_to_someone_inactive(refused: Refusal, gone: Employee, table: str) -> None:
    assert refused(f"INSERT INTO {table} VALUES ('Acme', :owner)", owner=gone.id) == "ck_owner_entitled"


@pytest.mark.parametrize("table", ["leads (company, owner_id)", "customers (name, owner_id)"])
def test_what_is_new_cannot_belong_to_a_viewer(refused: Refusal, vera: Employee, table: str) -> None:
    assert refused(f"INSERT INTO {table} VALUES ('Acme', :owner)", owner=vera.id) == "ck_owner_entitled"


@pytest.mark.parametrize("table", ["leads", "customers"])
def test_nothing_is_given_to_someone_inactive(refused: Refusal, session: Session, gone: Employee, table: str) -> None:
    row = make_lead(session) if table == "leads" else make_customer(session)
    statement = f"UPDATE {table} SET owner_id = :owner WHERE id = :id"
    assert refused(statement, owner=gone.id, id=row.id) == "ck_owner_entitled"


@pytest.mark.parametrize("table", ["leads", "customers"])
def test_nothing_is_given_to_a_viewer(refused: Refusal, session: Session, vera: Employee, table: str) -> None:
    row = make_lead(session) if table == "leads" else make_customer(session)
    statement = f"UPDATE {table} SET owner_id = :owner WHERE id = :id"
    assert refused(statement, owner=vera.id, id=row.id) == "ck_owner_entitled"


def test_one_entitled_owner_does_not_cover_for_another(refused: Refusal, ann: Employee, gone: Employee) -> None:
    statement = "INSERT INTO leads (company, owner_id) VALUES ('A', :ann), ('B', :gone), ('C', NULL)"
    assert refused(statement, ann=ann.id, gone=gone.id) == "ck_owner_entitled"


@pytest.mark.parametrize("change", ["is_active = false", "role = 'viewer'"])
def test_someone_who_owns_a_lead_stays_entitled(refused: Refusal, session: Session, ann: Employee, change: str) -> None:
    make_lead(session, owner_id=ann.id)
    assert refused(f"UPDATE employees SET {change} WHERE id = :id", id=ann.id) == "ck_employees_owns_nothing"


@pytest.mark.parametrize("change", ["is_active = false", "role = 'viewer'"])
def test_someone_who_owns_a_customer_stays_entitled(
    refused: Refusal, session: Session, ann: Employee, change: str
) -> None:
    make_customer(session, owner_id=ann.id)
    assert refused(f"UPDATE employees SET {change} WHERE id = :id", id=ann.id) == "ck_employees_owns_nothing"


@pytest.mark.parametrize("change", ["is_active = false", "role = 'manager'"])
def test_the_last_administrator_stays(refused: Refusal, ada: Employee, change: str) -> None:
    assert refused(f"UPDATE employees SET {change} WHERE id = :id", id=ada.id) == "ck_employees_one_admin"


def test_the_last_administrator_is_not_deleted(refused: Refusal, ada: Employee) -> None:
    assert refused("DELETE FROM employees WHERE id = :id", id=ada.id) == "ck_employees_one_admin"


def test_all_administrators_at_once_are_not_taken_away(refused: Refusal, session: Session) -> None:
    make_employee(session, role="admin")
    assert refused("UPDATE employees SET role = 'viewer' WHERE role = 'admin'") == "ck_employees_one_admin"


def test_all_administrators_at_once_are_not_deleted(refused: Refusal, session: Session) -> None:
    make_employee(session, role="admin")
    assert refused("DELETE FROM employees WHERE role = 'admin'") == "ck_employees_one_admin"


def test_the_same_address_in_another_case(refused: Refusal) -> None:
    statement = "INSERT INTO employees (name, email, role) VALUES ('Ann', 'ANN@piper.EXAMPLE', 'sales')"
    assert refused(statement) == "uq_employees_email_normalised"


def test_an_unknown_role(refused: Refusal) -> None:
    assert (
        refused("INSERT INTO employees (name, email, role) VALUES ('X', 'x@y.z', 'god')") == "ck_employees_role_known"
    )


@pytest.mark.parametrize(
    ("kind", "column", "value", "constraint"),
    [
        ("note", "priority", "high", "ck_activities_only_tasks_have_priority"),
        ("task", "priority", "urgent", "ck_activities_priority_known"),
        ("task", "outcome", "busy", "ck_activities_only_calls_have_outcome"),
        ("call", "outcome", "shouted", "ck_activities_outcome_known"),
        ("task", "due_time", "14:30", "ck_activities_due_time_of_day"),
        ("task", "recurrence", "FREQ=DAILY", "ck_activities_recurs_from_due_date"),
        ("call", "remind_at", "2026-12-01", "ck_activities_only_tasks_recur"),
    ],
)
def test_what_an_activity_of_this_kind_never_has(
    refused: Refusal, session: Session, kind: str, column: str, value: str, constraint: str
) -> None:
    statement = f"INSERT INTO activities (kind, subject, lead_id, {column}) VALUES (:kind, 'x', :lead, :value)"
    assert refused(statement, kind=kind, lead=make_lead(session).id, value=value) == constraint


def test_an_employee_who_did_something_is_never_deleted(refused: Refusal, session: Session, bob: Employee) -> None:
    make_lead(session, by=bob)
    assert refused("DELETE FROM employees WHERE id = :id", id=bob.id).startswith("fk_")


@pytest.mark.parametrize("table", ["leads", "customers"])
def test_an_employee_who_owns_something_is_never_deleted(
    refused: Refusal, session: Session, bob: Employee, table: str
) -> None:
    if table == "leads":
        make_lead(session, owner_id=bob.id)
    else:
        make_customer(session, owner_id=bob.id)
    assert refused("DELETE FROM employees WHERE id = :id", id=bob.id).startswith(("fk_", "ck_employees_owns"))


def test_an_employee_whom_only_history_knows_is_never_deleted(
    refused: Refusal, session: Session, bob: Employee
) -> None:
    lead = make_lead(session, by=bob)
    session.delete(lead)
    session.commit()
    assert refused("DELETE FROM employees WHERE id = :id", id=bob.id) == "fk_changes_actor_id"


# By other ways in than INSERT and UPDATE


@pytest.fixture
def copied(own_database: OwnDatabase) -> Callable[[str, str], str]:
    """Try to COPY a line into a table as the importer does, and give what stopped it."""

    def run(table: str, line: str) -> str:
        connection = own_database.connect()
        try:
            with connection.cursor() as cursor, pytest.raises(psycopg2.Error) as caught:
                cursor.copy_expert(f"COPY {table} FROM STDIN WITH (FORMAT csv)", StringIO(line))
            return caught.value.diag.constraint_name or caught.value.diag.message_primary or ""
        finally:
            connection.close()

    return run


@pytest.mark.parametrize(
    ("table", "line", "constraint"),
    [
        ("leads (company, status, closed_at)", "Acme,won,2026-01-01", "ck_leads_won_has_customer"),
        ("leads (company, status, closed_at)", "Acme,lost,2026-01-01", "ck_leads_lost_has_reason"),
        ("leads (company, status)", "Acme,sold", "ck_leads_status_known"),
        ("leads (company, country)", "Acme,XX", "ck_leads_country_known"),
        ("leads (company, amount, currency)", "Acme,1,XXX", "ck_leads_currency_known"),
        ("leads (company, amount, currency)", "Acme,-1,USD", "ck_leads_amount_not_negative"),
        ("leads (company, probability)", "Acme,101", "ck_leads_probability_percent"),
        ("leads (company, owner_id)", "Acme,{vera}", "ck_owner_entitled"),
        ("customers (name, owner_id)", "Acme,{vera}", "ck_owner_entitled"),
        ("customers (name, created_from_lead_id)", "Acme,{lead}", "uq_customers_created_from_lead_id"),
    ],
)
def test_copy_is_held_to_the_same(
    own_database: OwnDatabase, copied: Callable[[str, str], str], table: str, line: str, constraint: str
) -> None:
    with own_database.session() as session:
        lead = make_lead(session)
        make_customer(session, created_from_lead_id=lead.id)
        vera = own_database.find(session, "vera")
    assert copied(table, line.format(vera=vera.id, lead=lead.id)) == constraint


def test_an_upsert_is_held_to_the_same(refused: Refusal, session: Session, vera: Employee) -> None:
    lead = make_lead(session, external_system="olist", external_id="1")
    upsert = (
        "INSERT INTO leads (company, external_system, external_id) VALUES ('Acme', 'olist', '1')"
        " ON CONFLICT (external_system, external_id) DO UPDATE SET "
    )
    assert refused(upsert + "status = 'won', closed_at = now()") == "ck_leads_won_has_customer"
    assert refused(upsert + "owner_id = :vera", vera=vera.id) == "ck_owner_entitled"
    session.execute(text(upsert + "company = 'Renamed'"))
    told = "SELECT fields FROM changes WHERE entity = 'lead' AND entity_id = :id AND action = 'changed'"
    assert session.scalars(text(told), {"id": lead.id}).all()[0]["company"] == [None, "Renamed"]


# By tables of the session's own, which stand before ours wherever a statement names no schema


def cover(session: Session, table: str) -> None:
    """Make what any session may make: a temporary table that is called as one of ours, with its rows."""
    session.execute(text(f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS SELECT * FROM public.{table}"))


def test_history_cannot_be_led_away(session: Session) -> None:
    cover(session, "changes")
    lead_id = session.scalar(text("INSERT INTO leads (company) VALUES ('Acme') RETURNING id"))
    session.execute(text("UPDATE leads SET company = 'Apex' WHERE id = :id"), {"id": lead_id})
    told = "SELECT action FROM public.changes WHERE entity = 'lead' AND entity_id = :id ORDER BY id"
    assert session.scalars(text(told), {"id": lead_id}).all() == ["created", "changed"]


def test_a_false_list_of_employees_entitles_nobody(refused: Refusal, session: Session, vera: Employee) -> None:
    cover(session, "employees")
    session.execute(text("UPDATE pg_temp.employees SET role = 'sales'"))
    assert refused("INSERT INTO leads (company, owner_id) VALUES ('Acme', :owner)", owner=vera.id) == (
        "ck_owner_entitled"
    )


def test_what_is_counted_cannot_be_led_away(session: Session) -> None:
    cover(session, "count_deltas")
    before = session.scalar(text("SELECT count(*) FROM public.count_deltas"))
    session.execute(text("INSERT INTO leads (company) VALUES ('Acme')"))
    assert session.scalar(text("SELECT count(*) FROM public.count_deltas")) != before


def test_every_function_that_reads_tables_finds_ours(session: Session) -> None:
    """What only computes is left as it is: a setting of its own would keep it from being woven into statements."""
    astray = """
        SELECT proname FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'crm\\_%' AND provolatile <> 'i'
            AND NOT coalesce(proconfig, '{}') @> '{"search_path=pg_catalog, public, pg_temp"}'
    """
    assert session.scalars(text(astray)).all() == []


# History and the ledger


def test_all_of_this_is_said_to_the_applications_own_role(session: Session) -> None:
    """What owns the tables and could switch triggers off is refused by plain statements all the same."""
    owner = "SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'changes'"
    assert session.scalar(text(owner))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE changes SET source = 'api'", "DELETE FROM changes", "TRUNCATE changes CASCADE"],
)
def test_history_is_never_altered(refused: Refusal, session: Session, statement: str) -> None:
    make_lead(session)
    assert refused(statement) == "history is never altered"


def test_history_is_never_emptied(refused: Refusal, session: Session) -> None:
    """What was sent to other programs refers to it, and is asked before its own trigger."""
    make_lead(session)
    assert "cannot truncate a table referenced in a foreign key constraint" in refused("TRUNCATE changes")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO changes (id, entity, entity_id, action, fields, source) OVERRIDING SYSTEM VALUE"
        " SELECT id, entity, entity_id, action, fields, 'api' FROM changes ON CONFLICT (id)"
        " DO UPDATE SET source = 'api'",
        "MERGE INTO changes USING (SELECT 1) AS one ON true WHEN MATCHED THEN UPDATE SET source = 'api'",
        "MERGE INTO changes USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
        "WITH gone AS (DELETE FROM changes RETURNING id) SELECT count(*) FROM gone",
    ],
)
def test_history_is_not_altered_behind_the_operations(refused: Refusal, session: Session, statement: str) -> None:
    make_lead(session)
    assert refused(statement) == "history is never altered"


@pytest.mark.parametrize("table", ["employees", "leads", "customers", "contacts", "activities"])
def test_no_table_is_emptied_without_a_trace(refused: Refusal, table: str) -> None:
    assert "would leave no history" in refused(f"TRUNCATE {table} CASCADE")


@pytest.fixture
def conversion(session: Session, ann: Employee) -> dict[str, int]:
    """A line of the ledger."""
    lead = make_lead(session, status="won")
    values = {"lead": lead.id, "customer": lead.customer_id or 0}
    session.execute(
        text("INSERT INTO conversions (lead_id, customer_id, kind) VALUES (:lead, :customer, 'created')"), values
    )
    return values


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE conversions SET kind = 'linked'",
        "UPDATE conversions SET converted_at = now() - interval '1 day'",
        "DELETE FROM conversions",
        "TRUNCATE conversions",
        "TRUNCATE conversions, submissions",
        "INSERT INTO conversions (id, lead_id, customer_id, kind) OVERRIDING SYSTEM VALUE"
        " SELECT id, lead_id, customer_id, kind FROM conversions ON CONFLICT (id) DO UPDATE SET kind = 'linked'",
        "MERGE INTO conversions USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
        "UPDATE conversions SET kind = 'linked', undone_at = now(), undone_by_id = :ann",
    ],
)
@pytest.mark.usefixtures("conversion")
def test_the_ledger_is_never_altered(refused: Refusal, ann: Employee, statement: str) -> None:
    values = {"ann": ann.id} if ":ann" in statement else {}
    assert refused(statement, **values) == "conversions are never altered"


@pytest.mark.usefixtures("conversion")
def test_an_undo_is_written_once(refused: Refusal, session: Session, ann: Employee) -> None:
    statement = "UPDATE conversions SET undone_at = now(), undone_by_id = :ann"
    session.execute(text(statement), {"ann": ann.id})
    assert refused(statement, ann=ann.id) == "conversions are never altered"


@pytest.mark.usefixtures("conversion")
def test_an_undo_names_who_did_it(refused: Refusal) -> None:
    assert refused("UPDATE conversions SET undone_at = now()") == "ck_conversions_undone_by_someone"


def test_a_lead_is_converted_once_at_a_time(refused: Refusal, conversion: dict[str, int]) -> None:
    statement = "INSERT INTO conversions (lead_id, customer_id, kind) VALUES (:lead, :customer, 'linked')"
    assert refused(statement, **conversion) == "uq_conversions_standing"


# Two at once


def test_an_owner_is_deactivated_while_a_lead_is_given_to_them(own_database: OwnDatabase) -> None:
    """Whoever is first wins; the other is refused, and nobody inactive ever owns a lead."""
    with own_database.session() as session:
        bob_id = own_database.find(session, "bob").id
    deactivating, giving = own_database.connect(), own_database.connect()
    with deactivating.cursor() as first, giving.cursor() as second:
        first.execute("UPDATE employees SET is_active = false WHERE id = %s", (bob_id,))
        second.execute("SET lock_timeout = '100ms'")
        with pytest.raises(errors.LockNotAvailable):
            second.execute("INSERT INTO leads (company, owner_id) VALUES ('Acme', %s)", (bob_id,))
        giving.rollback()
        deactivating.commit()
        with pytest.raises(errors.CheckViolation):
            second.execute("INSERT INTO leads (company, owner_id) VALUES ('Acme', %s)", (bob_id,))
    deactivating.close()
    giving.close()


def test_a_lead_is_given_to_an_owner_who_is_deactivated_meanwhile(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        bob_id = own_database.find(session, "bob").id
    giving, deactivating = own_database.connect(), own_database.connect()
    with giving.cursor() as first, deactivating.cursor() as second:
        first.execute("INSERT INTO leads (company, owner_id) VALUES ('Acme', %s)", (bob_id,))
        second.execute("SET lock_timeout = '100ms'")
        with pytest.raises(errors.LockNotAvailable):
            second.execute("UPDATE employees SET is_active = false WHERE id = %s", (bob_id,))
        deactivating.rollback()
        giving.commit()
        with pytest.raises(errors.CheckViolation):
            second.execute("UPDATE employees SET is_active = false WHERE id = %s", (bob_id,))
    giving.close()
    deactivating.close()


def test_two_administrators_resign_at_once(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        other = make_employee(session, role="admin").id
    one, two = own_database.connect(), own_database.connect()
    with one.cursor() as first, two.cursor() as second:
        first.execute("UPDATE employees SET role = 'viewer' WHERE email = 'ada@piper.example'")
        second.execute("SET lock_timeout = '100ms'")
        with pytest.raises(errors.LockNotAvailable):
            second.execute("UPDATE employees SET role = 'viewer' WHERE id = %s", (other,))
        two.rollback()
        one.commit()
        with pytest.raises(errors.CheckViolation):
            second.execute("UPDATE employees SET role = 'viewer' WHERE id = %s", (other,))
    one.close()
    two.close()


def test_a_lead_is_won_by_two_people_at_once(own_database: OwnDatabase) -> None:
    """The second customer waits for the first transaction and is then refused by its lead."""
    with own_database.session() as session:
        lead_id = make_lead(session).id
    one, two = own_database.connect(), own_database.connect()
    statement = "INSERT INTO customers (name, created_from_lead_id) VALUES ('Acme', %s)"
    with one.cursor() as first, two.cursor() as second:
        first.execute(statement, (lead_id,))
        second.execute("SET lock_timeout = '100ms'")
        with pytest.raises(errors.LockNotAvailable):
            second.execute(statement, (lead_id,))
        two.rollback()
        one.commit()
        with pytest.raises(errors.UniqueViolation):
            second.execute(statement, (lead_id,))
    one.close()
    two.close()


def test_what_an_activity_hangs_on_is_not_deleted(refused: Refusal, session: Session) -> None:
    lead = make_lead(session)
    make_activity(session, lead_id=lead.id)
    assert refused("DELETE FROM leads WHERE id = :id", id=lead.id) == "fk_activities_lead_id"
