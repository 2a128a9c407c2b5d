"""
Take Kosovo for a country.

ISO 3166-1 has no code for it; the CLDR, the European Union and most programs write XK.
"""

import sqlalchemy as sa
from alembic import op

revision = "040"
down_revision = "039"
branch_labels = None
depends_on = None

COLUMNS = (("leads", "country"), ("customers", "billing_country"), ("customers", "shipping_country"))
WITHOUT, WITH = "'WS'::text, 'YE'::text", "'WS'::text, 'XK'::text, 'YE'::text"


def upgrade() -> None:
    for table, column in COLUMNS:
        _change_check(table, column, WITHOUT, WITH)


def downgrade() -> None:
    for table, column in COLUMNS:
        op.execute(f"UPDATE {table} SET {column} = NULL WHERE {column} = 'XK'")
    for table, column in COLUMNS:
        _change_check(table, column, WITH, WITHOUT)


def _change_check(table: str, column: str, old: str, new: str) -> None:
    """Validated apart, so that writers wait for a moment only."""
    name = f"ck_{table}_{column}_known"
    query = sa.text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name")
    check = op.get_bind().execute(query, {"name": name}).scalar_one()
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {check.replace(old, new)} NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
