"""Secondary indexes and foreign keys, set aside while very many rows are written.

Built, and checked for all rows, at the end they cost a fraction.
"""

from collections.abc import Sequence

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

TABLES = ("leads", "customers", "contacts", "activities", "changes", "conversions", "lead_status_history")
FOLLOWING = ("counts", "count_deltas", "lead_last_activity", "customer_last_activity", "known_words")
"""What the triggers of those fill."""

# What holds a rule, such as a key or whatever is unique, stays; only that of sums is of no use before all is summed up.
_SECONDARY = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relnamespace = 'public'::regnamespace AND t.relname = ANY (%s) AND NOT i.indisunique AND i.indisvalid
    AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)
    OR i.indexrelid = 'uq_counts_cell'::regclass
ORDER BY t.relname, 1
"""
_FOREIGN_KEYS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE contype = 'f' AND conrelid = ANY (%s::regclass[]) ORDER BY conname
"""


def set_aside(cursor: Cursor) -> list[str]:
    """Drop the secondary indexes and foreign keys of the tables that are filled, until the end of the transaction.

    :param cursor: a cursor in the transaction; nobody else reads these tables until it ends
    :return: the statements that build them again
    """
    cursor.execute(_SECONDARY, (list(TABLES),))
    indexes: list[tuple[str, str]] = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
    return [*(definition for _, definition in indexes), *_set_keys_aside(cursor)]


def _set_keys_aside(cursor: Cursor) -> list[str]:
    cursor.execute(_FOREIGN_KEYS, ([*TABLES, *FOLLOWING],))
    keys: list[tuple[str, str, str]] = cursor.fetchall()
    for table, name, _ in keys:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return [f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}" for table, name, definition in keys]


def build_again(cursor: Cursor, definitions: Sequence[str]) -> None:
    """Build indexes that were set aside, and check foreign keys.

    :param cursor: a cursor in the same transaction
    :param definitions: what ``set_aside`` gave
    """
    cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
    for definition in definitions:
        cursor.execute(definition)
