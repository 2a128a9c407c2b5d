"""Decides for all staged rows at once: create, close an existing lead, skip as duplicate, or refuse."""

from collections.abc import Callable

from psycopg2.extensions import cursor as Cursor

_ONE_AT_A_TIME = 7430003

_LOCK_LEADS_TO_CLOSE = """
SELECT 1 FROM leads l JOIN import_rows r USING (external_system, external_id)
WHERE r.closes AND l.deleted_at IS NULL AND l.status NOT IN ('won', 'lost', 'disqualified')
ORDER BY l.id FOR NO KEY UPDATE OF l
"""
# A row whose id is known closes its lead, if it says so and the lead is open still; else there is nothing to do.
_COMPARE_IDS = """
INSERT INTO import_plan (line, action, lead_id, person)
SELECT r.line,
    CASE WHEN l.id IS NULL THEN 'create'
         WHEN r.closes AND l.deleted_at IS NULL AND l.status NOT IN ('won', 'lost', 'disqualified') THEN 'close'
         ELSE 'known' END,
    l.id,
    CASE WHEN l.id IS NULL AND r.by_person AND num_nonnulls(r.email, r.phone_e164, r.mobile_e164) > 0
         THEN crm_fold(crm_lead_name(r.first_name, r.last_name, r.company, r.email)) END
FROM import_rows r LEFT JOIN leads l USING (external_system, external_id);
CREATE UNIQUE INDEX ON import_plan (line);
ANALYZE import_plan;
"""
# The same name with the same email or phone is the same person.
_COMPARE_PEOPLE = """
UPDATE import_plan p SET action = 'known' FROM import_rows r
WHERE r.line = p.line AND p.action = 'create' AND p.person IS NOT NULL AND (
    EXISTS (SELECT 1 FROM leads l WHERE l.deleted_at IS NULL AND l.sort_name = p.person AND (
        l.email_normalised = lower(r.email) OR l.phone_e164 IN (r.phone_e164, r.mobile_e164)
        OR l.mobile_e164 IN (r.phone_e164, r.mobile_e164)))
    OR EXISTS (SELECT 1 FROM customers c WHERE c.deleted_at IS NULL AND c.sort_name = p.person AND (
        c.email_normalised = lower(r.email) OR c.phone_e164 IN (r.phone_e164, r.mobile_e164)))
    OR EXISTS (SELECT 1 FROM contacts c WHERE c.deleted_at IS NULL AND c.email_normalised = lower(r.email)
        AND crm_fold(c.name) = p.person))
"""
_REFUSE_OWNERS = """
WITH refused AS (
    UPDATE import_plan p SET action = 'refused' FROM import_rows r JOIN import_owners o ON o.word = r.owner
    WHERE r.line = p.line AND p.action IN ('create', 'close') AND o.reason IS NOT NULL
    RETURNING p.line, r.owner, o.reason
)
INSERT INTO import_notes SELECT line, 0, true, %(column)s, left(owner, 60), reason FROM refused
"""
# What winning a lead elsewhere refuses too.
_REFUSE_WINS = """
WITH hindered AS (
    SELECT r.line, CASE
        WHEN c.deleted_at IS NOT NULL THEN 'Its customer ' || c.number || ' is in the trash. Restore it first.'
        WHEN c.id IS NULL AND btrim(concat(l.company, r.company)) = '' AND char_length(l.name) > 300
            THEN 'Shorten the lead’s name to 300 characters first: the customer is named by it.' END AS reason
    FROM import_rows r JOIN import_plan p USING (line) JOIN leads l ON l.id = p.lead_id
    LEFT JOIN customers c ON c.id = coalesce(l.customer_id,
        (SELECT made.id FROM customers made WHERE made.created_from_lead_id = l.id))
    WHERE p.action = 'close' AND r.status = 'won'
), refused AS (
    UPDATE import_plan p SET action = 'refused' FROM hindered h WHERE h.line = p.line AND h.reason IS NOT NULL
    RETURNING p.line, h.reason
)
INSERT INTO import_notes SELECT line, 0, true, '', '', reason FROM refused
"""
_COMPARE_ROWS = """
UPDATE import_plan p SET action = 'known' FROM (
    SELECT r.line,
        row_number() OVER (PARTITION BY r.external_system, r.external_id ORDER BY r.line) > 1
        OR p.person IS NOT NULL AND (
            r.email IS NOT NULL AND row_number() OVER (PARTITION BY p.person, lower(r.email) ORDER BY r.line) > 1
            OR r.phone_e164 IS NOT NULL AND row_number() OVER (PARTITION BY p.person, r.phone_e164 ORDER BY r.line) > 1
            OR r.mobile_e164 IS NOT NULL
                AND row_number() OVER (PARTITION BY p.person, r.mobile_e164 ORDER BY r.line) > 1
        ) AS again
    FROM import_rows r JOIN import_plan p USING (line) WHERE p.action IN ('create', 'close')
) seen WHERE seen.line = p.line AND seen.again
"""
# Ids in the order of the file, so that lists sorted by time and id show them so.
_GIVE_IDS = """
UPDATE import_plan p SET lead_id = given.id FROM (
    SELECT line, nextval(pg_get_serial_sequence('leads', 'id')) AS id
    FROM (SELECT line FROM import_plan WHERE action = 'create' ORDER BY line) in_order
) given WHERE given.line = p.line
"""
_FIND_WINS = """
INSERT INTO import_wins (line, lead_id, company, closed_at, customer_id)
SELECT r.line, p.lead_id, nullif(crm_fold(btrim(coalesce(l.company, r.company))), ''),
    coalesce(r.closed_at, now()), coalesce(l.customer_id, made.id)
FROM import_rows r JOIN import_plan p USING (line)
LEFT JOIN leads l ON l.id = p.lead_id AND p.action = 'close'
LEFT JOIN customers made ON made.created_from_lead_id = l.id
WHERE r.status = 'won' AND p.action IN ('create', 'close');
CREATE UNIQUE INDEX ON import_wins (line);
ANALYZE import_wins;
"""
# A company is one customer: the one that is there under exactly that name (case and accents aside) …
_FIND_CUSTOMERS = """
UPDATE import_wins w SET customer_id = known.id FROM (
    SELECT c.sort_name, min(c.id) AS id FROM customers c
    WHERE c.deleted_at IS NULL AND c.kind = 'organisation' AND c.sort_name IN (SELECT company FROM import_wins)
    GROUP BY c.sort_name
) known WHERE known.sort_name = w.company AND w.customer_id IS NULL
"""
# … else the one that the first of its won leads makes; a person's lead makes its own.
_MAKE_CUSTOMERS = """
UPDATE import_wins w SET makes_customer = true, customer_id = made.id, closed_at = made.since FROM (
    SELECT line, since, nextval(pg_get_serial_sequence('customers', 'id')) AS id FROM (
        SELECT line, min(w.closed_at) OVER same AS since,
            row_number() OVER (same ORDER BY p.action, line) AS place  -- closing rows are written before new ones
        FROM import_wins w JOIN import_plan p USING (line) WHERE w.customer_id IS NULL
        WINDOW same AS (PARTITION BY coalesce(company, line::text), company IS NULL) ORDER BY line
    ) wins WHERE place = 1
) made WHERE made.line = w.line;
UPDATE import_wins w SET customer_id = maker.customer_id FROM import_wins maker
WHERE w.customer_id IS NULL AND maker.makes_customer AND maker.company = w.company
"""


