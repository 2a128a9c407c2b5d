"""Finds the leads that rows are about: leads that exist, and earlier rows of the same file.

A row is about a known lead only where its identity says so: the same id in the other system; or the same email, unless
first names differ; or the same phone, name and company. What merely looks alike gets a warning.
"""

from string import Template

from psycopg2.extensions import cursor as Cursor

# An initial may be any first name that begins with it.
_DIFFER = Template("""($a <> '' AND $b <> '' AND $a <> $b
    AND NOT (least(char_length($a), char_length($b)) = 1 AND left($a, 1) = left($b, 1)))""")
_GIVEN = "rtrim(split_part(crm_fold(btrim(coalesce({0}first_name, ''))), ' ', 1), '.')"
_COMPANY = "crm_fold(btrim(coalesce({0}company, '')))"

# Rows without an id are known by their content, so that a file can be imported again; the same content twice in one
# file is two rows.
NUMBER_REPEATS = """
WITH repeated AS (
    UPDATE import_rows r SET external_id = r.external_id || ':' || n.place FROM (
        SELECT line, row_number() OVER same AS place, min(line) OVER same AS first FROM import_rows
        WHERE external_system = 'row'
        WINDOW same AS (PARTITION BY external_id ORDER BY line)
    ) n WHERE n.line = r.line AND n.place > 1
    RETURNING n.line, n.first
)
INSERT INTO import_notes SELECT line, 90, false, '', '', 'Line ' || first || ' has the same content.' FROM repeated
"""
# What this import wrote ahead is no lead that was there.
_WAS_THERE = """(l.id < (SELECT min(id) FROM import_ids)
    OR NOT EXISTS (SELECT FROM import_plan early WHERE early.is_early AND early.lead_id = l.id))"""
