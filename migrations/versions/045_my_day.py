"""Let people choose their start page, and find the calls and meetings that somebody plans by an index."""

import sqlalchemy as sa
from alembic import op

revision = "045"
down_revision = "044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE employees ADD COLUMN chosen_start_page text")
    op.create_check_constraint(
        "chosen_start_page_known", "employees", "chosen_start_page IN ('today', 'dashboard', 'leads', 'board')"
    )
    op.create_index(
        "ix_activities_appointments",
        "activities",
        ["created_by_id", "happened_at"],
        postgresql_where=sa.text("kind IN ('call', 'meeting')"),
    )


def downgrade() -> None:
    op.drop_index("ix_activities_appointments", "activities")
    op.drop_column("employees", "chosen_start_page")
