"""The ledger also keeps what a conversion changed, so that it can be taken back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "009"
down_revision = "008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE conversions DISABLE TRIGGER keep")
    op.alter_column("conversions", "filled", server_default="{}")
    op.execute("UPDATE conversions SET filled = '{}' WHERE filled = '[]'")
    op.add_column("conversions", sa.Column("before", postgresql.JSONB(), server_default="{}", nullable=False))
    op.add_column("conversions", sa.Column("customer_version", sa.Integer(), nullable=True))
    op.execute("ALTER TABLE conversions ENABLE TRIGGER keep")


def downgrade() -> None:
    op.execute("ALTER TABLE conversions DISABLE TRIGGER keep")
    op.drop_column("conversions", "customer_version")
    op.drop_column("conversions", "before")
    op.alter_column("conversions", "filled", server_default="[]")
    op.execute("UPDATE conversions SET filled = '[]' WHERE filled = '{}'")
    op.execute("ALTER TABLE conversions ENABLE TRIGGER keep")
