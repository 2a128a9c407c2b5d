"""
Sort texts without accents: Émile stands before Zebra.

The indexes of these orders hold the folded texts, as those of names have from the start.
"""

import sqlalchemy as sa
from alembic import op

revision = "026"
down_revision = "025"
branch_labels = None
depends_on = None

ORDERS = {
    "ix_leads_company": ("leads", "company", []),
    "ix_leads_industry": ("leads", "industry", ["industry"]),
    "ix_customers_industry": ("customers", "industry", []),
    "ix_customers_city": ("customers", "billing_city", []),
}
STATISTICS = {"st_leads_industry": ("leads", "industry"), "st_customers_industry": ("customers", "industry")}


def upgrade() -> None:
    build("crm_fold")


def downgrade() -> None:
    build("lower")


def build(function: str) -> None:
    """Build the indexes and statistics of texts that a function has made alike."""
    for name, (table, column, included) in ORDERS.items():
        op.drop_index(name, table)
        key = sa.text(f"(coalesce({function}({column}), '') COLLATE \"C\")")
        live = sa.text("deleted_at IS NULL")
        op.create_index(name, table, [key, "id"], postgresql_where=live, postgresql_include=included)
    for name, (table, column) in STATISTICS.items():
        op.execute(f"DROP STATISTICS {name}")
        op.execute(f"CREATE STATISTICS {name} ON (coalesce({function}({column}), '') COLLATE \"C\") FROM {table}")
    for table in ("leads", "customers"):
        # An empty table is left alone: it has nothing to learn from.
        if op.get_bind().execute(sa.text(f"SELECT EXISTS (SELECT FROM {table})")).scalar_one():
            op.execute(f"ANALYZE {table}")
