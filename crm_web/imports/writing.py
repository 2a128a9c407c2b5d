"""Writes staged rows as leads, customers, contacts and conversions, in batches within one transaction."""

from collections.abc import Callable
from string import Template

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.batches import write_in_batches
from crm_web.imports.changing import MAKE_CUSTOMERS, update_leads
from crm_web.imports.columns import FIELDS
from crm_web.web.template_filters import plural
from crm_web.winning.mapping import SQL

_NEW_SOURCES = """
INSERT INTO lead_sources (name)
SELECT mode() WITHIN GROUP (ORDER BY r.source) FROM import_rows r JOIN import_plan p USING (line)
WHERE p.action IN ('create', 'known') AND r.source IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM lead_sources s WHERE lower(s.name) = lower(r.source))
GROUP BY lower(r.source) ORDER BY lower(r.source)
ON CONFLICT DO NOTHING RETURNING name
"""
# A first contact "on 5 March" stands at noon; if the lead was won that morning, it began by then.
_BEGIN = """
    CASE WHEN (t.created_at AT TIME ZONE 'UTC')::date = (t.closed_at AT TIME ZONE 'UTC')::date
        THEN least(t.created_at, t.closed_at) ELSE t.created_at END AS created_at, t.closed_at
"""
# What is read by the statement alone need not be kept for a second reader, which takes 12 µs a row.
_CREATE = Template("""
WITH merged AS $is_kept (
    SELECT p.lead_id, coalesce(w.customer_id, p.customer_id) AS customer_id, w.makes_customer, w.closed_at AS since,
        r.external_system, r.external_id, r.status, r.lost_reason, r.lost_note, s.name AS source,
        coalesce(r.updated_at, now()) AS updated_at, $begin,
        CASE WHEN r.owner IS NULL THEN %(owner)s ELSE o.employee_id END AS owner_id,
        CASE WHEN num_nonnulls(r.last_name, r.company, r.email) = 0 THEN r.external_id
            ELSE r.last_name END AS last_name,
        $fields
    FROM import_rows r JOIN import_plan p USING (line)
    LEFT JOIN import_wins w USING (line)
    LEFT JOIN lead_sources s ON lower(s.name) = lower(r.source)
    LEFT JOIN import_owners o ON o.word = r.owner
    CROSS JOIN LATERAL (
        SELECT coalesce(r.created_at, least(r.closed_at, now()), now()) AS created_at,
            CASE WHEN r.closes THEN coalesce(r.closed_at, now()) END AS closed_at
    ) t
    WHERE p.action = 'create' AND p.is_early = %(is_early)s
        AND p.line BETWEEN %(first)s AND %(last)s AND r.line BETWEEN %(first)s AND %(last)s
    ORDER BY r.line
) $make_customers
INSERT INTO leads (id, external_system, external_id, status, lost_reason, lost_note, customer_id, created_at,
    updated_at, closed_at, status_changed_at, source, owner_id, last_name, $columns)
OVERRIDING SYSTEM VALUE
SELECT lead_id, external_system, external_id, status, lost_reason, lost_note, customer_id, created_at,
    updated_at, closed_at, coalesce(closed_at, created_at), source, owner_id, last_name, $columns
FROM merged
""")
_CONTACTS = Template("""
INSERT INTO contacts (customer_id, is_primary, $contact_columns)
SELECT c.id, true, $contact_columns
FROM import_wins w JOIN (SELECT id, kind FROM customers) c ON c.id = w.customer_id JOIN leads l ON l.id = w.lead_id
WHERE w.makes_customer AND c.kind = 'organisation' AND $names_person
ORDER BY w.line
""").substitute(SQL)
_LEDGER = """
INSERT INTO conversions (lead_id, customer_id, kind)
SELECT w.lead_id, w.customer_id, CASE WHEN w.makes_customer THEN 'created' ELSE 'linked' END FROM import_wins w
-- A lead that left Won has kept its customer and its line.
WHERE NOT EXISTS (SELECT 1 FROM conversions c WHERE c.lead_id = w.lead_id AND c.undone_at IS NULL) ORDER BY w.line
"""

_ACTIVATE = Template("""
UPDATE customers SET status = $status_of_buyer WHERE id IN (
    SELECT id FROM customers WHERE id IN (SELECT customer_id FROM import_wins) AND status <> $status_of_buyer
    ORDER BY id FOR NO KEY UPDATE
)
""").substitute(SQL)

_ALL = ", ".join([*FIELDS, "amount", "currency"])


def _build_creation(is_kept: str, make_customers: str) -> str:
    fields = ", ".join(f"r.{name}" for name in [*FIELDS, "amount", "currency"])
    return _CREATE.substitute(begin=_BEGIN, columns=_ALL, fields=fields, is_kept=is_kept, make_customers=make_customers)


CREATE_LEADS = _build_creation("NOT MATERIALIZED", "")
"""Creates the leads of a batch of planned rows: those that were surely new, or those that had to wait."""
# The keys between a won lead and its customer point both ways: only one statement that writes both satisfies them.
_CREATE_LEADS_AND_CUSTOMERS = _build_creation("MATERIALIZED", f", made AS ({MAKE_CUSTOMERS})")


def write_leads(
    cursor: Cursor, owner_id: int | None, *, updates: bool, progress: Callable[[int, int], None]
) -> list[str]:
    """Write everything that was decided.

    :param owner_id: who gets the leads without an owner
    :param updates: whether known leads take over what rows say, and not only what they lack
    :return: the sources that are new
    """
    cursor.execute(_NEW_SOURCES)
    sources = [name for (name,) in cursor]
    cursor.execute("SELECT FROM import_wins WHERE makes_customer LIMIT 1")
    create = _CREATE_LEADS_AND_CUSTOMERS if cursor.rowcount else CREATE_LEADS
    write_in_batches(cursor, (create,), update_leads(updates=updates), owner_id, progress)
    cursor.execute(_CONTACTS)
    cursor.execute(_LEDGER)
    return sources


def activate_buyers(cursor: Cursor) -> list[str]:
    """Make the inactive customers of the won leads active, and say of how many; once the leads are written."""
    cursor.execute(_ACTIVATE)
    buyers = plural(cursor.rowcount, "inactive customer")
    return [f"{buyers} became active, because a lead is won for them."] if cursor.rowcount else []
