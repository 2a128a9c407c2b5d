"""Find for each lead of a list which statuses it left: without an index, one lead asked for all stays there are."""

from alembic import op

revision = "020"
down_revision = "019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_lead_stays_lead", "lead_stays", ["lead_id", "status", "left_at"])


def downgrade() -> None:
    op.drop_index("ix_lead_stays_lead", "lead_stays")
