"""Find the tasks of a person on a range of days, done or open, by the index that finds all of them."""

from alembic import op

revision = "051"
down_revision = "050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_activities_assignee_due", "activities", ["assignee_id", "due_on"])
    op.drop_index("ix_activities_assignee_id", "activities")


def downgrade() -> None:
    op.create_index("ix_activities_assignee_id", "activities", ["assignee_id"])
    op.drop_index("ix_activities_assignee_due", "activities")
