"""
Let a lead's next task be found by an index.

The board shows it on each card. Only open tasks are in the index, so it is small.
"""

import sqlalchemy as sa
from alembic import op

revision = "034"
down_revision = "033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_activities_open_tasks_of_lead",
        "activities",
        ["lead_id", "due_on"],
        postgresql_where=sa.text("kind = 'task' AND done_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_activities_open_tasks_of_lead", "activities")
