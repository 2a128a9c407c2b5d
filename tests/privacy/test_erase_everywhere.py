"""Whatever table may hold the name of a person: erasing them leaves it nowhere. The tables are those of the catalog."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_web.core.extensions import db
from crm_web.customers.spec import CUSTOMERS
from crm_web.leads.spec import LEADS
from crm_web.models import Customer, Employee, Lead
from crm_web.privacy.queries import list_lines
from crm_web.stats.operations import compact_counts
from crm_web.winning.operations import win_for_customer
from tests.databases import OwnDatabase
from tests.factories import make_activity, make_contact, make_customer, make_lead, make_sign_in
from tests.page import Browser
from tests.privacy.test_erase import TRACES, dump
from tests.stateful.invariants import list_violations
from tests.worker.run import run_worker

COLUMNS = """
    SELECT c.table_name, c.column_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version'
        AND data_type IN ('text', 'jsonb', 'json', 'bytea', 'character varying', 'ARRAY', 'USER-DEFINED')
        AND NOT EXISTS (
            SELECT FROM pg_constraint k
            WHERE k.conname = 'ck_' || c.table_name || '_' || c.column_name || '_known')
    ORDER BY 1, 2"""
"""All that can hold a text, but for words of a fixed list."""
SAFE = {
    **dict.fromkeys(
        ("leads.country", "leads.currency", "customers.billing_country", "customers.shipping_country"), "code"
    ),
    **dict.fromkeys(("count_deltas.currency", "counts.currency", "exchange_rates.currency"), "code"),
    **dict.fromkeys(("leads.industry", "customers.industry"), "what a company does"),
    **dict.fromkeys(
        ("password_links.%", "outgoing_mails.sender_name", "outgoing_mails.sender_email", "table_versions.%"),
        "about employees, and tables",
    ),
    **dict.fromkeys(
        (
            "employees.%",
            "employee_identities.%",
            "authenticators.%",
            "passkeys.%",
            "recovery_codes.%",
            "sign_ins.%",
            "sign_in_failures.%",
        ),
        "about employees",
    ),
    **dict.fromkeys(
        (
            "api_tokens.secret_hash",
            "api_tokens.secret_end",
            "calendar_feeds.key_hash",
            "file_objects.sha256",
            "passkey_challenges.challenge",
            "webhooks.secret",
            "webhooks.sealed_secret",
        ),
        "random",
    ),
    **dict.fromkeys(("provisioned_employees.%", "provisioned_groups.%"), "about employees"),
    **dict.fromkeys(("submissions.request_hash", "imports.header_hash"), "hash"),
    **dict.fromkeys(
        ("changes.entity", "changes.source", "webhook_deliveries.event", "webhooks.events"),
        "fixed words",
    ),
    **dict.fromkeys(("counts.status", "counts.detail", "count_deltas.status", "count_deltas.detail"), "fixed words"),
    **dict.fromkeys(("import_progress.stage", "webhook_deliveries.state", "worker_jobs.name"), "fixed words"),
    "notifications.entity": "fixed words",
    "duplicate_pairs.reasons": "fixed words",
    **dict.fromkeys(("record_merges.details", "erasures.records", "erasures.counts"), "ids and counts"),
    "erasures.mentions": "until it is done",
    "erasures.problem": "fixed sentences",
    **dict.fromkeys(("bulk_edits.values", "bulk_items.before"), "status, owner and source"),
    **dict.fromkeys(("changes.request_id", "outgoing_mails.thread_token"), "random"),
    "outgoing_mails.saved_as": "an id",
    "incoming_emails.content_hash": "hash",
    "incoming_attachments.left_out": "fixed words",
    "mailbox_checks.error": "what a mail server says of the mailbox",
    "mail_templates.%": "texts of administrators for everyone",
    "activities.recurrence": "a rule of fixed words",
    "customers.number": "counted",
    "webhooks.url": "an address that an admin typed",
}
"""Columns that never hold anything of a person, each with the reason. Whatever is not here has to be filled below."""
PERSONAL = {
    "leads": f"{' '.join(list_lines(LEADS))} salutation first_name mobile website street city state postal_code"
    " description external_system external_id",
    "customers": f"{' '.join(list_lines(CUSTOMERS))} website description billing_street billing_city billing_state"
    " billing_postal_code shipping_street shipping_city shipping_state shipping_postal_code",
    "contacts": "salutation first_name job_title mobile description",
}
FILLED = """
    UPDATE leads SET lost_reason = 'other', status = 'lost', closed_at = now(), status_changed_at = now(),
        lost_note = 'Quixley' WHERE id IN (:lead, :other);
    INSERT INTO lead_sources (name) VALUES ('Recommended by Zeb Quixley');
    UPDATE leads SET source = 'Recommended by Zeb Quixley' WHERE id = :other;
    UPDATE leads SET lost_reason = NULL, status = 'new', closed_at = NULL, status_changed_at = now(), lost_note = NULL
        WHERE id = :other;
    UPDATE leads SET lost_reason = 'other', status = 'lost', closed_at = now(), status_changed_at = now(),
        lost_note = 'Quixley' WHERE id = :other;
    UPDATE leads SET amount = 5, currency = 'EUR', description = E'Ask\nZeb Quixley' WHERE id = :other;
    UPDATE leads SET description = 'Ask somebody else' WHERE id = :other;
    UPDATE leads SET next_step = 'Ring Mr. Quixley' WHERE id = :other;
    INSERT INTO saved_views (list, name, address, owner_id) VALUES
        ('leads', 'Zeb Quixley', 'q=zeb+quixley&status=new', 1), ('leads', 'His', 'q=Quixley', 1);
    INSERT INTO submissions (employee_id, key, request_hash, answer)
        VALUES (1, gen_random_uuid(), '\\x00', '{"text": "Zeb Quixley created."}');
    INSERT INTO drafts (employee_id, place, fields)
        VALUES (1, '/leads?q=zeb%20quixley', '[]'), (1, '/leads', '[["body", "Call\\nZeb Quixley"]]');
    INSERT INTO bulk_edits (entity, action, place, made_by_id) VALUES ('lead', 'trash', '/leads?q=Zeb+Quixley', 1);
    INSERT INTO bulk_items (bulk_edit_id, record_id, version_seen, before, outcome, reason)
        SELECT max(id), :other, 1, '{}', 'refused', 'Zeb Quixley changed' FROM bulk_edits;
    INSERT INTO bulk_items
        (bulk_edit_id, record_id, version_seen, before, outcome, version_after, undo_outcome, undo_reason)
        SELECT max(id), :lead, 1, '{}', 'done', 2, 'left', 'Zeb Quixley changed' FROM bulk_edits;
    INSERT INTO imports (filename, size, state, options, report, problem, made_by_id, imported_at) VALUES
        ('zeb quixley.csv', 1, 'imported', '{"target": "leads", "owners": {"Zeb Quixley": 1}}',
            '{"notices": ["No owner Zeb Quixley"]}',
            'Zeb Quixley: unknown', 1, now()), ('open.csv', 1, 'draft', '{"target": "leads"}', NULL, NULL, 1, NULL);
    INSERT INTO import_chunks (import_id, number, content)
        SELECT id, 0, convert_to('Name' || chr(10) || 'Zeb Quixley', 'UTF8') FROM imports;
    INSERT INTO import_results (import_id, line, outcome, label, reason, cells, undo_outcome, undo_reason)
        SELECT min(id), 2, 'refused', 'Zeb Quixley', 'Zeb Quixley has no country', '["Zeb Quixley"]', 'left',
            'Zeb Quixley changed' FROM imports;
    INSERT INTO import_corrections (import_id, line, cells) SELECT max(id), 2, '["Zeb Quixley"]' FROM imports;
    INSERT INTO external_ids (system, external_id, customer_id)
        SELECT 'Quixley', 'Quixley', id FROM customers WHERE kind = 'person';
    INSERT INTO files (lead_id, name, media_type, size) VALUES (:lead, 'Zeb Quixley.pdf', 'application/pdf', 11);
    INSERT INTO files (lead_id, name, size) VALUES (:other, 'Offer to Zeb Quixley.pdf', 11);
    INSERT INTO file_chunks (file_id, number, content) SELECT id, 0, convert_to('Zeb Quixley', 'UTF8') FROM files;
    INSERT INTO webhooks (url, description, events, secret)
        VALUES ('https://hooks.example', 'Tells Zeb Quixley', '["*"]', '\\x00');
    INSERT INTO outgoing_mails (employee_id, recipient, subject, body, error)
        VALUES (1, 'ada@piper.example', 'Zeb Quixley', 'Zeb Quixley', 'Zeb Quixley');
    INSERT INTO outgoing_mails (activity_id, recipient, subject, body, sender_name, sender_email, thread_token, sent_at)
        SELECT id, 'zeb@quixley.example', subject, '', 'Ada', 'ada@piper.example', 'abc', now() FROM activities
        WHERE subject = 'Called';
    INSERT INTO incoming_emails (message_id, content_hash, sent_at, kind, state, reason, sender_name, sender_email,
        co_senders, reply_to, recipients, subject, body) VALUES ('<zeb.quixley@acme.example>', '1', now(), 'personal',
        'waiting', 'The email to zeb.quixley@acme.example came back', 'Zeb Quixley', 'zeb.quixley@acme.example',
        'zeb.quixley@acme.example', 'zeb.quixley@acme.example', 'zeb.quixley@acme.example', 'Zeb Quixley',
        'Zeb Quixley');
    INSERT INTO incoming_attachments (email_id, name, size) SELECT id, 'Zeb Quixley.pdf', 11 FROM incoming_emails;
    INSERT INTO incoming_attachment_chunks SELECT id, 0, convert_to('Zeb Quixley', 'UTF8') FROM incoming_attachments;
    INSERT INTO incoming_emails (message_id, content_hash, sent_at, kind, state, reason, sender_name, sender_email,
        recipients, subject, body, activity_id, placed_at) SELECT '<1>', '2', now(), 'personal', 'placed', '', '', '',
        '', '', 'Mr. Quixley', id, now() FROM activities WHERE subject = 'Called';
    INSERT INTO webhook_deliveries (webhook_id, change_id, event, state, next_try_at, error)
        SELECT 1, max(id), 'lead.changed', 'failed', NULL, 'Zeb Quixley is refused' FROM changes;
    INSERT INTO api_tokens (employee_id, name, scope, secret_hash, secret_end, expires_at)
        VALUES (1, 'For Zeb Quixley', 'read', '\\x00', 'abc', now() + interval '1 day');
