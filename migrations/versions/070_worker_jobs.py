"""Keep how often the worker's jobs ran and failed, for the figures that every instance shows."""

from alembic import op

revision = "070"
down_revision = "069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE worker_jobs (
            name text NOT NULL,
            period_ms bigint NOT NULL,
            runs bigint NOT NULL,
            failures bigint NOT NULL,
            took_ms bigint NOT NULL,
            ran_at timestamptz NOT NULL,
            succeeded_at timestamptz,
            CONSTRAINT ck_worker_jobs_name_length CHECK (char_length(name) <= 50),
            CONSTRAINT pk_worker_jobs PRIMARY KEY (name)
        )
    """)


def downgrade() -> None:
    op.drop_table("worker_jobs")
