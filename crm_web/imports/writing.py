"""Writes staged rows as leads, customers, contacts and conversions, in batches within one transaction."""

from collections.abc import Callable
from string import Template

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.columns import FIELDS, PAIRS
from crm_web.winning.mapping import SQL

BATCH = 20_000

_NEW_SOURCES = """
INSERT INTO lead_sources (name)
SELECT mode() WITHIN GROUP (ORDER BY r.source) FROM import_rows r JOIN import_plan p USING (line)
WHERE p.action IN ('create', 'close') AND r.source IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM lead_sources s WHERE lower(s.name) = lower(r.source))
GROUP BY lower(r.source) ORDER BY lower(r.source)
ON CONFLICT DO NOTHING RETURNING name
"""
_BATCHES = """
SELECT action, min(line), max(line), count(*) FROM (
    SELECT action, line, (row_number() OVER (PARTITION BY action ORDER BY line) - 1) / %s AS batch FROM import_plan
    WHERE action IN ('create', 'close')
) numbered GROUP BY action, batch ORDER BY action, batch
"""
_MAKE_CUSTOMERS = Template("""
    INSERT INTO customers (id, created_from_lead_id, created_at, $customer_columns) OVERRIDING SYSTEM VALUE
    SELECT customer_id, lead_id, since, $customer_values FROM merged WHERE makes_customer
""")
# A first contact "on 5 March" stands at noon; if the lead was won that morning, it began by then.
_BEGIN = """
    CASE WHEN (t.created_at AT TIME ZONE 'UTC')::date = (t.closed_at AT TIME ZONE 'UTC')::date
        THEN least(t.created_at, t.closed_at) ELSE t.created_at END AS created_at, t.closed_at
"""
# The keys between a won lead and its customer point both ways: only one statement that writes both satisfies them.
_CREATE = Template("""
WITH merged AS MATERIALIZED (
    SELECT p.lead_id, w.customer_id, w.makes_customer, w.closed_at AS since, r.external_system, r.external_id,
        r.status, r.lost_reason, r.lost_note, s.name AS source, $begin,
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
    WHERE p.action = 'create' AND p.line BETWEEN %(first)s AND %(last)s AND r.line BETWEEN %(first)s AND %(last)s
    ORDER BY r.line
), made AS ($make_customers)
INSERT INTO leads (id, external_system, external_id, status, lost_reason, lost_note, customer_id, created_at,
    closed_at, status_changed_at, source, owner_id, last_name, $columns)
OVERRIDING SYSTEM VALUE
SELECT lead_id, external_system, external_id, status, lost_reason, lost_note, customer_id, created_at,
    closed_at, coalesce(closed_at, created_at), source, owner_id, last_name, $columns
FROM merged
""")
# A row that closes a lead fills what the lead leaves empty and overwrites nothing else.
_CLOSE = Template("""
WITH merged AS MATERIALIZED (
    SELECT p.lead_id, coalesce(l.customer_id, w.customer_id) AS customer_id, w.makes_customer, w.closed_at AS since,
        r.status, r.lost_reason, r.lost_note, coalesce(l.source, s.name) AS source, $begin,
        coalesce(l.owner_id, CASE WHEN r.owner IS NULL THEN %(owner)s ELSE o.employee_id END) AS owner_id,
        coalesce(nullif(l.last_name, l.external_id), r.last_name, l.last_name) AS last_name,
        coalesce(l.amount, r.amount) AS amount,
        CASE WHEN l.amount IS NULL AND r.amount IS NOT NULL THEN r.currency
            ELSE coalesce(l.currency, r.currency) END AS currency,
        $fields
    FROM import_rows r JOIN import_plan p USING (line)
    JOIN LATERAL (SELECT * FROM leads WHERE id = p.lead_id OFFSET 0) l ON true
    LEFT JOIN import_wins w USING (line)
    LEFT JOIN lead_sources s ON lower(s.name) = lower(r.source)
    LEFT JOIN import_owners o ON o.word = r.owner
    CROSS JOIN LATERAL (SELECT l.created_at, coalesce(r.closed_at, now()) AS closed_at) t
    WHERE p.action = 'close' AND p.line BETWEEN %(first)s AND %(last)s AND r.line BETWEEN %(first)s AND %(last)s
    ORDER BY r.line
), made AS ($make_customers)
UPDATE leads l SET status = m.status, lost_reason = m.lost_reason, lost_note = m.lost_note, closed_at = m.closed_at,
    status_changed_at = m.closed_at, created_at = m.created_at, customer_id = m.customer_id, source = m.source,
    owner_id = m.owner_id, last_name = m.last_name, $changes
FROM merged m WHERE l.id = m.lead_id AND l.id = ANY (ARRAY(SELECT lead_id FROM merged))
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


def _fill(name: str) -> str:
    """The value that a field of a lead gets from the row that closes it; of a pair both or neither."""
    if name not in PAIRS:
        return f"coalesce(l.{name}, r.{name}) AS {name}"
    return f"CASE WHEN l.{PAIRS[name]} IS NULL THEN r.{name} ELSE l.{name} END AS {name}"


_ALL = [*FIELDS, "amount", "currency"]
_PARTS = {
    "begin": _BEGIN,
    "columns": ", ".join(_ALL),
    "changes": ", ".join(f"{name} = m.{name}" for name in _ALL),
    "make_customers": _MAKE_CUSTOMERS.substitute(SQL),
}
WRITE = {
    "create": _CREATE.substitute(_PARTS, fields=", ".join(f"r.{name}" for name in _ALL)),
    "close": _CLOSE.substitute(_PARTS, fields=", ".join(map(_fill, FIELDS))),
}


def write_leads(cursor: Cursor, owner_id: int | None, progress: Callable[[int, int], None]) -> list[str]:
    """Write everything that was decided.

    :param owner_id: who gets the leads without an owner
    """
    cursor.execute(_NEW_SOURCES)
    sources = [name for (name,) in cursor]
    cursor.execute(_BATCHES, (BATCH,))
    batches = cursor.fetchall()
    written, total = 0, sum(batch[-1] for batch in batches)
    for action, first, last, count in batches:
        cursor.execute(WRITE[action], {"first": first, "last": last, "owner": owner_id})
        written += count
        progress(written, total)
    cursor.execute(_CONTACTS)
    cursor.execute(_LEDGER)
    return sources
