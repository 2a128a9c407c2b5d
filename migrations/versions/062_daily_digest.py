"""Let people have their notifications in a daily email."""

from alembic import op

revision = "062"
down_revision = "061"
branch_labels = None
depends_on = None

CHANNEL = "ck_notification_choices_channel_known"
INDEX = "ix_notifications_awaiting"


def _allow(channels: str) -> None:
    op.execute(
        f"ALTER TABLE notification_choices DROP CONSTRAINT {CHANNEL},"
        f" ADD CONSTRAINT {CHANNEL} CHECK (channel IN ({channels}))"
    )


def upgrade() -> None:
    op.execute("ALTER TABLE notifications ADD COLUMN IF NOT EXISTS awaits_digest boolean DEFAULT false NOT NULL")
    _allow("'page', 'email', 'digest', 'off'")
    with op.get_context().autocommit_block():
        # What was left behind unfinished, if this was stopped before.
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {INDEX}")
        op.execute(f"CREATE INDEX CONCURRENTLY {INDEX} ON notifications (employee_id) WHERE awaits_digest")


def downgrade() -> None:
    op.execute("UPDATE notification_choices SET channel = 'email' WHERE channel = 'digest'")
    _allow("'page', 'email', 'off'")
    op.execute("ALTER TABLE notifications DROP COLUMN awaits_digest")
