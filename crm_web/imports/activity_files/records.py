"""Makes activities of staged rows, each on the lead or customer that its row names."""

from collections.abc import Callable

from psycopg2.extensions import cursor as Cursor

BATCH = 20_000
# Of a deal by its ID; else of the person or company; else of a lead with that email or name.
_PLACE = """
CREATE TEMPORARY TABLE import_places ON COMMIT DROP AS
SELECT line, NULL::bigint AS lead_id, customer_id FROM import_links;
CREATE UNIQUE INDEX ON import_places (line);
ANALYZE import_places;
UPDATE import_places p SET lead_id = l.id FROM import_rows r, (
    SELECT external_id AS ref, min(id) AS id FROM leads
    WHERE deleted_at IS NULL
        AND external_id IN (SELECT deal_ref FROM import_rows UNION SELECT contact_ref FROM import_rows)
    GROUP BY external_id HAVING count(*) = 1
) l WHERE r.line = p.line AND l.ref IN (r.deal_ref, CASE WHEN p.customer_id IS NULL THEN r.contact_ref END);
UPDATE import_places p SET customer_id = c.id FROM import_rows r, external_ids e, customers c
WHERE p.customer_id IS NULL AND p.lead_id IS NULL AND r.line = p.line AND e.external_id = r.deal_ref
    AND c.id = e.customer_id AND c.deleted_at IS NULL;
UPDATE import_places p SET lead_id = l.id FROM import_rows r, (
    SELECT email_normalised AS email, max(id) AS id FROM leads
    WHERE deleted_at IS NULL AND email_normalised IN (SELECT lower(email) FROM import_rows) GROUP BY 1
) l WHERE p.customer_id IS NULL AND p.lead_id IS NULL AND r.line = p.line AND l.email = lower(r.email);
UPDATE import_places p SET customer_id = c.id FROM import_rows r, (
    SELECT email_normalised AS email, min(id) AS id FROM customers
    WHERE deleted_at IS NULL AND email_normalised IN (SELECT lower(email) FROM import_rows)
    GROUP BY 1 HAVING count(*) = 1
) c WHERE p.customer_id IS NULL AND p.lead_id IS NULL AND r.line = p.line AND c.email = lower(r.email);
WITH named AS MATERIALIZED (
    SELECT line, crm_fold(crm_lead_name(r.first_name, r.last_name, NULL, NULL)) AS name
    FROM import_rows r JOIN import_places p USING (line)
    WHERE p.customer_id IS NULL AND p.lead_id IS NULL AND r.last_name IS NOT NULL
)
UPDATE import_places p SET customer_id = c.customer_id FROM named n, (
    SELECT sort_name, min(customer_id) AS customer_id FROM contacts
    WHERE deleted_at IS NULL AND sort_name IN (SELECT name FROM named) GROUP BY sort_name HAVING count(*) = 1
) c, customers u
WHERE n.line = p.line AND c.sort_name = n.name AND u.id = c.customer_id AND u.deleted_at IS NULL;
WITH named AS MATERIALIZED (
    SELECT line, crm_fold(crm_lead_name(r.first_name, r.last_name, r.company, NULL)) AS name
    FROM import_rows r JOIN import_places p USING (line) WHERE p.customer_id IS NULL AND p.lead_id IS NULL
)
UPDATE import_places p SET lead_id = l.id FROM named n, (
    SELECT sort_name, min(id) AS id FROM leads
    WHERE deleted_at IS NULL AND sort_name IN (SELECT name FROM named) GROUP BY sort_name HAVING count(*) = 1
) l WHERE n.line = p.line AND l.sort_name = n.name;
"""
_PLAN = """
INSERT INTO import_plan (line, action, activity_id, lead_id, customer_id, matched)
SELECT r.line, CASE WHEN e.id IS NOT NULL THEN 'known' WHEN num_nonnulls(p.lead_id, p.customer_id) = 0 THEN 'refused'
    ELSE 'create' END, e.activity_id, coalesce(a.lead_id, p.lead_id),
    CASE WHEN coalesce(a.lead_id, p.lead_id) IS NULL THEN coalesce(a.customer_id, p.customer_id) END,
    CASE WHEN e.id IS NULL THEN NULL WHEN r.external_system = 'row' THEN 'content' ELSE 'ID' END
FROM import_rows r JOIN import_places p USING (line)
LEFT JOIN external_ids e ON e.system = r.external_system AND e.external_id = r.external_id AND e.activity_id IS NOT NULL
LEFT JOIN activities a ON a.id = e.activity_id;
CREATE UNIQUE INDEX ON import_plan (line);
INSERT INTO import_notes SELECT p.line, 0, true, '', '', CASE
    WHEN num_nonnulls(r.email, r.last_name, r.company, r.deal_ref, r.contact_ref, r.company_ref, r.company_domain) = 0
    THEN 'Nothing names the lead, contact or customer that this belongs to.'
    ELSE 'No lead, contact or customer here is the one that this belongs to, or several are.' END
FROM import_plan p JOIN import_rows r USING (line) WHERE p.action = 'refused';
"""
_SETTLE = """
UPDATE import_plan p SET action = 'known', same_as = d.first,
    matched = CASE WHEN d.external_system = 'row' THEN 'content' ELSE 'ID' END
FROM (
    SELECT r.line, r.external_system, min(r.line) OVER (PARTITION BY r.external_system, r.external_id) AS first
    FROM import_rows r JOIN import_plan p USING (line) WHERE p.action = 'create'
) d WHERE d.line = p.line AND d.first < d.line;
UPDATE import_plan p SET activity_id = given.id FROM (
    SELECT line, nextval(pg_get_serial_sequence('activities', 'id')) AS id
    FROM (SELECT line FROM import_plan WHERE action = 'create' ORDER BY line) in_order
) given WHERE given.line = p.line;
ANALYZE import_plan;
"""
_CREATE = """
INSERT INTO activities (id, kind, lead_id, customer_id, subject, body, happened_at, due_on, done_at, assignee_id,
    outcome, priority, created_at, created_by_id) OVERRIDING SYSTEM VALUE
SELECT p.activity_id, r.activity_kind, p.lead_id, p.customer_id, r.subject, r.description,
    coalesce(r.happened_at, now()), r.due_on, r.done_at, CASE WHEN r.activity_kind = 'task' THEN t.owner_id END,
    r.call_outcome, r.priority, coalesce(r.created_at, least(r.happened_at, now()), now()),
    coalesce(t.owner_id, nullif(current_setting('crm.actor_id', true), '')::bigint)
FROM import_plan p JOIN import_rows r USING (line) LEFT JOIN import_owners o ON o.word = r.owner
CROSS JOIN LATERAL (SELECT CASE WHEN r.owner IS NULL THEN %(owner)s ELSE o.employee_id END AS owner_id) t
WHERE p.action = 'create' AND p.line BETWEEN %(first)s AND %(last)s ORDER BY line
"""
_KEEP_IDS = """
INSERT INTO external_ids (system, external_id, activity_id)
SELECT r.external_system, r.external_id, p.activity_id FROM import_rows r JOIN import_plan p USING (line)
WHERE p.action = 'create'
"""
_BATCHES = """
SELECT min(line), max(line), count(*) FROM (
    SELECT line, (row_number() OVER (ORDER BY line) - 1) / %s AS batch FROM import_plan WHERE action = 'create'
) numbered GROUP BY batch ORDER BY batch
"""


def match_activities(cursor: Cursor) -> None:
    """Find the lead or customer of each row, and the activities that are here already."""
    cursor.execute("DROP TABLE IF EXISTS pg_temp.import_places")
    cursor.execute(_PLACE)
    cursor.execute(_PLAN)


def settle_activities(cursor: Cursor) -> None:
    """Find the rows that are about the same activity as an earlier row, and give new activities their ids."""
    cursor.execute(_SETTLE)


def write_activities(cursor: Cursor, owner_id: int | None, *, progress: Callable[[int, int], None]) -> None:
    """Write everything that was decided; an activity that is here already stays as it is.

    :param owner_id: who gets the activities without an owner
    """
    cursor.execute(_BATCHES, (BATCH,))
    batches = cursor.fetchall()
    written, total = 0, sum(batch[-1] for batch in batches)
    for first, last, count in batches:
        cursor.execute(_CREATE, {"first": first, "last": last, "owner": owner_id})
        written += count
        progress(written, total)
    cursor.execute(_KEEP_IDS)
