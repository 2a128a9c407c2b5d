"""Find what is rare among a million rows: what is in the trash, and the changes that were deletions or came by hand.

Each index holds only the rare rows, so that an import, which writes none of them, pays nothing for it.
"""

import sqlalchemy as sa
from alembic import op

revision = "006"
down_revision = "005"
branch_labels = None
depends_on = None

TRASHABLE = ("leads", "customers", "contacts")


def upgrade() -> None:
    for table in TRASHABLE:
        op.create_index(
            f"ix_{table}_trash", table, ["deleted_at", "id"], postgresql_where=sa.text("deleted_at IS NOT NULL")
        )
    op.create_index("ix_changes_deleted", "changes", ["at", "id"], postgresql_where=sa.text("action = 'deleted'"))
    op.create_index(
        "ix_changes_door", "changes", ["door", "at", "id"], postgresql_where=sa.text("door IN ('web', 'api', 'bulk')")
    )


def downgrade() -> None:
    op.drop_index("ix_changes_door", "changes")
    op.drop_index("ix_changes_deleted", "changes")
    for table in TRASHABLE:
        op.drop_index(f"ix_{table}_trash", table)