"""


def fill_all(session: Session, ada: Employee) -> int:
    """Let the person be named wherever somebody or something can; returns their lead."""
    known: dict[str, Any] = {"by": ada, "email": "zeb.quixley@acme.example", "phone": "+442055501234 Quixley"}
    # A win fills in no address or website here: those of a company stay.
    place = dict.fromkeys(("website", "billing_street", "billing_city", "billing_state", "billing_postal_code"), "x")
    company = make_customer(session, by=ada, name="Friends of Zeb Quixley", **place)
    customer = make_customer(session, kind="person", name="Zeb Quixley", phone_e164="Quixley", **known)
    known["last_name"] = "Quixley"
    numbers: dict[str, Any] = {"phone_e164": "Quixley", "mobile_e164": "Quixley"}
    lead = make_lead(session, first_name="Zeb", amount=1200, currency="EUR", **known, **numbers)
    other = make_lead(session, by=ada, last_name="Lund", company="Quixley Tools", customer_id=customer.id)
    contact = make_contact(session, company, **known, **numbers)
    make_contact(session, company, by=ada, last_name="Lund", description="Assistant of Zeb Quixley")
    make_activity(session, by=ada, lead_id=other.id, subject="Met Zeb Quixley", body="Mr. Quixley likes it")
    make_activity(session, by=ada, lead_id=lead.id, subject="Called")
    for table, record in (("leads", lead), ("customers", customer), ("contacts", contact)):
        values = ", ".join(f"{name} = 'Quixley'" for name in PERSONAL[table].split())
        session.execute(text(f"UPDATE {table} SET {values} WHERE id = {record.id}"))  # noqa: S608
    session.execute(text(FILLED.replace(":lead", str(lead.id)).replace(":other", str(other.id))))
    session.commit()
    compact_counts()
    win_for_customer(db.session.get_one(Lead, lead.id), db.session.get_one(Customer, company.id), fill=True, by=ada)
    db.session.execute(text(f"UPDATE leads SET amount = 6 WHERE id = {other.id}"))  # noqa: S608
    db.session.commit()
    return lead.id


def list_named(session: Session) -> tuple[set[str], set[str]]:
    """All columns that can hold a text, and those that name the person."""
    columns = {(table, column) for table, column in session.execute(text(COLUMNS))}
    named = set()
    for table, column in columns:
        value = f"encode({column}, 'escape')" if column == "content" else f"CAST({column} AS text)"
        query = f"SELECT EXISTS (SELECT FROM {table} WHERE {value} ILIKE '%quixley%')"  # noqa: S608
        if session.scalar(text(query)):
            named.add(f"{table}.{column}")
    return {f"{table}.{column}" for table, column in columns}, named


def test_whoever_is_erased_is_left_in_no_table(own_database: OwnDatabase) -> None:
    with own_database.session() as session:
        ada = own_database.find(session, "ada")
        with own_database.app.app_context():
            lead_id = fill_all(session, ada)
        every, named = list_named(session)
        is_safe = {column for column in every if column in SAFE or f"{column.split('.')[0]}.%" in SAFE}
        assert every - named - is_safe == set(), "Fill these columns above, or say in SAFE why they are safe."
        # Some rows above were never written by a person.
        violations = set(list_violations(own_database.connect()))
        browser = Browser(own_database.app, make_sign_in(session, ada))
        form = browser.get("privacy.preview_erasure", kind="lead", record_id=lead_id).form("erase")
        boxes = form.form.select('input[name="mentions"]')
        waiting = form.submit(confirmed="1", mentions=[str(box["value"]) for box in boxes]).follow()
        run_worker(own_database.app)
        assert "The receipt of an erased person." in browser.open(waiting.url).text
    after = dump(own_database)
    assert [line for line in after.splitlines() if any(trace in line for trace in TRACES)] == []
    with own_database.app.app_context():
        assert db.session.get_one(Lead, lead_id).amount == 1200
    assert set(list_violations(own_database.connect())) <= violations
