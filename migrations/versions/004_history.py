"""History: a trigger on each table notes who changed which field from what to what; it is only added to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "004"
down_revision = "003"
branch_labels = None
depends_on = None


TABLES = {
    "employees": "employee",
    "leads": "lead",
    "customers": "customer",
    "contacts": "contact",
    "activities": "activity",
}

# Columns that follow from others, or that no history may hold (password_hash).
LEFT_OUT = (
    "id,version,created_at,created_by_id,updated_at,updated_by_id,sort_name,search_text,email_normalised,"
    "phone_e164,mobile_e164,password_hash,number,status_changed_at"
)

# The name of these is put together from other columns.
NAME_FOLLOWS = ("lead", "contact")

RECORD = """
CREATE FUNCTION crm_record_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    left_out text[] := string_to_array(TG_ARGV[1], ',');
    actor bigint := nullif(current_setting('crm.actor_id', true), '')::bigint;
    door text := coalesce(nullif(current_setting('crm.door', true), ''), 'sql');
    request text := nullif(current_setting('crm.request_id', true), '');
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO changes (entity, entity_id, action, fields, actor_id, door, request_id)
        SELECT TG_ARGV[0], n.id, 'created',
            (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(NULL, f.value)), '{}')
             FROM jsonb_each(jsonb_strip_nulls(to_jsonb(n) - left_out)) f),
            actor, door, request
        FROM new_rows n ORDER BY n.id;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO changes (entity, entity_id, action, fields, actor_id, door, request_id)
        SELECT TG_ARGV[0], o.id, 'deleted',
            (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(f.value, NULL)), '{}')
             FROM jsonb_each(jsonb_strip_nulls(to_jsonb(o) - left_out)) f),
            actor, door, request
        FROM old_rows o ORDER BY o.id;
    ELSE
        INSERT INTO changes (entity, entity_id, action, fields, actor_id, door, request_id)
        SELECT TG_ARGV[0], d.id, 'changed', d.fields, actor, door, request
        FROM (
            SELECT n.id, (
                SELECT jsonb_object_agg(after.key, jsonb_build_array(before.value, after.value))
                FROM jsonb_each(to_jsonb(n) - left_out) after
                JOIN jsonb_each(to_jsonb(o) - left_out) before USING (key)
                WHERE before.value IS DISTINCT FROM after.value
            ) AS fields
            FROM old_rows o JOIN new_rows n USING (id)
        ) d
        WHERE d.fields IS NOT NULL ORDER BY d.id;
    END IF;
    RETURN NULL;
END
$$
"""

KEEP = """
CREATE FUNCTION crm_keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'history is never altered' USING ERRCODE = 'restrict_violation';
END
$$
"""

REFUSE_TRUNCATE = """
CREATE FUNCTION crm_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'emptying % at once would leave no history', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entity", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.CheckConstraint("action IN ('created', 'changed', 'deleted')", name=op.f("ck_changes_action_known")),
        sa.CheckConstraint(
            "door IN ('web', 'api', 'import', 'bulk', 'command', 'sql')", name=op.f("ck_changes_door_known")
        ),
        sa.CheckConstraint("char_length(entity) <= 50", name=op.f("ck_changes_entity_length")),
        sa.ForeignKeyConstraint(["actor_id"], ["employees.id"], name=op.f("fk_changes_actor_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_index("ix_changes_actor", "changes", ["actor_id", "id"])
    op.create_index("ix_changes_at", "changes", ["at", "id"])
    op.create_index("ix_changes_record", "changes", ["entity", "entity_id", "id"])
    for function in (RECORD, KEEP, REFUSE_TRUNCATE):
        op.execute(function)
    op.execute(
        "CREATE TRIGGER keep BEFORE UPDATE OR DELETE ON changes FOR EACH ROW EXECUTE FUNCTION crm_keep_history()"
    )
    op.execute(
        "CREATE TRIGGER keep_all BEFORE TRUNCATE ON changes FOR EACH STATEMENT EXECUTE FUNCTION crm_keep_history()"
    )
    for table, entity in TABLES.items():
        record(table, entity)


def record(table: str, entity: str) -> None:
    """Note every insert, update and delete on a table; once a statement, so that COPY stays quick."""
    rows = {"INSERT": "NEW TABLE AS new_rows", "UPDATE": "OLD TABLE AS old_rows NEW TABLE AS new_rows"}
    rows["DELETE"] = "OLD TABLE AS old_rows"
    left_out = f"{LEFT_OUT},name" if entity in NAME_FOLLOWS else LEFT_OUT
    for event, tables in rows.items():
        op.execute(
            f"CREATE TRIGGER record_{event.lower()} AFTER {event} ON {table} REFERENCING {tables} FOR EACH STATEMENT"
            f" EXECUTE FUNCTION crm_record_change('{entity}', '{left_out}')"
        )
    op.execute(
        f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
        " EXECUTE FUNCTION crm_refuse_truncate()"
    )


def downgrade() -> None:
    for table in TABLES:
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER record_{event} ON {table}")
        op.execute(f"DROP TRIGGER refuse_truncate ON {table}")
    op.drop_table("changes")
    op.execute("DROP FUNCTION crm_record_change, crm_keep_history, crm_refuse_truncate")
