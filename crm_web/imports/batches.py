"""Writes what was decided for staged rows, some thousands at a time."""

from collections.abc import Callable, Sequence

from psycopg2.extensions import cursor as Cursor

BATCH = 20_000
# New records come first: later rows of the file may be about them, each in its turn.
_BATCHES = """
SELECT action, place, min(line), max(line), count(*) FROM (
    SELECT action, place, line, (row_number() OVER (PARTITION BY action, place ORDER BY line) - 1) / %s AS batch
    FROM import_plan WHERE action IN ('create', 'known') AND NOT is_early
) numbered GROUP BY action, place, batch ORDER BY action, place, batch
"""


def write_in_batches(
    cursor: Cursor, create: Sequence[str], change: str, owner_id: int | None, progress: Callable[[int, int], None]
) -> None:
    """Write the rows of the plan that were not written ahead.

    :param create: the statements that create the records of a batch of rows
    :param change: the statement that changes the known records of one, each row’s another
    :param owner_id: who gets the records without an owner
    """
    cursor.execute(_BATCHES, (BATCH,))
    batches = cursor.fetchall()
    cursor.execute("SELECT count(*) FROM import_plan WHERE is_early")
    (written,) = cursor.fetchone() or (0,)
    total = written + sum(batch[-1] for batch in batches)
    progress(written, total)
    for action, place, first, last, count in batches:
        for statement in create if action == "create" else (change,):
            cursor.execute(
                statement, {"first": first, "last": last, "place": place, "owner": owner_id, "is_early": False}
            )
        written += count
        progress(written, total)
