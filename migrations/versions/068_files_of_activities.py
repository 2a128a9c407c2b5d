"""Let activities have files; each stays on the record of its activity."""

from alembic import op

revision = "068"
down_revision = "067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE files ADD activity_id bigint
            CONSTRAINT fk_files_activity_id REFERENCES activities (id) ON DELETE SET NULL;
        CREATE INDEX ix_files_activity_id ON files (activity_id) WHERE activity_id IS NOT NULL;
        CREATE FUNCTION crm_move_files() RETURNS trigger LANGUAGE plpgsql
        SET search_path = pg_catalog, public, pg_temp AS $$
        BEGIN
            UPDATE files SET lead_id = NEW.lead_id, customer_id = NEW.customer_id WHERE activity_id = NEW.id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER move_files AFTER UPDATE OF lead_id, customer_id ON activities FOR EACH ROW
            WHEN ((OLD.lead_id, OLD.customer_id) IS DISTINCT FROM (NEW.lead_id, NEW.customer_id))
            EXECUTE FUNCTION crm_move_files();
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER move_files ON activities; DROP FUNCTION crm_move_files()")
    op.drop_column("files", "activity_id")
