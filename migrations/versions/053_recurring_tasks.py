"""Let tasks recur and have a reminder; a task that recurs is followed by one task at most."""

import sqlalchemy as sa
from alembic import op

revision = "053"
down_revision = "052"
branch_labels = None
depends_on = None

CHECKS = {
    "recurrence_length": "char_length(recurrence) <= 300",
    "recurs_from_due_date": "recurrence IS NULL OR due_on IS NOT NULL",
    "only_tasks_recur": "kind = 'task' OR (recurrence IS NULL AND remind_at IS NULL)",
}


def upgrade() -> None:
    op.execute("ALTER TABLE activities ADD COLUMN recurrence text, ADD COLUMN remind_at timestamptz")
    for name, condition in CHECKS.items():
        op.create_check_constraint(name, "activities", condition)
    is_ahead = sa.text("remind_at IS NOT NULL AND done_at IS NULL")
    op.create_index("ix_activities_remind_at", "activities", ["remind_at"], postgresql_where=is_ahead)
    activity = sa.BigInteger, sa.ForeignKey("activities.id", ondelete="CASCADE")
    op.create_table(
        "next_tasks",
        sa.Column("done_id", *activity, primary_key=True),
        sa.Column("next_id", sa.BigInteger, sa.ForeignKey("activities.id", ondelete="CASCADE"), nullable=False),
        sa.UniqueConstraint("next_id"),
    )


def downgrade() -> None:
    op.drop_table("next_tasks")
    op.drop_index("ix_activities_remind_at", "activities")
    for name in CHECKS:
        op.execute(f"ALTER TABLE activities DROP CONSTRAINT ck_activities_{name}")
    op.execute("ALTER TABLE activities DROP COLUMN recurrence, DROP COLUMN remind_at")
