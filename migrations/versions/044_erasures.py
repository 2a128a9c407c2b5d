"""
Let a person be erased, and keep a receipt.

History and conversions can lose what they hold of a person; nothing else of them can be altered.
"""

from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "044"
down_revision = "043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE erasures (
            id bigint GENERATED ALWAYS AS IDENTITY,
            records jsonb NOT NULL,
            counts jsonb NOT NULL,
            erased_at timestamptz DEFAULT now() NOT NULL,
            erased_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
            CONSTRAINT pk_erasures PRIMARY KEY (id),
            CONSTRAINT fk_erasures_erased_by_id FOREIGN KEY (erased_by_id) REFERENCES employees (id) ON DELETE RESTRICT
        );
    """)
    run_sql_files("044/*.sql")


def downgrade() -> None:
    run_sql_files("041/keep_conversion.sql")
    op.execute("""
        DROP TRIGGER keep ON changes;
        DROP TRIGGER keep_all ON changes;
        DROP FUNCTION crm_keep_changes();
        CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON changes FOR EACH STATEMENT
            EXECUTE FUNCTION crm_keep_history();
    """)
    op.execute("DROP FUNCTION crm_erased(jsonb, text[], text[])")
    op.drop_table("erasures")
