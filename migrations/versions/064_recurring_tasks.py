"""Find the tasks that recur, for the calendar."""

from alembic import op

revision = "064"
down_revision = "063"
branch_labels = None
depends_on = None

INDEX = "ix_activities_recurring"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        # What was left behind unfinished, if this was stopped before.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {INDEX} ON activities (assignee_id, due_on)"
            " WHERE recurrence IS NOT NULL AND done_at IS NULL"
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
