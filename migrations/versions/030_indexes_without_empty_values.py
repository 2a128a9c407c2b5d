"""
Leave rows without a value out of the indexes that find rows by one.

Most leads have no mobile number, no customer and no day on which they were closed, and each change of such a lead wrote
an entry for the missing value. A million leads take some seconds, during which they can be read.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "030"
down_revision = "029"
branch_labels = None
depends_on = None

BY_ONE_COLUMN = {
    "ix_leads_customer_id": ("leads", "customer_id"),
    "ix_leads_email_normalised": ("leads", "email_normalised"),
    "ix_leads_phone_e164": ("leads", "phone_e164"),
    "ix_leads_mobile_e164": ("leads", "mobile_e164"),
    "ix_customers_email_normalised": ("customers", "email_normalised"),
    "ix_customers_phone_e164": ("customers", "phone_e164"),
    "ix_customers_parent_id": ("customers", "parent_id"),
    "ix_contacts_email_normalised": ("contacts", "email_normalised"),
    "ix_contacts_phone_e164": ("contacts", "phone_e164"),
    "ix_contacts_mobile_e164": ("contacts", "mobile_e164"),
}
CLOSED: tuple[str, str, list[str]] = ("ix_leads_closed", "leads", ["closed_at", "status"])


def upgrade() -> None:
    for name, (table, column) in BY_ONE_COLUMN.items():
        _replace(name, table, [column], f"{column} IS NOT NULL")
    _replace(*CLOSED, "closed_at IS NOT NULL AND deleted_at IS NULL")


def downgrade() -> None:
    for name, (table, column) in BY_ONE_COLUMN.items():
        _replace(name, table, [column], None)
    _replace(*CLOSED, "deleted_at IS NULL")


def _replace(name: str, table: str, columns: list[Any], condition: str | None) -> None:
    op.drop_index(name, table)
    op.create_index(name, table, columns, postgresql_where=sa.text(condition) if condition else None)
