"""Imports take turns with each other, and with what may not happen while one is running."""

from collections.abc import Callable

from psycopg2.extensions import cursor as Cursor
from sqlalchemy import func, select

from crm_web.core.errors import Conflict
from crm_web.core.extensions import db

_ONE_AT_A_TIME = 7430003


class ImportRunning(Conflict):
    """An import is running, and this has to wait for it."""


def wait_for_turn(cursor: Cursor, progress: Callable[[str, int, int], None]) -> None:
    """Let imports take turns, so that the same file sent twice at once is imported once.

    :param cursor: a cursor in the transaction of the import; its end lets the next one go
    """
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (_ONE_AT_A_TIME,))
    if cursor.fetchone() != (True,):
        progress("Waiting for another import", 0, 0)
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_ONE_AT_A_TIME,))


def keep_imports_waiting() -> None:
    """Keep imports from starting until the transaction ends.

    :raise ImportRunning: if one is running
    """
    if not db.session.scalar(select(func.pg_try_advisory_xact_lock_shared(_ONE_AT_A_TIME))):
        raise ImportRunning("An import is running. Wait for it to finish, then try again.")
