"""Puts imported customers below the companies that their rows name as parents, by ID or by name.

A parent may come later in the file, or in a later file of the same import: what is not found waits for it.
"""

from psycopg2.extensions import cursor as Cursor

from crm_web.customers.operations import PARENTS_LOCK
from crm_web.web.template_filters import plural

_BEGIN = """
CREATE TEMPORARY TABLE IF NOT EXISTS import_parents (customer_id bigint, ref text, line bigint, parent_id bigint,
    reason text) ON COMMIT DROP;
UPDATE import_parents SET line = NULL;
WITH named AS (
    SELECT p.customer_id, r.parent_ref AS ref, p.line,
        first_value(p.line) OVER (PARTITION BY p.customer_id ORDER BY CASE WHEN %(updates)s THEN -p.line ELSE p.line END
        ) AS deciding FROM import_rows r JOIN import_plan p USING (line)
    WHERE r.parent_ref IS NOT NULL AND p.action IN ('create', 'known')
), noted AS (
    INSERT INTO import_notes SELECT n.line, 81, false, %(column)s, left(n.ref, 60),
        'Left out, because line ' || n.deciding || ' names the parent of this customer.'
    FROM named n JOIN named d ON d.line = n.deciding WHERE d.ref <> n.ref
)
INSERT INTO import_parents (customer_id, ref, line) SELECT customer_id, ref, line FROM named WHERE line = deciding;
ANALYZE import_parents;
SELECT count(*) FROM import_parents;
"""
# Two systems can have the same ID; then what came in this very import is meant.
_FIND = """
UPDATE import_parents p SET parent_id = CASE WHEN f.count = 1 AND f.deleted_at IS NULL THEN f.id END,
    reason = CASE WHEN f.count > 1 THEN 'Several customers have this ID.'
        WHEN f.deleted_at IS NOT NULL THEN 'This customer is in the trash.' END
FROM (
    SELECT ref, min(id) AS id, min(deleted_at) AS deleted_at, count(*) FROM (
        SELECT DISTINCT e.external_id AS ref, c.id, c.deleted_at, rank() OVER (
            PARTITION BY e.external_id ORDER BY c.deleted_at IS NOT NULL, e.xact = crm_xact() DESC) AS place
        FROM external_ids e JOIN customers k ON k.id = e.customer_id
        JOIN customers c ON c.id = coalesce(k.merged_into_id, k.id)
        WHERE e.system <> 'row' AND e.external_id IN (SELECT ref FROM import_parents)
    ) found WHERE place = 1 GROUP BY ref
) f WHERE f.ref = p.ref;
UPDATE import_parents p SET parent_id = CASE WHEN f.count = 1 THEN f.id END,
    reason = CASE WHEN f.count > 1 THEN 'Several customers are called so.' END
FROM (
    SELECT sort_name, min(id) AS id, count(*) FROM customers
    WHERE deleted_at IS NULL AND kind = 'organisation' AND sort_name IN (SELECT crm_fold(ref) FROM import_parents)
    GROUP BY sort_name
) f WHERE p.parent_id IS NULL AND p.reason IS NULL AND f.sort_name = crm_fold(p.ref);
UPDATE import_parents SET reason = 'This is the customer itself.' WHERE parent_id = customer_id;
"""
_KEEP_KNOWN = """
UPDATE import_plan p SET kept = coalesce(p.kept, '{}') || jsonb_build_object('parent_id',
    jsonb_build_array(old.name, new.name))
FROM import_parents i JOIN customers c ON c.id = i.customer_id JOIN customers old ON old.id = c.parent_id
JOIN customers new ON new.id = i.parent_id
WHERE i.line = p.line AND c.parent_id <> i.parent_id AND i.reason IS NULL AND NOT %(updates)s;
DELETE FROM import_parents i USING customers c
WHERE c.id = i.customer_id AND (c.parent_id = i.parent_id OR c.parent_id IS NOT NULL AND NOT %(updates)s);
"""
# Everybody in question with the one above: whom the rows say, or else who stands there already.
_BEGIN_CLIMB = """
CREATE TEMPORARY TABLE import_climb ON COMMIT DROP AS
WITH RECURSIVE above AS (
    SELECT customer_id AS id, parent_id AS up FROM import_parents WHERE parent_id IS NOT NULL AND reason IS NULL
    UNION
    SELECT c.id, c.parent_id FROM above JOIN customers c ON c.id = above.up
    WHERE NOT EXISTS (SELECT FROM import_parents p
        WHERE p.customer_id = c.id AND p.parent_id IS NOT NULL AND p.reason IS NULL)
) SELECT id, up FROM above WHERE up IS NOT NULL;
CREATE UNIQUE INDEX ON import_climb (id);
ANALYZE import_climb;
"""
_LEAVE_CLIMB = "DELETE FROM import_climb c WHERE NOT EXISTS (SELECT FROM import_climb above WHERE above.id = c.up)"
# Each step is twice as long as the one before.
_CLIMB = "UPDATE import_climb c SET up = above.up FROM import_climb above WHERE above.id = c.up"
_REFUSE_CIRCLES = """
UPDATE import_parents SET reason = 'This company belongs to the customer itself.'
WHERE customer_id IN (SELECT up FROM import_climb) AND parent_id IS NOT NULL AND reason IS NULL
"""
_SET = """
SELECT FROM customers
WHERE id IN (SELECT customer_id FROM import_parents WHERE parent_id IS NOT NULL AND reason IS NULL)
ORDER BY id FOR NO KEY UPDATE;
UPDATE import_plan p SET outcome = CASE WHEN old.id IS NOT NULL OR p.outcome = 'updated' THEN 'updated'
    ELSE 'filled' END, changes = coalesce(p.changes, '{}') || jsonb_build_object('parent_id',
    jsonb_build_array(old.name, new.name))
FROM import_parents i JOIN customers c ON c.id = i.customer_id LEFT JOIN customers old ON old.id = c.parent_id
JOIN customers new ON new.id = i.parent_id
WHERE i.line = p.line AND p.action = 'known' AND i.reason IS NULL;
UPDATE customers c SET parent_id = i.parent_id FROM import_parents i
WHERE c.id = i.customer_id AND i.parent_id IS NOT NULL AND i.reason IS NULL;
INSERT INTO import_notes SELECT line, 81, false, %(column)s, left(ref, 60),
    coalesce(reason, 'No customer with this ID or name is here yet.') || ' No parent company is set.'
FROM import_parents WHERE line IS NOT NULL AND (parent_id IS NULL OR reason IS NOT NULL);
WITH settled AS (
    DELETE FROM import_parents WHERE parent_id IS NOT NULL OR reason IS NOT NULL RETURNING line, reason
)
SELECT count(*) FROM settled WHERE line IS NULL AND reason IS NULL;
"""