def wait_for_turn(cursor: Cursor, progress: Callable[[str, int, int], None]) -> None:
    """Let imports take turns, so that the same file sent twice at once is imported once.

    :param cursor: a cursor in the transaction of the import; its end lets the next one go
    """
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_ONE_AT_A_TIME,))
    if cursor.fetchone() != (True,):
        progress("Waiting for another import", 0, 0)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_ONE_AT_A_TIME,))


def find_duplicates(cursor: Cursor) -> None:
    """Decide which rows the database knows already."""
    for statement in (_LOCK_LEADS_TO_CLOSE, _COMPARE_IDS, _COMPARE_PEOPLE):
        cursor.execute(statement)


def list_owner_words(cursor: Cursor, most: int) -> list[str]:
    """List how the rows that will be written name their owners.

    :return: the words, in the order of the file
    """
    cursor.execute(
        "SELECT r.owner FROM import_rows r JOIN import_plan p USING (line)"
        " WHERE p.action IN ('create', 'close') AND r.owner IS NOT NULL"
        " GROUP BY r.owner ORDER BY min(r.line) LIMIT %s",
        (most,),
    )
    return [word for (word,) in cursor]


def refuse_owners(cursor: Cursor, column: str) -> None:
    """Refuse the rows whose owner can't own leads.

    :param cursor: a cursor in the transaction of the import; ``import_owners`` is filled
    """
    cursor.execute(_REFUSE_OWNERS, {"column": column})


def settle(cursor: Cursor) -> None:
    """Leave out repetitions within the file, and give the rest their ids and customers."""
    for statement in (_REFUSE_WINS, _COMPARE_ROWS, _GIVE_IDS, _FIND_WINS, _FIND_CUSTOMERS, _MAKE_CUSTOMERS):
        cursor.execute(statement)
