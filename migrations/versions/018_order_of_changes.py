"""
Programs follow everything that changes, in an order in which nothing can appear behind their back.

The numbers of changes are given out before their transactions end: 7 may be seen before 6. So each change also keeps
the number of its transaction, and whoever follows reads only those below the oldest transaction that is still open.
What is open in another database of the same server cannot write here, and is not waited for where this role may see it.
"""

from alembic import op

revision = "018"
down_revision = "017"
branch_labels = None
depends_on = None

SETTLED = """
CREATE FUNCTION crm_settled_before() RETURNS xid8 LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (
            SELECT open FROM pg_snapshot_xip(pg_current_snapshot()) open
            WHERE NOT EXISTS (
                SELECT FROM pg_stat_activity elsewhere WHERE elsewhere.datname <> current_database()
                AND elsewhere.backend_xid::text::numeric = open::text::numeric % 4294967296
            )
            ORDER BY open LIMIT 1
        ),
        pg_snapshot_xmax(pg_current_snapshot())
    )
$$
"""


def upgrade() -> None:
    op.execute(SETTLED)
    # What is there already comes first, by its number; a constant default writes no row anew.
    op.execute("ALTER TABLE changes ADD COLUMN xact xid8 NOT NULL DEFAULT '0'")
    op.execute("ALTER TABLE changes ALTER COLUMN xact SET DEFAULT pg_current_xact_id()")
    op.create_index("ix_changes_xact", "changes", ["xact", "id"])


def downgrade() -> None:
    op.drop_index("ix_changes_xact", "changes")
    op.drop_column("changes", "xact")
    op.execute("DROP FUNCTION crm_settled_before")
