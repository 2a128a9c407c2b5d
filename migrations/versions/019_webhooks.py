"""Other programs are told what changes: their addresses, each with its place in the feed, and what each was told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from crm_web.models.change import TransactionId

revision = "019"
down_revision = "018"
branch_labels = None
depends_on = None

ACTOR = sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint")

# Only what a person settles counts as a change of the webhook; its place in the feed moves all the time.
TOUCH = (
    "CREATE TRIGGER touch BEFORE UPDATE OF url, description, events, secret, paused_at, removed_at ON webhooks"
    " FOR EACH ROW EXECUTE FUNCTION crm_touch()"
)


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("events", postgresql.JSONB(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_because", sa.Text(), nullable=True),
        sa.Column("first_failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "mark_xact",
            TransactionId(),
            server_default=sa.text("crm_settled_before()"),
            nullable=False,
        ),
        sa.Column("mark_change_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_by_id", sa.BigInteger(), server_default=ACTOR, nullable=True),
        sa.Column("updated_by_id", sa.BigInteger(), server_default=ACTOR, nullable=True),
        sa.CheckConstraint("jsonb_array_length(events) BETWEEN 1 AND 50", name=op.f("ck_webhooks_has_events")),
        sa.CheckConstraint(
            "(paused_at IS NULL) = (paused_because IS NULL)", name=op.f("ck_webhooks_paused_for_a_reason")
        ),
        sa.CheckConstraint("char_length(url) <= 500", name=op.f("ck_webhooks_url_length")),
        sa.CheckConstraint("char_length(description) <= 300", name=op.f("ck_webhooks_description_length")),
        sa.CheckConstraint(
            "paused_because IN ('person', 'failing', 'gone')", name=op.f("ck_webhooks_paused_because_known")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["employees.id"], name=op.f("fk_webhooks_created_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["employees.id"], name=op.f("fk_webhooks_updated_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_index(op.f("ix_webhooks_created_by_id"), "webhooks", ["created_by_id"])
    op.create_index(op.f("ix_webhooks_updated_by_id"), "webhooks", ["updated_by_id"])
    op.execute(TOUCH)
    _create_deliveries()


def _create_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=True),
        sa.Column("lease_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("took_ms", sa.Integer(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'waiting') = (next_try_at IS NOT NULL)", name=op.f("ck_webhook_deliveries_tried_while_waiting")
        ),
        sa.CheckConstraint(
            "lease_ends_at IS NULL OR state = 'waiting'", name=op.f("ck_webhook_deliveries_sent_while_waiting")
        ),
        sa.CheckConstraint("char_length(event) <= 50", name=op.f("ck_webhook_deliveries_event_length")),
        sa.CheckConstraint("char_length(error) <= 300", name=op.f("ck_webhook_deliveries_error_length")),
        sa.CheckConstraint(
            "state IN ('waiting', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_state_known")
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name=op.f("fk_webhook_deliveries_webhook_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["change_id"], ["changes.id"], name=op.f("fk_webhook_deliveries_change_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("change_id", "webhook_id", name=op.f("uq_webhook_deliveries_change_id_webhook_id")),
    )
    op.create_index("ix_webhook_deliveries_log", "webhook_deliveries", ["webhook_id", "id"])
    op.create_index(
        "ix_webhook_deliveries_due",
        "webhook_deliveries",
        ["webhook_id", "next_try_at", "id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])


def downgrade() -> None:
    op.drop_table("webhook_deliveries")
    op.drop_table("webhooks")
