"""Let files be objects in a bucket; each is known here before it is uploaded, and until it is deleted there."""

from alembic import op

revision = "069"
down_revision = "068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE file_objects (
            key uuid NOT NULL,
            file_id bigint,
            sha256 bytea,
            expires_at timestamptz NOT NULL,
            CONSTRAINT pk_file_objects PRIMARY KEY (key),
            CONSTRAINT ck_file_objects_hash_known CHECK ((file_id IS NULL) OR (sha256 IS NOT NULL)),
            CONSTRAINT fk_file_objects_file_id FOREIGN KEY (file_id) REFERENCES files (id) ON DELETE SET NULL
        );
        CREATE UNIQUE INDEX uq_file_objects_file_id ON file_objects (file_id);
        CREATE INDEX ix_file_objects_expires_at ON file_objects (expires_at) WHERE file_id IS NULL;
    """)


def downgrade() -> None:
    # Files whose content is in the bucket would be lost with the table that says where.
    op.execute("""
        DO $$ BEGIN
            IF EXISTS (SELECT FROM file_objects WHERE file_id IS NOT NULL) THEN
                RAISE 'Run `flask files move --to database` first: files are in a bucket.';
            END IF;
        END $$;
        DROP TABLE file_objects;
    """)
