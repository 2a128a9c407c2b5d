"""
Let a person be erased from texts about others, from names of sources, and from the receipts of bulk edits.

History can say of each side of a change that it was erased, and not only of both.
"""

from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "049"
down_revision = "048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_sql_files("049/*.sql")


def downgrade() -> None:
    run_sql_files("028/functions/crm_keep_bulk_edit.sql", "028/functions/crm_keep_bulk_item.sql")
    op.execute("""
        DROP TRIGGER keep ON lead_status_history;
        DROP TRIGGER keep_all ON lead_status_history;
        CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON lead_status_history FOR EACH STATEMENT
            EXECUTE FUNCTION crm_keep_history();
        DROP FUNCTION crm_keep_status_history();
    """)
    op.execute("DROP FUNCTION crm_erased_texts(jsonb, text[], text)")
    op.execute("""
        CREATE OR REPLACE FUNCTION crm_keep_changes() RETURNS trigger
        LANGUAGE plpgsql
        SET search_path = pg_catalog, public, pg_temp
        AS $$
        BEGIN
            -- A person can be erased from history: values go, or say so; nothing can be put in their place.
            IF to_jsonb(NEW) - 'fields' = to_jsonb(OLD) - 'fields' AND NOT EXISTS (
                SELECT FROM jsonb_each(NEW.fields) f WHERE f.value IS DISTINCT FROM OLD.fields -> f.key
                    AND f.value IS DISTINCT FROM
                        crm_erased(jsonb_build_object(f.key, OLD.fields -> f.key), ARRAY[f.key], '{}') -> f.key
            ) THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'history is never altered' USING ERRCODE = 'restrict_violation';
        END
        $$
    """)
