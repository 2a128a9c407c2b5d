"""Keep the other people in From, and those in Reply-To, of emails that come in."""

from alembic import op

revision = "079"
down_revision = "078"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Releases before this one write neither.
    op.execute("""
        ALTER TABLE incoming_emails
            ADD co_senders text DEFAULT '' NOT NULL,
            ADD reply_to text DEFAULT '' NOT NULL,
            ADD CONSTRAINT ck_incoming_emails_co_senders_length CHECK (char_length(co_senders) <= 20000),
            ADD CONSTRAINT ck_incoming_emails_reply_to_length CHECK (char_length(reply_to) <= 20000)
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE incoming_emails DROP co_senders, DROP reply_to")
