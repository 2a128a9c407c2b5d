"""Receive emails, place them on records, and tell which of ours bounced."""

from alembic import op

revision = "072"
down_revision = "071"
branch_labels = None
depends_on = None

KINDS = "'assigned', 'mentioned', 'task_due', 'lead_won', 'imported', 'new_browser'"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE incoming_emails (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_incoming_emails PRIMARY KEY,
            message_id text NOT NULL CONSTRAINT ck_incoming_emails_message_id_length
                CHECK (char_length(message_id) <= 300),
            content_hash text NOT NULL CONSTRAINT ck_incoming_emails_content_hash_length
                CHECK (char_length(content_hash) <= 50),
            received_at timestamptz DEFAULT now() NOT NULL,
            sent_at timestamptz NOT NULL,
            kind text NOT NULL CONSTRAINT ck_incoming_emails_kind_known
                CHECK (kind IN ('personal', 'automatic', 'bounce')),
            state text NOT NULL CONSTRAINT ck_incoming_emails_state_known
                CHECK (state IN ('waiting', 'placed', 'ignored')),
            reason text NOT NULL CONSTRAINT ck_incoming_emails_reason_length CHECK (char_length(reason) <= 300),
            sender_name text NOT NULL CONSTRAINT ck_incoming_emails_sender_name_length
                CHECK (char_length(sender_name) <= 300),
            sender_email text NOT NULL CONSTRAINT ck_incoming_emails_sender_email_length
                CHECK (char_length(sender_email) <= 254),
            recipients text NOT NULL CONSTRAINT ck_incoming_emails_recipients_length
                CHECK (char_length(recipients) <= 20000),
            subject text NOT NULL CONSTRAINT ck_incoming_emails_subject_length CHECK (char_length(subject) <= 300),
            body text NOT NULL CONSTRAINT ck_incoming_emails_body_length CHECK (char_length(body) <= 200000),
            is_reply boolean DEFAULT false NOT NULL,
            employee_id bigint
                CONSTRAINT fk_incoming_emails_employee_id REFERENCES employees (id) ON DELETE RESTRICT,
            activity_id bigint,
            placed_at timestamptz,
            CONSTRAINT uq_incoming_emails_message UNIQUE (message_id, content_hash),
            CONSTRAINT ck_incoming_emails_placed_as_activity CHECK ((state = 'placed') = (activity_id IS NOT NULL)),
            CONSTRAINT ck_incoming_emails_placed_at_some_time CHECK ((state = 'placed') = (placed_at IS NOT NULL))
        );
        CREATE INDEX ix_incoming_emails_list ON incoming_emails (state, received_at, id);
        CREATE INDEX ix_incoming_emails_activity_id ON incoming_emails (activity_id) WHERE activity_id IS NOT NULL;
        CREATE INDEX ix_incoming_emails_placed_at ON incoming_emails (placed_at) WHERE placed_at IS NOT NULL;
        CREATE INDEX ix_incoming_emails_sender_email ON incoming_emails (sender_email);
        CREATE TABLE incoming_attachments (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_incoming_attachments PRIMARY KEY,
            email_id bigint NOT NULL
                CONSTRAINT fk_incoming_attachments_email_id REFERENCES incoming_emails (id) ON DELETE CASCADE,
            name text NOT NULL CONSTRAINT ck_incoming_attachments_name_length CHECK (char_length(name) <= 300),
            size bigint NOT NULL,
            left_out text CONSTRAINT ck_incoming_attachments_left_out_length CHECK (char_length(left_out) <= 300)
        );
        CREATE INDEX ix_incoming_attachments_email_id ON incoming_attachments (email_id);
        CREATE TABLE incoming_attachment_chunks (
            attachment_id bigint NOT NULL CONSTRAINT fk_incoming_attachment_chunks_attachment_id
                REFERENCES incoming_attachments (id) ON DELETE CASCADE,
            number integer NOT NULL,
            content bytea NOT NULL,
            CONSTRAINT pk_incoming_attachment_chunks PRIMARY KEY (attachment_id, number)
        );
        ALTER TABLE incoming_attachment_chunks ALTER content SET STORAGE EXTERNAL;
        CREATE TABLE mailbox_checks (
            id integer DEFAULT 1 CONSTRAINT pk_mailbox_checks PRIMARY KEY
                CONSTRAINT ck_mailbox_checks_one_row CHECK (id = 1),
            free_at timestamptz DEFAULT '-infinity' NOT NULL,
            read_at timestamptz,
            failed_at timestamptz,
            error text CONSTRAINT ck_mailbox_checks_error_length CHECK (char_length(error) <= 300)
        );
        INSERT INTO mailbox_checks DEFAULT VALUES;
        ALTER TABLE outgoing_mails ADD COLUMN bounced_at timestamptz;
    """)
    _allow(f"{KINDS}, 'email_received'")


def downgrade() -> None:
    op.execute("""
        DELETE FROM notifications WHERE kind = 'email_received';
        DELETE FROM notification_choices WHERE kind = 'email_received';
        ALTER TABLE outgoing_mails DROP COLUMN bounced_at;
        DROP TABLE mailbox_checks;
        DROP TABLE incoming_attachment_chunks;
        DROP TABLE incoming_attachments;
        DROP TABLE incoming_emails;
    """)
    _allow(KINDS)


def _allow(kinds: str) -> None:
    for table in ("notifications", "notification_choices"):
        name = f"ck_{table}_kind_known"
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (kind IN ({kinds})) NOT VALID"
        )
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
