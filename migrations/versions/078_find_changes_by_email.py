"""Find in history what came in by email, without reading all of it."""

from alembic import op

revision = "078"
down_revision = "077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # What was left behind unfinished, if this was stopped before.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_changes_email")
        op.execute("""
            CREATE INDEX CONCURRENTLY ix_changes_email ON changes (at, id)
            WHERE (source = 'command' AND action = 'created'
                AND (entity = 'activity' AND fields #>> '{kind,1}' = 'email' OR entity = 'file'))
        """)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_changes_email")
