"""Finds the deal, company or person of an activity by name alone: where exactly one is called so.

What came in this very import counts first, then what is here already. Of several none is taken, and two are named.
"""

from string import Template

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from crm_web.imports.recognition import Kind, recognise_in_place
from crm_web.imports.vocabulary import squash

KEEP_DEALS = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_deal_names (name text, lead_id bigint) ON COMMIT DROP;
INSERT INTO import_deal_names (name, lead_id)
SELECT DISTINCT lower(r.deal_title), p.lead_id FROM import_rows r JOIN import_plan p USING (line)
WHERE r.deal_title IS NOT NULL AND p.lead_id IS NOT NULL AND p.action IN ('create', 'known', 'skip');
ANALYZE import_deal_names;
"""
# A company that is only found because the deal is called so is not what the row names beside the deal.
_BEGIN = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_deal_names (name text, lead_id bigint) ON COMMIT DROP;
DROP TABLE IF EXISTS pg_temp.import_titles, pg_temp.import_deals, pg_temp.import_doubts, pg_temp.import_known_deals;
CREATE TEMPORARY TABLE import_doubts (line bigint, text text) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_deals (line bigint, lead_id bigint) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_known_deals (title text, lead_id bigint) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_titles ON COMMIT DROP AS
SELECT r.line, r.deal_title, lower(r.deal_title) AS title, r.names_deal, t.is_by_title,
    CASE WHEN NOT t.is_by_title THEN p.customer_id END AS customer_id, NULL::text AS customer_name,
    CASE WHEN NOT t.is_same THEN crm_fold(btrim(r.company)) END AS company
FROM import_rows r JOIN import_places p USING (line) JOIN import_links l USING (line)
CROSS JOIN LATERAL (SELECT coalesce(crm_fold(r.company) = crm_fold(r.deal_title), true) AS is_same) s
CROSS JOIN LATERAL (SELECT s.is_same, s.is_same AND p.customer_id IS NOT NULL AND l.contact_id IS NULL
    AND num_nonnulls(r.company_ref, r.company_domain) = 0 AS is_by_title) t
WHERE r.deal_title IS NOT NULL AND p.lead_id IS NULL;
UPDATE import_titles t SET customer_name = c.sort_name FROM customers c WHERE c.id = t.customer_id;
ANALYZE import_titles;
SELECT count(*) FROM import_titles;
"""
_OF_THIS_IMPORT = """
INSERT INTO import_deals (line, lead_id)
SELECT DISTINCT t.line, l.id FROM import_titles t JOIN import_deal_names n ON n.name = t.title
JOIN leads l ON l.id = n.lead_id WHERE l.deleted_at IS NULL
"""
# The name of a deal leads the description of its lead, under its heading.
_LIST_KNOWN = """
SELECT lower(substr(f.first, strpos(f.first, ': ') + 2)), left(f.first, strpos(f.first, ': ') - 1), l.id
FROM leads l CROSS JOIN LATERAL (SELECT split_part(l.description, E'\\n', 1) AS first) f
WHERE l.deleted_at IS NULL AND l.description IS NOT NULL AND strpos(f.first, ': ') > 1
    AND lower(substr(f.first, strpos(f.first, ': ') + 2)) IN (SELECT title FROM import_titles t
        WHERE NOT EXISTS (SELECT FROM import_deals d WHERE d.line = t.line))
"""
_OF_HERE = """
INSERT INTO import_deals (line, lead_id)
SELECT t.line, k.lead_id FROM import_titles t JOIN import_known_deals k USING (title)
WHERE NOT EXISTS (SELECT FROM import_deals d WHERE d.line = t.line)
UNION
SELECT t.line, l.id FROM import_titles t JOIN leads l ON l.sort_name = crm_fold(t.deal_title)
WHERE l.deleted_at IS NULL AND NOT EXISTS (SELECT FROM import_deals d WHERE d.line = t.line)
"""
# A deal of another company than the one that the row names is another deal.
_LEAVE_OTHERS = """
DELETE FROM import_deals d USING import_titles t, leads l LEFT JOIN customers c ON c.id = l.customer_id
WHERE t.line = d.line AND l.id = d.lead_id AND num_nonnulls(t.customer_id, t.company) > 0 AND NOT coalesce(
    l.customer_id = t.customer_id OR c.sort_name = t.company OR crm_fold(l.company) IN (t.company, t.customer_name)
    OR num_nonnulls(l.customer_id, l.company) = 0, false)
"""
_DECIDE = """
WITH counted AS (
    SELECT line, count(*), min(lead_id) AS first, max(lead_id) AS last FROM import_deals GROUP BY line
), doubtful AS (
    SELECT c.line FROM counted c JOIN import_titles t USING (line) JOIN import_places p USING (line)
    JOIN leads l ON l.id = c.first
    WHERE c.count = 1 AND t.is_by_title AND NOT t.names_deal AND l.customer_id IS DISTINCT FROM p.customer_id
), placed AS (
    UPDATE import_places p SET lead_id = c.first FROM counted c
    WHERE c.line = p.line AND c.count = 1 AND c.line NOT IN (SELECT line FROM doubtful)
), noted AS (
    INSERT INTO import_notes SELECT c.line, 91, false, '', left(t.deal_title, 60),
        'Several leads of this customer are called so, such as lead ' || c.first || ' and lead ' || c.last
        || '. The activity is on the customer.'
    FROM counted c JOIN import_titles t USING (line) WHERE c.count > 1 AND t.customer_id IS NOT NULL
)
INSERT INTO import_doubts (line, text)
SELECT c.line, 'Several leads are called “' || left(t.deal_title, 60) || '”, such as lead ' || c.first || ' and lead '
    || c.last || '. Give the ID of one, or its company.'
FROM counted c JOIN import_titles t USING (line) WHERE c.count > 1 AND t.customer_id IS NULL
UNION ALL
SELECT line, 'Customer ' || u.number || ' and lead ' || c.first || ' are both called “' || left(t.deal_title, 60)
    || '”. Give the ID of one.'
FROM doubtful JOIN counted c USING (line) JOIN import_titles t USING (line) JOIN import_places p USING (line)
JOIN customers u ON u.id = p.customer_id
"""
_IS_OPEN = """p.customer_id IS NULL AND p.lead_id IS NULL
        AND NOT EXISTS (SELECT FROM import_doubts d WHERE d.line = p.line)"""
