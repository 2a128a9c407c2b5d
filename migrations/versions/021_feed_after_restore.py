"""
The feed of changes goes on where a database is restored into another cluster, whose transactions count from low again.

Each change keeps the number of its transaction, and there the new ones would stand before those that came with the
dump: programs that have read these would never see them. So what a cluster counts is shifted beyond all that is there.
The shift is a materialised view, because a dump holds no rows of it: whoever restores one computes it anew, as the last
step. In the cluster where it all began it is 0.
"""

from alembic import op

revision = "021"
down_revision = "020"
branch_labels = None
depends_on = None

# The marks of webhooks count too: they may be beyond the last change.
SHIFT = """
CREATE MATERIALIZED VIEW feed_shift AS
SELECT greatest(0, 1 - next.xact + greatest(
    (SELECT xact::text::numeric FROM changes ORDER BY changes.xact DESC LIMIT 1),
    (SELECT max(mark_xact::text::numeric) FROM webhooks)
)) AS shift
FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::numeric AS xact) next
"""
SHIFTED = """
CREATE FUNCTION crm_xact() RETURNS xid8 LANGUAGE sql VOLATILE AS $$
    SELECT (pg_current_xact_id()::text::numeric + shift)::text::xid8 FROM feed_shift
$$
"""
SETTLED = """
CREATE OR REPLACE FUNCTION crm_settled_before() RETURNS xid8 LANGUAGE sql STABLE AS $$
    SELECT {shifted} FROM (SELECT coalesce(
        (
            SELECT open FROM pg_snapshot_xip(pg_current_snapshot()) open
            WHERE NOT EXISTS (
                SELECT FROM pg_stat_activity elsewhere WHERE elsewhere.datname <> current_database()
                AND elsewhere.backend_xid::text::numeric = open::text::numeric % 4294967296
            )
            ORDER BY open LIMIT 1
        ),
        pg_snapshot_xmax(pg_current_snapshot())
    ) AS xact) settled{source}
$$
"""


def upgrade() -> None:
    op.execute(SHIFT)
    op.execute(SHIFTED)
    op.execute(SETTLED.format(shifted="(xact::text::numeric + shift)::text::xid8", source=", feed_shift"))
    op.execute("ALTER TABLE changes ALTER COLUMN xact SET DEFAULT crm_xact()")


def downgrade() -> None:
    op.execute("ALTER TABLE changes ALTER COLUMN xact SET DEFAULT pg_current_xact_id()")
    op.execute(SETTLED.format(shifted="xact", source=""))
    op.execute("DROP FUNCTION crm_xact")
    op.execute("DROP MATERIALIZED VIEW feed_shift")
