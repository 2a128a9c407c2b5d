"""Search for duplicates from the beginning once more: records have other keys, by which they are found.

The worker does it bit by bit; until it is through, what changes meanwhile waits.
"""

from alembic import op

revision = "074"
down_revision = "073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE duplicate_scan SET entity = 'lead', record_id = 0")


def downgrade() -> None:
    # What was found stays; the search goes on where it is.
    pass