# Each row is looked up by an index: the leads may be many more than the rows.
_COMPARE_IDS = f"""
CREATE INDEX ON import_plan (lead_id) WHERE is_early;
SET LOCAL enable_seqscan = off;
INSERT INTO import_plan (line, action, lead_id, matched)
SELECT r.line, CASE WHEN l.id IS NULL THEN 'create' WHEN l.deleted_at IS NULL THEN 'known' ELSE 'trashed' END,
    l.id, CASE WHEN l.id IS NULL THEN NULL WHEN r.external_system = 'row' THEN 'content' ELSE 'ID' END
FROM import_rows r LEFT JOIN LATERAL (
    SELECT l.id, l.deleted_at FROM leads l
    WHERE l.external_system = r.external_system AND l.external_id = r.external_id AND {_WAS_THERE} LIMIT 1
) l ON true
WHERE NOT EXISTS (SELECT FROM import_plan p WHERE p.line = r.line);
SET LOCAL enable_seqscan = on;
ANALYZE import_plan;
"""  # noqa: S608
# Our own export has our own ids; the time of creation tells them from those of another installation.
_COMPARE_OWN_IDS = f"""
UPDATE import_plan p SET action = CASE WHEN l.deleted_at IS NULL THEN 'known' ELSE 'trashed' END, lead_id = l.id,
    matched = 'ID'
FROM import_rows r JOIN leads l ON l.id = CASE WHEN r.external_id ~ '^[0-9]{{1,18}}$' THEN r.external_id::bigint END
    AND date_trunc('second', l.created_at) = date_trunc('second', r.created_at)
    AND {_WAS_THERE}
WHERE p.line = r.line AND p.action = 'create' AND r.external_system = 'piper_lead'
"""  # noqa: S608
# A lead that was merged into another is that one, which may have been merged as well.
_FOLLOW_MERGES = """
UPDATE import_plan p SET action = CASE WHEN l.deleted_at IS NULL THEN 'known' ELSE 'trashed' END, lead_id = l.id
FROM leads gone JOIN leads l ON l.id = gone.merged_into_id WHERE p.action = 'trashed' AND gone.id = p.lead_id
"""
# An export from before would bring a person back.
_REFUSE_ERASED = """
WITH erased AS (
    UPDATE import_plan p SET action = 'refused'
    FROM (SELECT jsonb_array_elements(records -> 'lead')::bigint AS id FROM erasures) e
    WHERE p.lead_id = e.id AND p.action IN ('known', 'trashed') RETURNING p.line
)
INSERT INTO import_notes SELECT line, 0, true, '', '', 'This person was erased. Remove the row from the file.'
FROM erased
"""
_NOTE_TRASHED = """
INSERT INTO import_notes SELECT line, 90, false, '', '', 'The lead is in the trash. Restore it, then import this row.'
FROM import_plan WHERE action = 'trashed'
"""
_LIST_PEOPLE = f"""
INSERT INTO import_people (line, is_early, email, given, name, company)
SELECT r.line, p.is_early, lower(r.email), {_GIVEN.format("r.")},
    crm_fold(crm_lead_name(r.first_name, r.last_name, r.company, r.email)), {_COMPANY.format("r.")}
FROM import_rows r JOIN import_plan p USING (line) WHERE p.action = 'create' AND r.by_person;
INSERT INTO import_phones (line, phone)
SELECT line, phone_e164 FROM import_people JOIN import_rows USING (line) WHERE phone_e164 IS NOT NULL
UNION SELECT line, mobile_e164 FROM import_people JOIN import_rows USING (line) WHERE mobile_e164 IS NOT NULL;
ANALYZE import_people;
ANALYZE import_phones;
"""  # noqa: S608
_COMPARE_LEADS = f"""
WITH people AS MATERIALIZED (SELECT * FROM import_people WHERE NOT is_early)
INSERT INTO import_matches (line, lead_id, how, is_same)
SELECT s.line, l.id, 'email', NOT {_DIFFER.substitute(a="s.given", b="l.given")} FROM people s JOIN (
    SELECT email_normalised AS email, {_GIVEN.format("")} AS given, min(id) AS id FROM leads l
    WHERE l.deleted_at IS NULL AND {_WAS_THERE} AND email_normalised IN (SELECT email FROM people) GROUP BY 1, 2
) l USING (email)
UNION ALL
SELECT s.line, l.id, 'name and phone', {_COMPANY.format("l.")} = s.company
FROM people s JOIN import_phones f USING (line) JOIN leads l ON l.sort_name = s.name AND l.phone_e164 = f.phone
WHERE l.deleted_at IS NULL AND {_WAS_THERE}
UNION ALL
SELECT s.line, l.id, 'name and phone', {_COMPANY.format("l.")} = s.company
FROM people s JOIN import_phones f USING (line) JOIN leads l ON l.sort_name = s.name AND l.mobile_e164 = f.phone
WHERE l.deleted_at IS NULL AND {_WAS_THERE}
UNION ALL
SELECT s.line, min(l.id), 'name and company', false
FROM people s JOIN leads l ON l.sort_name = s.name AND {_COMPANY.format("l.")} = s.company
WHERE l.deleted_at IS NULL AND {_WAS_THERE} AND s.company <> '' GROUP BY s.line
"""  # noqa: S608
_TAKE_MATCHES = """
UPDATE import_plan p SET action = 'known', lead_id = m.lead_id, matched = m.how FROM (
    SELECT DISTINCT ON (line) line, lead_id, how FROM import_matches WHERE is_same ORDER BY line, how, lead_id
) m WHERE m.line = p.line
"""
# Who is a customer, or a contact of one, is no new lead.
_COMPARE_CUSTOMERS = """
UPDATE import_plan p SET action = 'customer', customer_id = m.customer_id, matched = m.how FROM (
    SELECT DISTINCT ON (line) * FROM (
        SELECT s.line, c.id AS customer_id, 'name and email' AS how FROM import_people s
        JOIN customers c ON c.sort_name = s.name AND c.email_normalised = s.email WHERE c.deleted_at IS NULL
        UNION ALL
        SELECT s.line, c.id, 'name and phone' FROM import_people s JOIN import_phones f USING (line)
        JOIN customers c ON c.sort_name = s.name AND c.phone_e164 = f.phone WHERE c.deleted_at IS NULL
        UNION ALL
        SELECT s.line, c.customer_id, 'name and email' FROM import_people s
        JOIN contacts c ON c.email_normalised = s.email AND c.sort_name = s.name WHERE c.deleted_at IS NULL
    ) found ORDER BY line, how, customer_id
) m WHERE m.line = p.line AND p.action = 'create' AND NOT p.is_early
"""
# Rows without an id were told apart before.
_COMPARE_IDS_OF_ROWS = """
UPDATE import_plan p SET action = 'known', same_as = d.first, matched = 'ID' FROM (
    SELECT r.line, min(r.line) OVER (PARTITION BY r.external_system, r.external_id) AS first
    FROM import_rows r JOIN import_plan p USING (line) WHERE p.action = 'create' AND r.external_system <> 'row'
) d WHERE d.line = p.line AND d.first < d.line
"""
# Where an email has several first names, each is somebody; a row without one is the first of them.
_LIST_KEYS = """
WITH people AS MATERIALIZED (
    SELECT s.* FROM import_people s JOIN import_plan p USING (line) WHERE p.action = 'create'
)
INSERT INTO import_keys (line, how, alike, same)
SELECT line, 'email', 'e' || email, concat_ws(E'\\x1f', 'e', email, CASE WHEN given = ''
    THEN first_value(given) OVER (PARTITION BY email ORDER BY given = '', line) ELSE given END)
FROM (
    SELECT line, email, CASE WHEN char_length(given) = 1
        THEN first_value(given) OVER (PARTITION BY email, left(given, 1) ORDER BY char_length(given) = 1, line)
        ELSE given END AS given
    FROM people WHERE email IS NOT NULL
) named
UNION ALL
SELECT line, 'name and phone', concat_ws(E'\\x1f', 'p', phone, name), concat_ws(E'\\x1f', 'p', phone, name, company)
FROM people JOIN import_phones USING (line)
UNION ALL
SELECT line, 'name and company', concat_ws(E'\\x1f', 'n', name, company), NULL FROM people WHERE company <> '';
ANALYZE import_keys;
"""
_COMPARE_KEYS = """
UPDATE import_plan p SET action = 'known', same_as = d.first, matched = d.how FROM (
    SELECT DISTINCT ON (line) line, first, how FROM (
        SELECT line, how, min(line) OVER (PARTITION BY same) AS first FROM import_keys WHERE same IS NOT NULL
    ) k WHERE first < line ORDER BY line, first, how
) d WHERE d.line = p.line
"""
_FOLLOW_ROWS = """
UPDATE import_plan p SET same_as = q.same_as FROM import_plan q
WHERE q.line = p.same_as AND q.same_as IS NOT NULL
"""
_WARN = """
INSERT INTO import_notes
SELECT line, 91, false, '', '', 'May be a duplicate of ' || of || ': same ' || how || '.' FROM (
    SELECT DISTINCT ON (line) line, of, how FROM (
        SELECT line, how, 'lead ' || lead_id AS of FROM import_matches
        UNION ALL
        SELECT line, how, 'line ' || first FROM (
            SELECT line, how, min(line) OVER (PARTITION BY alike) AS first FROM import_keys
        ) k WHERE first < line
    ) alike ORDER BY line, of, how
) first JOIN import_plan p USING (line) WHERE p.action = 'create'
"""


def match_leads(cursor: Cursor) -> None:
    """Find the rows that are about leads, customers and contacts that exist."""
    for statement in (NUMBER_REPEATS, _COMPARE_IDS, _COMPARE_OWN_IDS):
        cursor.execute(statement)
    _repeat(cursor, _FOLLOW_MERGES)
    for statement in (
        _REFUSE_ERASED,
        _NOTE_TRASHED,
        _LIST_PEOPLE,
        _COMPARE_LEADS,
        _TAKE_MATCHES,
        _COMPARE_CUSTOMERS,
    ):
        cursor.execute(statement)


def match_rows(cursor: Cursor) -> None:
    """Find the rows that are about the same lead as an earlier row, and warn of those that may be."""
    for statement in (_COMPARE_IDS_OF_ROWS, _LIST_KEYS, _COMPARE_KEYS):
        cursor.execute(statement)
    _repeat(cursor, _FOLLOW_ROWS)
    cursor.execute(_WARN)


def _repeat(cursor: Cursor, statement: str) -> None:
    """Execute a statement until it changes nothing more."""
    cursor.execute(statement)
    while cursor.rowcount:
        cursor.execute(statement)
