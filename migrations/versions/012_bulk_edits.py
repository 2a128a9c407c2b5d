"""Bulk edits: which records were meant, and what became of each; a receipt is never altered, only undone once."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "012"
down_revision = "011"
branch_labels = None
depends_on = None

KEEP_EDIT = """
CREATE FUNCTION crm_keep_bulk_edit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.undone_at IS NULL AND to_jsonb(NEW) - '{undone_at,undone_by_id}'::text[]
            = to_jsonb(OLD) - '{undone_at,undone_by_id}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the receipt of a bulk edit is never altered' USING ERRCODE = 'restrict_violation';
END
$$
"""

KEEP_ITEM = """
CREATE FUNCTION crm_keep_bulk_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.undo_outcome IS NULL AND to_jsonb(NEW) - '{undo_outcome,undo_reason}'::text[]
            = to_jsonb(OLD) - '{undo_outcome,undo_reason}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the receipt of a bulk edit is never altered' USING ERRCODE = 'restrict_violation';
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "bulk_edits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("values", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("made_by_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "action IN ('assign', 'status', 'source', 'trash')", name=op.f("ck_bulk_edits_action_known")
        ),
        sa.CheckConstraint("char_length(place) <= 20000", name=op.f("ck_bulk_edits_place_length")),
        sa.CheckConstraint("entity = 'lead' OR action <> 'source'", name=op.f("ck_bulk_edits_action_fits")),
        sa.CheckConstraint("entity IN ('lead', 'customer')", name=op.f("ck_bulk_edits_entity_known")),
        sa.CheckConstraint(
            "(undone_at IS NULL) = (undone_by_id IS NULL)", name=op.f("ck_bulk_edits_undone_by_someone")
        ),
        sa.CheckConstraint(
            "undone_at IS NULL OR applied_at IS NOT NULL", name=op.f("ck_bulk_edits_applied_before_undone")
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["employees.id"], name=op.f("fk_bulk_edits_made_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["undone_by_id"], ["employees.id"], name=op.f("fk_bulk_edits_undone_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_edits")),
    )
    op.create_index("ix_bulk_edits_maker", "bulk_edits", ["made_by_id", "id"])
    op.create_index(
        "ix_bulk_edits_drafts", "bulk_edits", ["created_at"], postgresql_where=sa.text("applied_at IS NULL")
    )
    op.create_index(op.f("ix_bulk_edits_undone_by_id"), "bulk_edits", ["undone_by_id"])
    op.create_table(
        "bulk_items",
        sa.Column("bulk_edit_id", sa.BigInteger(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version_seen", sa.Integer(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("outcome", sa.Text(), server_default="pending", nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("version_after", sa.Integer(), nullable=True),
        sa.Column("undo_outcome", sa.Text(), nullable=True),
        sa.Column("undo_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(outcome = 'done') = (version_after IS NOT NULL)", name=op.f("ck_bulk_items_done_has_version")
        ),
        sa.CheckConstraint(
            "(outcome IN ('skipped', 'refused')) = (reason IS NOT NULL)", name=op.f("ck_bulk_items_others_have_reason")
        ),
        sa.CheckConstraint("char_length(reason) <= 20000", name=op.f("ck_bulk_items_reason_length")),
        sa.CheckConstraint("char_length(undo_reason) <= 20000", name=op.f("ck_bulk_items_undo_reason_length")),
        sa.CheckConstraint(
            "outcome IN ('pending', 'done', 'skipped', 'refused')", name=op.f("ck_bulk_items_outcome_known")
        ),
        sa.CheckConstraint("undo_outcome IS NULL OR outcome = 'done'", name=op.f("ck_bulk_items_only_done_is_undone")),
        sa.CheckConstraint("undo_outcome IN ('undone', 'left')", name=op.f("ck_bulk_items_undo_outcome_known")),
        sa.ForeignKeyConstraint(
            ["bulk_edit_id"], ["bulk_edits.id"], name=op.f("fk_bulk_items_bulk_edit_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("bulk_edit_id", "record_id", name=op.f("pk_bulk_items")),
    )
    op.create_index("ix_bulk_items_outcome", "bulk_items", ["bulk_edit_id", "outcome", "record_id"])
    op.execute(KEEP_EDIT)
    op.execute(KEEP_ITEM)
    for table, is_kept in (("bulk_edit", "OLD.applied_at IS NOT NULL"), ("bulk_item", "OLD.outcome <> 'pending'")):
        op.execute(
            f"CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON {table}s FOR EACH ROW WHEN ({is_kept})"
            f" EXECUTE FUNCTION crm_keep_{table}()"
        )
        op.execute(
            f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}s FOR EACH STATEMENT"
            " EXECUTE FUNCTION crm_refuse_truncate()"
        )


def downgrade() -> None:
    op.drop_table("bulk_items")
    op.drop_table("bulk_edits")
    op.execute("DROP FUNCTION crm_keep_bulk_edit, crm_keep_bulk_item")
