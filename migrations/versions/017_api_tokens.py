"""Tokens with which other programs use the API, and how often each was used in the present minute."""

import sqlalchemy as sa
from alembic import op

revision = "017"
down_revision = "016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("employee_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("secret_end", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_api_tokens_is_named")),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_api_tokens_expires_later")),
        sa.CheckConstraint(
            "(revoked_at IS NULL) OR (revoked_by_id IS NOT NULL)", name=op.f("ck_api_tokens_revoked_by_someone")
        ),
        sa.CheckConstraint("char_length(name) <= 300", name=op.f("ck_api_tokens_name_length")),
        sa.CheckConstraint("char_length(secret_end) <= 50", name=op.f("ck_api_tokens_secret_end_length")),
        sa.CheckConstraint("scope IN ('read', 'write')", name=op.f("ck_api_tokens_scope_known")),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_api_tokens_employee_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["revoked_by_id"], ["employees.id"], name=op.f("fk_api_tokens_revoked_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_tokens_secret_hash")),
    )
    op.create_index("ix_api_tokens_employee_id", "api_tokens", ["employee_id", "id"])
    op.create_index(op.f("ix_api_tokens_revoked_by_id"), "api_tokens", ["revoked_by_id"])
    op.create_table(
        "api_uses",
        sa.Column("token_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("requests", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["token_id"], ["api_tokens.id"], name=op.f("fk_api_uses_token_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_api_uses")),
        # What a crash forgets here is a minute's count.
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("api_uses")
    op.drop_table("api_tokens")
