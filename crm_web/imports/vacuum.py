"""What an import that was rolled back leaves behind: rows and index entries that nobody sees, and every scan passes."""

from crm_web.core.extensions import db

WORTH_IT = 5_000
"""From so many rows on: PostgreSQL itself waits until a fifth of the whole table is of no use."""
TABLES = (
    *("leads", "customers", "contacts", "activities", "lead_last_activity", "customer_last_activity", "conversions"),
    "changes",
)


def vacuum_after_rollback(rows: int) -> None:
    """Remove what an import left, in a connection of its own: until then the first pages of lists walk past it.

    Only the owner of the tables can; for anybody else PostgreSQL leaves them as they are.

    :param rows: how many rows the file had
    """
    if rows < WORTH_IT:
        return
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"VACUUM (SKIP_LOCKED) {', '.join(TABLES)}")
