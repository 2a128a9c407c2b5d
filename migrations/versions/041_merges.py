"""
Let records be merged, and keep what is needed to take that back.

A merged record stays in the trash and says into which one it was merged. Customers that are merged take their
conversions along, so that several won leads may have the one that stays.
"""

from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "041"
down_revision = "040"
branch_labels = None
depends_on = None

TABLES = ("leads", "customers", "contacts")


def upgrade() -> None:
    for table in TABLES:
        op.execute(f"""
            ALTER TABLE {table}
            ADD COLUMN merged_into_id bigint,
            ADD CONSTRAINT fk_{table}_merged_into_id FOREIGN KEY (merged_into_id) REFERENCES {table} (id)
                ON DELETE RESTRICT,
            ADD CONSTRAINT ck_{table}_merged_is_in_trash CHECK (merged_into_id IS NULL OR deleted_at IS NOT NULL),
            ADD CONSTRAINT ck_{table}_not_merged_into_itself CHECK (merged_into_id <> id);
            CREATE INDEX ix_{table}_merged_into_id ON {table} (merged_into_id) WHERE merged_into_id IS NOT NULL;
        """)
    op.execute("""
        CREATE TABLE record_merges (
            id bigint GENERATED ALWAYS AS IDENTITY,
            entity text NOT NULL
                CONSTRAINT ck_record_merges_entity_known CHECK (entity IN ('lead', 'customer', 'contact')),
            kept_id bigint NOT NULL,
            details jsonb NOT NULL,
            merged_at timestamptz DEFAULT now() NOT NULL,
            merged_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
            undone_at timestamptz,
            undone_by_id bigint,
            CONSTRAINT pk_record_merges PRIMARY KEY (id),
            CONSTRAINT ck_record_merges_undone_by_someone CHECK ((undone_at IS NULL) = (undone_by_id IS NULL)),
            CONSTRAINT fk_record_merges_merged_by_id FOREIGN KEY (merged_by_id) REFERENCES employees (id)
                ON DELETE RESTRICT,
            CONSTRAINT fk_record_merges_undone_by_id FOREIGN KEY (undone_by_id) REFERENCES employees (id)
                ON DELETE RESTRICT
        );
        CREATE INDEX ix_record_merges_kept ON record_merges (kept_id, entity);
    """)
    run_sql_files("041/*.sql")


def downgrade() -> None:
    run_sql_files("036/keep_conversion.sql")
    op.drop_table("record_merges")
    for table in TABLES:
        op.drop_column(table, "merged_into_id")
