"""Let search find activities by the words of their subjects and notes."""

from alembic import op

revision = "054"
down_revision = "053"
branch_labels = None
depends_on = None

TEXT = "crm_fold((subject || ' ') || coalesce(body, ''))"


INDEXES = {
    "ix_activities_search": f"USING gin (({TEXT}) gin_trgm_ops)",
    "ix_activities_signs": f"USING gin (crm_signs({TEXT})) WHERE octet_length({TEXT}) > char_length({TEXT})",
}


def upgrade() -> None:
    # Nobody who writes activities waits for millions of notes to be read.
    with op.get_context().autocommit_block():
        for name, definition in INDEXES.items():
            # What was left behind unfinished, if this was stopped before.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON activities {definition}")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        for name in INDEXES:
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
