"""Holds the records that rows are about or belong to, so that nobody merges them until the import is written.

Rows about a record that was merged meanwhile are about the one that it was merged into. Where one was moved to the
trash or deleted meanwhile, the row is refused.
"""

from string import Template

from psycopg2.extensions import cursor as Cursor

from crm_web.imports.targets import Target

# Whoever merges takes the stronger lock, and so waits; whoever edits waits only for what this import may change.
_HOLD = Template("""
WITH held AS MATERIALIZED (
    SELECT id, merged_into_id, deleted_at FROM ${table}s
    WHERE id = ANY (ARRAY(SELECT ${table}_id FROM $rows)) ORDER BY id FOR $strength
), followed AS (
    UPDATE $rows r SET ${table}_id = h.merged_into_id FROM held h
    WHERE h.id = r.${table}_id AND h.merged_into_id IS NOT NULL RETURNING r.line
), gone AS (
    UPDATE $rows r SET $lost WHERE $applies AND r.${table}_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM held h WHERE h.id = r.${table}_id AND (h.merged_into_id IS NOT NULL OR h.deleted_at IS NULL)
    ) RETURNING r.line
), noted AS (
    INSERT INTO import_notes (line, place, is_refusal, text) SELECT line, 90, $is_refusal, '$text' FROM gone
)
SELECT count(*) FROM followed
""")
_ROWS = {"rows": "import_plan", "lost": "action = 'refused'", "is_refusal": "true"}
_LINKS = {"rows": "import_links", "lost": "customer_id = NULL", "is_refusal": "false"}
_OWN = "It was moved to the trash or deleted while the import ran. Restore it, then import this row."
_PARENT = "The {} that it belongs to was moved to the trash or deleted while the import ran."
_NOT_LINKED = "Its customer was moved to the trash or deleted while the import ran. Not linked."


def _own(table: str) -> str:
    applies = "r.action = 'known'"
    return _HOLD.substitute(_ROWS, table=table, applies=applies, strength="NO KEY UPDATE", text=_OWN)


def _parent(table: str) -> str:
    applies, text = "r.action = 'create'", _PARENT.format(table)
    return _HOLD.substitute(_ROWS, table=table, applies=applies, strength="KEY SHARE", text=text)


_HOLD_LINKED = _HOLD.substitute(_LINKS, table="customer", applies="true", strength="KEY SHARE", text=_NOT_LINKED)
_HOLD_BUYERS = _HOLD.substitute(
    _LINKS, rows="import_wins", table="customer", applies="false", strength="KEY SHARE", text=_NOT_LINKED
)
_STATEMENTS = {
    Target.CUSTOMERS: (_own("customer"),),
    Target.CONTACTS: (_parent("customer"), _own("contact")),
    Target.LEADS: (_own("lead"), _HOLD_LINKED),
    Target.ACTIVITIES: (_parent("lead"), _parent("customer")),
}
"""Leads before customers before contacts, as whoever merges locks them."""


def hold_records(cursor: Cursor, target: Target) -> None:
    """Hold the records that rows are about, and those that they belong to.

    :param cursor: a cursor in the transaction of the import; ``import_plan`` says what is known, and has no new IDs yet
    """
    for statement in _STATEMENTS[target]:
        _repeat(cursor, statement)


def hold_buyers(cursor: Cursor) -> None:
    """Hold the customers that won rows were found to be of."""
    _repeat(cursor, _HOLD_BUYERS)


def _repeat(cursor: Cursor, statement: str) -> None:
    """What a record was merged into has to be held as well."""
    while True:
        cursor.execute(statement)
        if cursor.fetchone() == (0,):
            return
