"""Keep templates of emails."""

from alembic import op

revision = "066"
down_revision = "065"
branch_labels = None
depends_on = None

ACTOR = "nullif(current_setting('crm.actor_id', true), '')::bigint"


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE mail_templates (
            id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_mail_templates PRIMARY KEY,
            name text NOT NULL CONSTRAINT ck_mail_templates_name_length CHECK (char_length(name) <= 300),
            subject text NOT NULL CONSTRAINT ck_mail_templates_subject_length CHECK (char_length(subject) <= 300),
            body text NOT NULL CONSTRAINT ck_mail_templates_body_length CHECK (char_length(body) <= 20000),
            created_at timestamptz DEFAULT now() NOT NULL,
            updated_at timestamptz DEFAULT now() NOT NULL,
            version integer DEFAULT 1 NOT NULL,
            created_by_id bigint DEFAULT {ACTOR}
                CONSTRAINT fk_mail_templates_created_by_id REFERENCES employees (id) ON DELETE RESTRICT,
            updated_by_id bigint DEFAULT {ACTOR}
                CONSTRAINT fk_mail_templates_updated_by_id REFERENCES employees (id) ON DELETE RESTRICT
        );
        CREATE INDEX ix_mail_templates_created_by_id ON mail_templates (created_by_id);
        CREATE INDEX ix_mail_templates_updated_by_id ON mail_templates (updated_by_id);
        CREATE TRIGGER set_audit_columns BEFORE UPDATE ON mail_templates
            FOR EACH ROW EXECUTE FUNCTION crm_set_audit_columns();
    """)


def downgrade() -> None:
    op.drop_table("mail_templates")
