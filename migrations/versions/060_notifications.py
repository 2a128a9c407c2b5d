"""Notify people of what concerns them."""

from alembic import op

revision = "060"
down_revision = "059"
branch_labels = None
depends_on = None

KINDS = "'assigned', 'mentioned', 'task_due', 'lead_won', 'imported', 'new_browser'"


def upgrade() -> None:
    op.execute(
        f"""
        CREATE TABLE notifications (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_notifications PRIMARY KEY,
            employee_id bigint NOT NULL
                CONSTRAINT fk_notifications_employee_id REFERENCES employees (id) ON DELETE CASCADE,
            kind text NOT NULL CONSTRAINT ck_notifications_kind_known CHECK (kind IN ({KINDS})),
            entity text NOT NULL CONSTRAINT ck_notifications_entity_length CHECK (char_length(entity) <= 50),
            entity_id bigint NOT NULL,
            actor_id bigint CONSTRAINT fk_notifications_actor_id REFERENCES employees (id) ON DELETE CASCADE,
            xact xid8,
            count integer DEFAULT 1 NOT NULL CONSTRAINT ck_notifications_count_positive CHECK (count > 0),
            created_at timestamptz DEFAULT now() NOT NULL,
            read_at timestamptz
        );
        CREATE UNIQUE INDEX uq_notifications_xact ON notifications (employee_id, kind, xact);
        CREATE INDEX ix_notifications_list ON notifications (employee_id, created_at, id);
        CREATE INDEX ix_notifications_unread ON notifications (employee_id) WHERE read_at IS NULL;
        CREATE INDEX ix_notifications_record ON notifications (entity_id, kind);
        CREATE INDEX ix_notifications_actor_id ON notifications (actor_id);
        CREATE TABLE notification_choices (
            employee_id bigint NOT NULL
                CONSTRAINT fk_notification_choices_employee_id REFERENCES employees (id) ON DELETE CASCADE,
            kind text NOT NULL CONSTRAINT ck_notification_choices_kind_known CHECK (kind IN ({KINDS})),
            channel text NOT NULL
                CONSTRAINT ck_notification_choices_channel_known CHECK (channel IN ('page', 'email', 'off')),
            CONSTRAINT pk_notification_choices PRIMARY KEY (employee_id, kind)
        );
        CREATE TABLE notification_cursor (
            id integer DEFAULT 1 CONSTRAINT pk_notification_cursor PRIMARY KEY
                CONSTRAINT ck_notification_cursor_one_row CHECK (id = 1),
            mark_xact xid8 DEFAULT crm_settled_before() NOT NULL,
            mark_change_id bigint DEFAULT 0 NOT NULL
        );
        INSERT INTO notification_cursor DEFAULT VALUES;
        """
    )
    op.create_index("ix_mentions_mentioned_at", "mentions", ["mentioned_at"])


def downgrade() -> None:
    op.drop_index("ix_mentions_mentioned_at", "mentions")
    op.drop_table("notification_cursor")
    op.drop_table("notification_choices")
    op.drop_table("notifications")
