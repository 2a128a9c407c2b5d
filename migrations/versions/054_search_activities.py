"""Let search find activities by the words of their subjects and notes."""

from alembic import op

revision = "054"
down_revision = "053"
branch_labels = None
depends_on = None

TEXT = "crm_fold((subject || ' ') || coalesce(body, ''))"


def upgrade() -> None:
    op.execute(f"CREATE INDEX ix_activities_search ON activities USING gin (({TEXT}) gin_trgm_ops)")
    op.execute(
        f"CREATE INDEX ix_activities_signs ON activities USING gin (crm_signs({TEXT}))"
        f" WHERE octet_length({TEXT}) > char_length({TEXT})"
    )


def downgrade() -> None:
    op.drop_index("ix_activities_signs", "activities")
    op.drop_index("ix_activities_search", "activities")
