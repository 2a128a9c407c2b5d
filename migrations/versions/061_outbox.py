"""Keep an account of sent emails, and let the outbox hold those that are written on records."""

from alembic import op

revision = "061"
down_revision = "060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE outgoing_mails
            ALTER COLUMN employee_id DROP NOT NULL,
            ADD COLUMN activity_id bigint,
            ADD COLUMN sender_name text,
            ADD COLUMN sender_email text,
            ADD COLUMN thread_token text,
            ADD COLUMN sent_at timestamptz,
            ADD COLUMN saved_as text,
            ADD CONSTRAINT fk_outgoing_mails_activity_id
                FOREIGN KEY (activity_id) REFERENCES activities (id) ON DELETE CASCADE,
            ADD CONSTRAINT uq_outgoing_mails_activity_id UNIQUE (activity_id),
            ADD CONSTRAINT uq_outgoing_mails_thread_token UNIQUE (thread_token),
            ADD CONSTRAINT ck_outgoing_mails_for_one_purpose CHECK (num_nonnulls(employee_id, activity_id) = 1),
            ADD CONSTRAINT ck_outgoing_mails_on_record_by_someone CHECK (
                activity_id IS NULL
                OR (sender_name IS NOT NULL AND sender_email IS NOT NULL AND thread_token IS NOT NULL)
            ),
            ADD CONSTRAINT ck_outgoing_mails_sent_or_failed CHECK (sent_at IS NULL OR failed_at IS NULL),
            ADD CONSTRAINT ck_outgoing_mails_sender_name_length CHECK (char_length(sender_name) <= 300),
            ADD CONSTRAINT ck_outgoing_mails_sender_email_length CHECK (char_length(sender_email) <= 254),
            ADD CONSTRAINT ck_outgoing_mails_thread_token_length CHECK (char_length(thread_token) <= 50),
            ADD CONSTRAINT ck_outgoing_mails_saved_as_length CHECK (char_length(saved_as) <= 300);
        DROP INDEX ix_outgoing_mails_due;
        CREATE INDEX ix_outgoing_mails_due ON outgoing_mails (next_attempt_at)
            WHERE failed_at IS NULL AND sent_at IS NULL;
    """)


def downgrade() -> None:
    op.execute("""
        DELETE FROM outgoing_mails WHERE employee_id IS NULL OR sent_at IS NOT NULL;
        DROP INDEX ix_outgoing_mails_due;
        CREATE INDEX ix_outgoing_mails_due ON outgoing_mails (next_attempt_at) WHERE failed_at IS NULL;
        ALTER TABLE outgoing_mails
            DROP CONSTRAINT ck_outgoing_mails_on_record_by_someone,
            DROP CONSTRAINT ck_outgoing_mails_for_one_purpose,
            DROP CONSTRAINT ck_outgoing_mails_sent_or_failed,
            DROP COLUMN activity_id,
            DROP COLUMN sender_name,
            DROP COLUMN sender_email,
            DROP COLUMN thread_token,
            DROP COLUMN sent_at,
            DROP COLUMN saved_as,
            ALTER COLUMN employee_id SET NOT NULL;
    """)
