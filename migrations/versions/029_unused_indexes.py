"""
Drop indexes that no query reads.

Most were there for foreign keys to employees and to lead sources, of which nobody ever deletes one. What every change
of a lead wrote into them was for nothing.
"""

from alembic import op

revision = "029"
down_revision = "028"
branch_labels = None
depends_on = None

BY_PERSON = {
    "leads": ["created_by_id", "updated_by_id", "deleted_by_id"],
    "customers": ["created_by_id", "updated_by_id", "deleted_by_id"],
    "contacts": ["created_by_id", "updated_by_id", "deleted_by_id"],
    "saved_views": ["created_by_id", "updated_by_id", "deleted_by_id"],
    "employees": ["created_by_id", "updated_by_id"],
    "webhooks": ["created_by_id", "updated_by_id"],
    "conversions": ["converted_by_id", "undone_by_id"],
    "activities": ["updated_by_id"],
    "bulk_edits": ["undone_by_id"],
    "api_tokens": ["revoked_by_id"],
}


def upgrade() -> None:
    for table, columns in BY_PERSON.items():
        for column in columns:
            op.drop_index(f"ix_{table}_{column}", table)
    op.drop_index("ix_leads_source_updated", "leads")


def downgrade() -> None:
    op.create_index("ix_leads_source_updated", "leads", ["source", "updated_at", "id"])
    for table, columns in BY_PERSON.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])
