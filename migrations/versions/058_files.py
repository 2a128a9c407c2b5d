"""Keep files on leads and customers, with history."""

from alembic import op

revision = "058"
down_revision = "057"
branch_labels = None
depends_on = None

ACTOR = "nullif(current_setting('crm.actor_id', true), '')::bigint"
NOT_RECORDED = "id,version,created_at,created_by_id,updated_at,updated_by_id"


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE files (
            id bigint GENERATED ALWAYS AS IDENTITY,
            lead_id bigint,
            customer_id bigint,
            name text NOT NULL,
            media_type text,
            size bigint NOT NULL,
            created_at timestamptz DEFAULT now() NOT NULL,
            updated_at timestamptz DEFAULT now() NOT NULL,
            version integer DEFAULT 1 NOT NULL,
            created_by_id bigint DEFAULT {ACTOR},
            updated_by_id bigint DEFAULT {ACTOR},
            deleted_at timestamptz,
            deleted_by_id bigint,
            CONSTRAINT pk_files PRIMARY KEY (id),
            CONSTRAINT ck_files_on_one_record CHECK (num_nonnulls(lead_id, customer_id) = 1),
            CONSTRAINT ck_files_has_name CHECK (btrim(name) <> ''),
            CONSTRAINT ck_files_name_length CHECK (char_length(name) <= 300),
            CONSTRAINT ck_files_media_type_known
                CHECK (media_type IN ('image/png', 'image/jpeg', 'image/gif', 'image/webp', 'application/pdf')),
            CONSTRAINT ck_files_trashed_by_someone CHECK ((deleted_at IS NULL) OR (deleted_by_id IS NOT NULL)),
            CONSTRAINT fk_files_lead_id FOREIGN KEY (lead_id) REFERENCES leads (id) ON DELETE RESTRICT,
            CONSTRAINT fk_files_customer_id FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE RESTRICT,
            CONSTRAINT fk_files_created_by_id FOREIGN KEY (created_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
            CONSTRAINT fk_files_updated_by_id FOREIGN KEY (updated_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
            CONSTRAINT fk_files_deleted_by_id FOREIGN KEY (deleted_by_id) REFERENCES employees (id) ON DELETE RESTRICT
        );
        CREATE INDEX ix_files_lead_id ON files (lead_id) WHERE lead_id IS NOT NULL;
        CREATE INDEX ix_files_customer_id ON files (customer_id) WHERE customer_id IS NOT NULL;
        CREATE INDEX ix_files_deleted_at ON files (deleted_at) WHERE deleted_at IS NOT NULL;
        CREATE INDEX ix_files_created_by_id ON files (created_by_id);
        CREATE INDEX ix_files_updated_by_id ON files (updated_by_id);
        CREATE INDEX ix_files_deleted_by_id ON files (deleted_by_id);
        CREATE TRIGGER set_audit_columns BEFORE UPDATE ON files
            FOR EACH ROW EXECUTE FUNCTION crm_set_audit_columns();
        CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON files
            FOR EACH STATEMENT EXECUTE FUNCTION crm_refuse_truncate();
        CREATE TABLE file_chunks (
            file_id bigint NOT NULL,
            number integer NOT NULL,
            content bytea NOT NULL,
            CONSTRAINT pk_file_chunks PRIMARY KEY (file_id, number),
            CONSTRAINT fk_file_chunks_file_id FOREIGN KEY (file_id) REFERENCES files (id) ON DELETE CASCADE
        );
        -- Most files are compressed already; trying it again takes time and saves nothing.
        ALTER TABLE file_chunks ALTER COLUMN content SET STORAGE EXTERNAL;
    """)
    tables = {
        "insert": "NEW TABLE AS new_rows",
        "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "delete": "OLD TABLE AS old_rows",
    }
    for event, rows in tables.items():
        op.execute(f"""
            CREATE TRIGGER record_{event} AFTER {event.upper()} ON files REFERENCING {rows}
                FOR EACH STATEMENT EXECUTE FUNCTION crm_record_change('file', '{NOT_RECORDED}')
        """)


def downgrade() -> None:
    op.drop_table("file_chunks")
    op.drop_table("files")
