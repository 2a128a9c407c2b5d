"""Makes activities of staged rows, each on the lead or customer that its row names."""

from collections.abc import Callable

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.activity_files.names import place_by_deal, place_by_name
from crm_web.imports.batches import write_in_batches
from crm_web.imports.changing import change_records, differ, keep, take

# Of a deal by its ID; else of the person or company; else of a lead with that email.
_PLACE = """
CREATE TEMPORARY TABLE import_places ON COMMIT DROP AS
SELECT line, NULL::bigint AS lead_id, customer_id, 1::bigint AS choices FROM import_links;
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
"""
_PLACE_BY_EMAIL = """
UPDATE import_places p SET lead_id = l.id, choices = l.choices FROM import_rows r, (
    SELECT email_normalised AS email, max(id) AS id, count(*) AS choices FROM leads
    WHERE deleted_at IS NULL AND email_normalised IN (SELECT lower(email) FROM import_rows) GROUP BY 1
) l WHERE p.customer_id IS NULL AND p.lead_id IS NULL AND r.line = p.line AND l.email = lower(r.email);
UPDATE import_places p SET customer_id = c.id FROM import_rows r, (
    SELECT email_normalised AS email, min(id) AS id FROM customers
    WHERE deleted_at IS NULL AND email_normalised IN (SELECT lower(email) FROM import_rows)
    GROUP BY 1 HAVING count(*) = 1
) c WHERE p.customer_id IS NULL AND p.lead_id IS NULL AND r.line = p.line AND c.email = lower(r.email);
"""
_PLAN = """
INSERT INTO import_plan (line, action, activity_id, lead_id, customer_id, matched)
SELECT r.line, CASE WHEN e.id IS NOT NULL THEN 'known' WHEN num_nonnulls(p.lead_id, p.customer_id) = 0 THEN 'refused'
        WHEN d.line IS NOT NULL THEN 'refused' ELSE 'create' END, e.activity_id, coalesce(a.lead_id, p.lead_id),
    CASE WHEN coalesce(a.lead_id, p.lead_id) IS NULL THEN coalesce(a.customer_id, p.customer_id) END,
    CASE WHEN e.id IS NULL THEN NULL WHEN r.external_system = 'row' THEN 'content' ELSE 'ID' END
FROM import_rows r JOIN import_places p USING (line) LEFT JOIN import_doubts d USING (line)
LEFT JOIN external_ids e ON e.system = r.external_system AND e.external_id = r.external_id AND e.activity_id IS NOT NULL
LEFT JOIN activities a ON a.id = e.activity_id;
INSERT INTO import_notes SELECT p.line, 0, true, '', '', CASE WHEN d.line IS NOT NULL THEN d.text
    WHEN num_nonnulls(r.email, r.last_name, r.company, r.deal_ref, r.contact_ref, r.company_ref, r.company_domain) = 0
    THEN 'Nothing names the lead, contact or customer that this belongs to.'
    ELSE 'No lead, contact or customer here is the one that this belongs to.' END
FROM import_plan p JOIN import_rows r USING (line) LEFT JOIN import_doubts d USING (line) WHERE p.action = 'refused';
INSERT INTO import_notes SELECT p.line, 91, false, '', '',
    'Several leads have this email. The activity is on the newest, lead ' || p.lead_id || '.'
FROM import_plan p JOIN import_places o USING (line) WHERE p.action = 'create' AND o.choices > 1;
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
UPDATE import_plan p SET activity_id = first.activity_id FROM import_plan first WHERE first.line = p.same_as;
UPDATE import_plan p SET place = ranked.place FROM (
    SELECT line, row_number() OVER (PARTITION BY activity_id ORDER BY line) AS place FROM import_plan
    WHERE action = 'known'
) ranked WHERE ranked.line = p.line;
INSERT INTO import_notes
SELECT p.line, 90, false, '', '', 'Its type is ' || a.kind || ' here, so it stays as it is.'
FROM import_plan p JOIN import_rows r USING (line) JOIN activities a ON a.id = p.activity_id
WHERE p.action = 'known' AND a.kind <> r.activity_kind;
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
_VIEW = """(
    SELECT r.line, activity_kind AS kind, subject, description AS body, happened_at, due_on, done_at,
        call_outcome AS outcome, priority, o.employee_id AS assignee_id
    FROM import_rows r LEFT JOIN import_owners o ON o.word = r.owner WHERE r.line BETWEEN %(first)s AND %(last)s
) r"""
_KEPT = ("subject", "body", "due_on", "outcome", "priority")


def match_activities(cursor: Cursor) -> None:
    """Find the lead or customer of each row, and the activities that are here already."""
    cursor.execute("DROP TABLE IF EXISTS pg_temp.import_places")
    cursor.execute(_PLACE)
    place_by_deal(cursor)
    cursor.execute(_PLACE_BY_EMAIL)
    place_by_name(cursor)
    cursor.execute(_PLAN)


def settle_activities(cursor: Cursor) -> None:
    """Find the rows that are about the same activity as an earlier row, and give new activities their ids."""
    cursor.execute(_SETTLE)


def write_activities(
    cursor: Cursor, owner_id: int | None, *, updates: bool, progress: Callable[[int, int], None]
) -> None:
    """Write everything that was decided.

    :param owner_id: who gets the activities without an owner
    :param updates: whether known activities take over what rows say, and not only what they lack
    """
    write_in_batches(cursor, (_CREATE,), _build_change(updates), owner_id, progress)
    cursor.execute(_KEEP_IDS)


def _build_change(updates: bool) -> str:
    """A task that repeats is not completed so, for that would end it."""

    def take_over(name: str, last: str = "") -> str:
        return take(f"l.{name}", f"r.{name}", updates, last)

    values = {name: take_over(name) for name in ("subject", "body", "due_on", "outcome", "priority")} | {
        "happened_at": f"CASE WHEN l.kind = 'task' THEN l.happened_at ELSE {take_over('happened_at')} END",
        "done_at": "coalesce(l.done_at, CASE WHEN l.recurrence IS NULL THEN r.done_at END)",
        "assignee_id": f"CASE WHEN l.kind = 'task' THEN {take_over('assignee_id', ', %(owner)s')} END",
    }
    values = {name: f"CASE WHEN l.kind = r.kind THEN {value} ELSE l.{name} END" for name, value in values.items()}
    assignee = "(SELECT e.name FROM employees e WHERE e.id = {}.assignee_id)"
    changes = {name: differ(f"l.{name}", f"n.{name}") for name in values if name != "assignee_id"}
    changes |= {"assignee": differ(assignee.format("l"), assignee.format("n"))}
    kept = {name: keep(f"n.{name}", f"r.{name}", "l.kind = r.kind") for name in _KEPT}
    return change_records("activities", "activity_id", _VIEW, values, changes=changes, kept=kept)