def set_parents(cursor: Cursor, column: str, *, updates: bool) -> list[str]:
    """Set the parent companies of the customers of a file, and of earlier files whose parents came with this one.

    :param cursor: a cursor in the transaction of the import; the customers are written
    :param column: how the column of parents is called in the file
    :param updates: whether known customers get other parents, and not only those without one
    :return: what to know about it, as sentences
    """
    values = {"column": column, "updates": updates}
    cursor.execute(_BEGIN, values)
    if cursor.fetchone() == (0,):
        return []
    # Two moves at once could close a circle that neither of them sees.
    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (PARENTS_LOCK,))
    cursor.execute(_FIND)
    cursor.execute(_KEEP_KNOWN, values)
    _refuse_circles(cursor)
    cursor.execute(_SET, values)
    (late,) = cursor.fetchone() or (0,)
    return [f"The parent company of {plural(late, 'customer')} of earlier files is set."] if late else []


def _refuse_circles(cursor: Cursor) -> None:
    """Refuse the parents that would put a customer above itself."""
    cursor.execute("DROP TABLE IF EXISTS pg_temp.import_climb")
    cursor.execute(_BEGIN_CLIMB)
    while True:
        cursor.execute(_LEAVE_CLIMB)
        if not cursor.rowcount:
            break
        cursor.execute(_CLIMB)
    cursor.execute("SELECT count(*) FROM import_climb")
    (left,) = cursor.fetchone() or (0,)
    # Who is left never comes to an end; after as many steps everybody stands on a circle.
    for _ in range(left.bit_length()):
        cursor.execute(_CLIMB)
    if left:
        cursor.execute(_REFUSE_CIRCLES)
