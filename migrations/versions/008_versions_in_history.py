"""History also says which version a change made, so that a form knows what was saved since it was opened."""

import sqlalchemy as sa
from alembic import op

revision = "008"
down_revision = "007"
branch_labels = None
depends_on = None

RECORD = """
CREATE OR REPLACE FUNCTION crm_record_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    left_out text[] := string_to_array(TG_ARGV[1], ',');
    actor bigint := nullif(current_setting('crm.actor_id', true), '')::bigint;
    door text := coalesce(nullif(current_setting('crm.door', true), ''), 'sql');
    request text := nullif(current_setting('crm.request_id', true), '');
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO changes (entity, entity_id, action, fields, actor_id, door, request_id{column})
        SELECT TG_ARGV[0], n.id, 'created',
            (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(NULL, f.value)), '{{}}')
             FROM jsonb_each(jsonb_strip_nulls(to_jsonb(n) - left_out)) f),
            actor, door, request{new_version}
        FROM new_rows n ORDER BY n.id;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO changes (entity, entity_id, action, fields, actor_id, door, request_id{column})
        SELECT TG_ARGV[0], o.id, 'deleted',
            (SELECT coalesce(jsonb_object_agg(f.key, jsonb_build_array(f.value, NULL)), '{{}}')
             FROM jsonb_each(jsonb_strip_nulls(to_jsonb(o) - left_out)) f),
            actor, door, request{old_version}
        FROM old_rows o ORDER BY o.id;
    ELSE
        INSERT INTO changes (entity, entity_id, action, fields, actor_id, door, request_id{column})
        SELECT TG_ARGV[0], d.id, 'changed', d.fields, actor, door, request{changed_version}
        FROM (
            SELECT n.id, n.version, (
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


def upgrade() -> None:
    op.add_column("changes", sa.Column("version", sa.Integer(), nullable=True))
    op.execute(
        RECORD.format(
            column=", version", new_version=", n.version", old_version=", o.version", changed_version=", d.version"
        )
    )


def downgrade() -> None:
    op.execute(RECORD.format(column="", new_version="", old_version="", changed_version=""))
    op.drop_column("changes", "version")
