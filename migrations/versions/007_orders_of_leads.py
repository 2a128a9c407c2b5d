"""Give every order of the list of leads its index, so that no page sorts the whole table.

The order by owners' names can have none; with the trash told in the owners' index it is at least found without a look
at the table.
"""

import sqlalchemy as sa
from alembic import op

revision = "007"
down_revision = "006"
branch_labels = None
depends_on = None

STATUS = """
(CASE status WHEN 'new' THEN 0 WHEN 'contacted' THEN 1 WHEN 'qualified' THEN 2 WHEN 'proposal' THEN 3
WHEN 'negotiation' THEN 4 WHEN 'on_hold' THEN 5 WHEN 'won' THEN 6 WHEN 'lost' THEN 7 WHEN 'disqualified' THEN 8 END)
"""
KEYS = {
    "ix_leads_company": "(coalesce(lower(company), '') COLLATE \"C\")",
    "ix_leads_source": "(coalesce(lower(source), '') COLLATE \"C\")",
    "ix_leads_status": STATUS,
    "ix_leads_amount": "coalesce(amount, -1)",
    "ix_leads_expected_close": "coalesce(expected_close_on, '0001-01-01'::date)",
}
BY_OWNER = ("ix_leads_owner_updated", "leads", ["owner_id", "updated_at", "id"])


def upgrade() -> None:
    for name, key in KEYS.items():
        op.create_index(name, "leads", [sa.text(key), "id"], postgresql_where=sa.text("deleted_at IS NULL"))
    op.drop_index(*BY_OWNER[:2])
    op.create_index(*BY_OWNER, postgresql_include=["deleted_at"])


def downgrade() -> None:
    op.drop_index(*BY_OWNER[:2])
    op.create_index(*BY_OWNER)
    for name in KEYS:
        op.drop_index(name, "leads")
