"""Find one person's leads of one status in the order of their last change, as a column of the board shows them."""

import sqlalchemy as sa
from alembic import op

revision = "015"
down_revision = "014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns = ["owner_id", "status", "updated_at", "id"]
    op.create_index("ix_leads_board", "leads", columns, postgresql_where=sa.text("deleted_at IS NULL"))


def downgrade() -> None:
    op.drop_index("ix_leads_board", "leads")
