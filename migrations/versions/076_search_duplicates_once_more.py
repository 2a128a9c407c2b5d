"""Search for duplicates from the beginning once more: other scripts have other keys, and shared mailboxes count less.

The worker does it bit by bit; until it is through, what changes meanwhile waits.
"""

from alembic import op

revision = "076"
down_revision = "075"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE duplicate_scan SET entity = 'lead', record_id = 0")


def downgrade() -> None:
    # What was found stays; the search goes on where it is.
    pass
