"""The triggers that are disabled while a database is filled: those that count, and those that write history.

They only know the present time. A setting with which a session could change that would allow forged history, so the
triggers themselves are disabled and enabled again, which only the owner of a table can do.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg2.extensions import cursor as Cursor

RESTING = {
    "employees": ("record_insert",),
    "leads": ("record_insert", "count_insert"),
    "customers": ("record_insert", "count_insert"),
    "contacts": ("record_insert", "count_insert"),
    "activities": ("record_insert", "count_insert"),
    "lead_status_history": ("count_insert",),
}
_RECORDED = [table for table, triggers in RESTING.items() if "record_insert" in triggers]
_LEFT_OUT = """
SELECT tgrelid::regclass::text, string_to_array(split_part(encode(tgargs, 'escape'), '\\000', 2), ',') FROM pg_trigger
WHERE tgname = 'record_insert' AND tgrelid = ANY (%s::regclass[])
"""


@contextmanager
def triggers_at_rest(cursor: Cursor) -> Iterator[None]:
    """Disable the triggers during a block; after an error the rollback enables them again.

    :param cursor: in a transaction; nobody else writes to these tables until it ends
    """
    _switch(cursor, "DISABLE")
    yield
    _switch(cursor, "ENABLE")


def read_what_history_leaves_out(cursor: Cursor) -> dict[str, list[str]]:
    """Read from the triggers which columns history leaves out, by names such as ``untold_of_leads``."""
    cursor.execute(_LEFT_OUT, (_RECORDED,))
    return {f"untold_of_{table}": columns for table, columns in cursor.fetchall()}


def _switch(cursor: Cursor, how: str) -> None:
    for table, triggers in RESTING.items():
        for trigger in triggers:
            cursor.execute(f"ALTER TABLE {table} {how} TRIGGER {trigger}")