_BY_NAME = Template("""
DROP TABLE IF EXISTS pg_temp.import_called;
CREATE TEMPORARY TABLE import_called ON COMMIT DROP AS
WITH named AS MATERIALIZED (
    SELECT p.line, $shown AS shown, crm_fold($shown) AS name FROM import_rows r JOIN import_places p USING (line)
    WHERE $is_open AND $shown IS NOT NULL
)
SELECT n.line, n.shown, x.id, x.customer_id, x.said, $is_own AS is_own FROM named n JOIN ($records) x
    ON x.sort_name = n.name;
DELETE FROM import_called c WHERE NOT is_own AND EXISTS (
    SELECT FROM import_called own WHERE own.line = c.line AND own.is_own);
UPDATE import_places p SET $place FROM (
    SELECT line, min(id) AS id, min(customer_id) AS customer_id FROM import_called
    GROUP BY line HAVING count(*) = 1
) c WHERE c.line = p.line;
INSERT INTO import_doubts (line, text)
SELECT line, 'Several $what are called “' || left(min(shown), 60) || '”, such as '
    || array_to_string((array_agg(said ORDER BY id))[1:2], ' and ') || '. Give the ID of one.'
FROM import_called GROUP BY line HAVING count(*) > 1;
""")
_OWN = "EXISTS (SELECT FROM external_ids e WHERE e.{}_id = x.id AND e.xact = crm_xact())"
_PERSON = "crm_lead_name(r.first_name, r.last_name, NULL, NULL)"
_BY_COMPANY = _BY_NAME.substitute(
    is_open=_IS_OPEN,
    shown="nullif(btrim(r.company), '')",
    is_own=_OWN.format("customer"),
    records="SELECT id, id AS customer_id, sort_name, 'customer ' || number AS said FROM customers"
    " WHERE deleted_at IS NULL AND kind = 'organisation'",
    place="customer_id = c.customer_id",
    what="customers",
)
_BY_PERSON = _BY_NAME.substitute(
    is_open=_IS_OPEN,
    shown=f"CASE WHEN r.last_name IS NOT NULL THEN {_PERSON} END",
    is_own=_OWN.format("contact"),
    records="SELECT o.id, o.customer_id, o.sort_name, o.name || ' at customer ' || u.number AS said FROM contacts o"
    " JOIN customers u ON u.id = o.customer_id WHERE o.deleted_at IS NULL AND u.deleted_at IS NULL",
    place="customer_id = c.customer_id",
    what="contacts",
)
_BY_LEAD = _BY_NAME.substitute(
    is_open=_IS_OPEN,
    shown="nullif(crm_lead_name(r.first_name, r.last_name, r.company, NULL), '?')",
    is_own="false",
    records="SELECT id, NULL::bigint AS customer_id, sort_name, 'lead ' || id AS said FROM leads"
    " WHERE deleted_at IS NULL",
    place="lead_id = c.id",
    what="leads",
)


def keep_deal_names(cursor: Cursor) -> None:
    """Keep the names of the deals of a file for the activities of a later one.

    :param cursor: a cursor in the transaction of the import; the leads are written
    """
    cursor.execute("SELECT FROM import_rows WHERE deal_title IS NOT NULL LIMIT 1")
    if cursor.rowcount:
        cursor.execute(KEEP_DEALS)


def place_by_deal(cursor: Cursor) -> None:
    """Place the activities that name their deal, of which no ID is known."""
    cursor.execute(_BEGIN)
    if cursor.fetchone() == (0,):
        return
    cursor.execute(_OF_THIS_IMPORT)
    cursor.execute(_LEAVE_OTHERS)
    cursor.execute(_LIST_KNOWN)
    known = [(title, lead_id) for title, heading, lead_id in cursor if _names_deal(heading)]
    execute_values(cursor, "INSERT INTO import_known_deals (title, lead_id) VALUES %s", known)
    for statement in (_OF_HERE, _LEAVE_OTHERS, _DECIDE):
        cursor.execute(statement)


def _names_deal(heading: str) -> bool:
    return (recognise_in_place(squash(heading), Kind.DEAL, ()) or ("", 0))[0] == "deal_name"


def place_by_name(cursor: Cursor) -> None:
    """Place the other activities whose company, contact or lead is only named."""
    for statement in (_BY_COMPANY, _BY_PERSON, _BY_LEAD):
        cursor.execute(statement)
