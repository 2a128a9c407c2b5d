"""List sign-ins newest first by an index."""

from alembic import op

revision = "059"
down_revision = "058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_sign_ins_created_at", "sign_ins", ["created_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_sign_ins_created_at", "sign_ins")
