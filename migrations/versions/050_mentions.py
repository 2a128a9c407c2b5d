"""Keep who is mentioned in the notes of activities, leads and customers, so that they can be notified."""

import sqlalchemy as sa
from alembic import op

revision = "050"
down_revision = "049"
branch_labels = None
depends_on = None

TEXTS = {"activity_id": "activities", "lead_id": "leads", "customer_id": "customers"}


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "mentions",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("employee_id", sa.BigInteger, sa.ForeignKey("employees.id", ondelete="RESTRICT"), nullable=False),
        *(
            sa.Column(column, sa.BigInteger, sa.ForeignKey(f"{table}.id", ondelete="CASCADE"))
            for column, table in TEXTS.items()
        ),
        sa.Column("mentioned_by_id", sa.BigInteger, sa.ForeignKey("employees.id", ondelete="RESTRICT"), nullable=False),
        sa.Column("mentioned_at", moment, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("num_nonnulls(activity_id, lead_id, customer_id) = 1", name="in_one_text"),
    )
    for column in TEXTS:
        is_in_it = sa.text(f"{column} IS NOT NULL")
        name = f"uq_mentions_{column}_employee_id"
        op.create_index(name, "mentions", [column, "employee_id"], unique=True, postgresql_where=is_in_it)


def downgrade() -> None:
    op.drop_table("mentions")
