"""Activities, and the ledger of conversions, of which only the undo is ever written later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "003"
down_revision = "002"
branch_labels = None
depends_on = None


LEDGER = """
CREATE FUNCTION crm_keep_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.undone_at IS NULL AND to_jsonb(NEW) - '{undone_at,undone_by_id}'::text[]
            = to_jsonb(OLD) - '{undone_at,undone_by_id}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the ledger of conversions is never altered' USING ERRCODE = 'restrict_violation';
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "activities",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_by_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint"),
            nullable=True,
        ),
        sa.Column(
            "updated_by_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint"),
            nullable=True,
        ),
        sa.CheckConstraint("due_on BETWEEN '1900-01-01' AND '2199-12-31'", name=op.f("ck_activities_due_on_sane")),
        sa.CheckConstraint("btrim(subject) <> ''", name=op.f("ck_activities_has_subject")),
        sa.CheckConstraint(
            "kind = 'task' OR (due_on IS NULL AND done_at IS NULL AND assignee_id IS NULL)",
            name=op.f("ck_activities_only_tasks_due"),
        ),
        sa.CheckConstraint(
            "kind IN ('note', 'call', 'meeting', 'email', 'task')", name=op.f("ck_activities_kind_known")
        ),
        sa.CheckConstraint("char_length(body) <= 20000", name=op.f("ck_activities_body_length")),
        sa.CheckConstraint("char_length(subject) <= 300", name=op.f("ck_activities_subject_length")),
        sa.CheckConstraint("num_nonnulls(lead_id, customer_id) = 1", name=op.f("ck_activities_on_one_record")),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["employees.id"], name=op.f("fk_activities_assignee_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["employees.id"], name=op.f("fk_activities_created_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_activities_customer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_activities_lead_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["employees.id"], name=op.f("fk_activities_updated_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
    )
    op.create_index(op.f("ix_activities_assignee_id"), "activities", ["assignee_id"])
    op.create_index(op.f("ix_activities_created_by_id"), "activities", ["created_by_id"])
    op.create_index("ix_activities_customer_happened", "activities", ["customer_id", "happened_at", "id"])
    op.create_index("ix_activities_lead_happened", "activities", ["lead_id", "happened_at", "id"])
    op.create_index(
        "ix_activities_open_tasks",
        "activities",
        ["assignee_id", "due_on"],
        postgresql_where=sa.text("kind = 'task' AND done_at IS NULL"),
    )
    op.create_index(op.f("ix_activities_updated_by_id"), "activities", ["updated_by_id"])
    op.create_table(
        "conversions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("lead_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("filled", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("converted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column(
            "converted_by_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint"),
            nullable=True,
        ),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('created', 'linked')", name=op.f("ck_conversions_kind_known")),
        sa.CheckConstraint(
            "(undone_at IS NULL) OR (undone_by_id IS NOT NULL)", name=op.f("ck_conversions_undone_by_someone")
        ),
        sa.ForeignKeyConstraint(
            ["converted_by_id"], ["employees.id"], name=op.f("fk_conversions_converted_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_conversions_customer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_conversions_lead_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["undone_by_id"], ["employees.id"], name=op.f("fk_conversions_undone_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversions")),
    )
    op.create_index(op.f("ix_conversions_converted_by_id"), "conversions", ["converted_by_id"])
    op.create_index(op.f("ix_conversions_customer_id"), "conversions", ["customer_id"])
    op.create_index(op.f("ix_conversions_lead_id"), "conversions", ["lead_id"])
    op.create_index(op.f("ix_conversions_undone_by_id"), "conversions", ["undone_by_id"])
    op.create_index(
        "uq_conversions_standing",
        "conversions",
        ["lead_id"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    # ### end Alembic commands ###
    op.execute("CREATE TRIGGER touch BEFORE UPDATE ON activities FOR EACH ROW EXECUTE FUNCTION crm_touch()")
    op.execute(LEDGER)
    op.execute(
        "CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON conversions FOR EACH ROW EXECUTE FUNCTION crm_keep_ledger()"
    )
    op.execute(
        "CREATE TRIGGER keep_all BEFORE TRUNCATE ON conversions FOR EACH STATEMENT EXECUTE FUNCTION crm_keep_ledger()"
    )


def downgrade() -> None:
    op.drop_table("conversions")
    op.drop_table("activities")
    op.execute("DROP FUNCTION crm_keep_ledger")
