"""Decides for all staged rows at once what they close, who owns them, and which customers come of them."""

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.holding import hold_buyers

_CLOSED = "('won', 'lost', 'disqualified')"
_REFUSE_OWNERS = """
WITH refused AS (
    UPDATE import_plan p SET action = 'refused' FROM import_rows r JOIN import_owners o ON o.word = r.owner
    WHERE r.line = p.line AND p.action IN ('create', 'known') AND o.reason IS NOT NULL
    RETURNING p.line, r.owner, o.reason
)
INSERT INTO import_notes SELECT line, 0, true, %(column)s, left(owner, 60), reason FROM refused
"""
# The first row that says so closes a lead that is open; one that was lost is only won by an update.
_CLOSE_LEADS = f"""
UPDATE import_plan p SET closes = true FROM (
    SELECT p.line, row_number() OVER (PARTITION BY p.lead_id, p.same_as ORDER BY p.line) AS place
    FROM import_plan p JOIN import_rows r USING (line) LEFT JOIN leads l ON l.id = p.lead_id
    LEFT JOIN import_rows first ON first.line = p.same_as
    WHERE p.action = 'known' AND r.closes AND (coalesce(l.status, first.status) NOT IN {_CLOSED}
        OR %(updates)s AND r.status = 'won' AND coalesce(l.status, first.status) <> 'won')
) c WHERE c.line = p.line AND c.place = 1
"""  # noqa: S608
# What winning a lead elsewhere refuses too.
_REFUSE_WINS = """
WITH hindered AS (
    SELECT r.line, CASE
        WHEN c.deleted_at IS NOT NULL THEN 'Its customer ' || c.number || ' is in the trash. Restore it first.'
        WHEN c.id IS NULL AND btrim(concat(l.company, first.company, r.company)) = '' AND char_length(coalesce(l.name,
            crm_lead_name(first.first_name, first.last_name, NULL, first.email))) > 300
            THEN 'Shorten the lead’s name to 300 characters first: the customer is named by it.' END AS reason
    FROM import_rows r JOIN import_plan p USING (line) LEFT JOIN leads l ON l.id = p.lead_id
    LEFT JOIN import_rows first ON first.line = p.same_as
    LEFT JOIN customers c ON c.id = coalesce(l.customer_id,
        (SELECT made.id FROM customers made WHERE made.created_from_lead_id = l.id))
    WHERE p.closes AND r.status = 'won'
), refused AS (
    UPDATE import_plan p SET action = 'refused' FROM hindered h WHERE h.line = p.line AND h.reason IS NOT NULL
    RETURNING p.line, h.reason
)
INSERT INTO import_notes SELECT line, 0, true, '', '', reason FROM refused
"""
# Ids in the order of the file, so that lists sorted by time and id show them so.
_GIVE_IDS = """
UPDATE import_plan p SET lead_id = given.id FROM (
    SELECT line, coalesce(reserved, nextval((SELECT pg_get_serial_sequence('leads', 'id')))) AS id FROM (
        SELECT line, i.id AS reserved FROM import_plan LEFT JOIN import_ids i USING (line)
        WHERE action = 'create' AND NOT is_early ORDER BY line
    ) in_order
) given WHERE given.line = p.line;
UPDATE import_plan p SET lead_id = first.lead_id FROM import_plan first WHERE first.line = p.same_as;
UPDATE import_plan p SET place = ranked.place FROM (
    SELECT line, row_number() OVER (PARTITION BY lead_id ORDER BY line) AS place FROM import_plan
    WHERE action = 'known'
) ranked WHERE ranked.line = p.line;
CREATE INDEX ON import_plan (place, line) WHERE action = 'known';
ANALYZE import_plan;
"""
_FIND_WINS = """
INSERT INTO import_wins (line, lead_id, company, closed_at, customer_id)
SELECT r.line, p.lead_id, nullif(crm_fold(btrim(coalesce(l.company, first.company, r.company))), ''),
    coalesce(r.closed_at, now()), coalesce(l.customer_id, made.id, p.customer_id)
FROM import_rows r JOIN import_plan p USING (line)
LEFT JOIN import_rows first ON first.line = p.same_as
LEFT JOIN leads l ON l.id = p.lead_id
LEFT JOIN customers made ON made.created_from_lead_id = l.id
WHERE r.status = 'won' AND (p.action = 'create' OR p.action = 'known' AND p.closes);
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
            -- In the order in which rows are written.
            row_number() OVER (same ORDER BY p.action, p.place, line) AS place
        FROM import_wins w JOIN import_plan p USING (line) WHERE w.customer_id IS NULL
        WINDOW same AS (PARTITION BY coalesce(company, line::text), company IS NULL) ORDER BY line
    ) wins WHERE place = 1
) made WHERE made.line = w.line;
UPDATE import_wins w SET customer_id = maker.customer_id FROM import_wins maker
WHERE w.customer_id IS NULL AND maker.makes_customer AND maker.company = w.company
"""


def list_owner_words(cursor: Cursor, most: int, *, updates: bool) -> list[str]:
    """List how the rows that will be written name their owners.

    :param updates: whether known leads get other owners, and not only those without one
    :return: the words, in the order of the file
    """
    cursor.execute(
        "SELECT r.owner FROM import_rows r JOIN import_plan p USING (line) LEFT JOIN leads l ON l.id = p.lead_id"
        " LEFT JOIN customers c ON p.lead_id IS NULL AND c.id = p.customer_id"
        " LEFT JOIN activities a ON a.id = p.activity_id"
        " WHERE r.owner IS NOT NULL AND (p.action = 'create' OR p.action = 'known' AND (%(updates)s"
        " OR CASE WHEN a.id IS NULL THEN coalesce(l.owner_id, c.owner_id) IS NULL"
        " ELSE a.kind = 'task' AND a.assignee_id IS NULL END)) GROUP BY r.owner ORDER BY min(r.line) LIMIT %(most)s",
        {"most": most, "updates": updates},
    )
    return [word for (word,) in cursor]


def refuse_owners(cursor: Cursor, column: str) -> None:
    """Refuse the rows whose owner can't own leads.

    :param cursor: a cursor in the transaction of the import; ``import_owners`` is filled
    """
    cursor.execute(_REFUSE_OWNERS, {"column": column})


def skip_known(cursor: Cursor) -> None:
    """Leave the leads that exist as they are."""
    cursor.execute("UPDATE import_plan SET action = 'skip' WHERE action = 'known'")


_LINK_LEADS = """
UPDATE import_plan p SET customer_id = l.customer_id FROM import_links l
WHERE l.line = p.line AND p.action IN ('create', 'known') AND l.customer_id IS NOT NULL
"""


def settle(cursor: Cursor, *, updates: bool) -> None:
    """Decide what rows close, and give new leads and customers their ids.

    :param updates: whether known leads take over what rows say, and not only what they lack
    """
    for statement in (_LINK_LEADS, _CLOSE_LEADS, _REFUSE_WINS, _GIVE_IDS, _FIND_WINS):
        cursor.execute(statement, {"updates": updates})
    cursor.execute(_FIND_CUSTOMERS)
    hold_buyers(cursor)
    cursor.execute(_MAKE_CUSTOMERS)
