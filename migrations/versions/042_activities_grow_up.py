"""Let tasks have a time of day and a priority, and calls an outcome."""

from alembic import op

revision = "042"
down_revision = "041"
branch_labels = None
depends_on = None

CHECKS = {
    "due_time_of_day": "due_time IS NULL OR due_on IS NOT NULL",
    "only_tasks_have_priority": "kind = 'task' OR priority IS NULL",
    "only_calls_have_outcome": "kind = 'call' OR outcome IS NULL",
    "priority_known": "priority IN ('high', 'low')",
    "outcome_known": "outcome IN ('reached', 'no_answer', 'left_message', 'busy')",
}
COLUMNS = {"due_time": "time", "priority": "text", "outcome": "text"}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.execute(f"ALTER TABLE activities ADD COLUMN {name} {kind}")
    for name, condition in CHECKS.items():
        op.create_check_constraint(name, "activities", condition)


def downgrade() -> None:
    for name in CHECKS:
        op.execute(f"ALTER TABLE activities DROP CONSTRAINT ck_activities_{name}")
    for name in COLUMNS:
        op.drop_column("activities", name)
