"""Keep exchange rates, so that amounts in several currencies can be shown as one figure."""

import sqlalchemy as sa
from alembic import op

revision = "056"
down_revision = "055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exchange_rates",
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("per_euro", sa.Numeric(18, 8), nullable=False),
        sa.Column("valid_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("currency", name=op.f("pk_exchange_rates")),
        sa.CheckConstraint("per_euro > 0", name=op.f("ck_exchange_rates_per_euro_positive")),
        sa.CheckConstraint("currency <> 'EUR' OR per_euro = 1", name=op.f("ck_exchange_rates_euro_is_one")),
        sa.CheckConstraint("char_length(currency) <= 3", name=op.f("ck_exchange_rates_currency_length")),
    )
    op.execute("INSERT INTO table_versions (name) VALUES ('exchange_rates')")
    op.execute(
        "CREATE TRIGGER renew_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON exchange_rates"
        " FOR EACH STATEMENT EXECUTE FUNCTION crm_renew_version()"
    )


def downgrade() -> None:
    op.drop_table("exchange_rates")
    op.execute("DELETE FROM table_versions WHERE name = 'exchange_rates'")
