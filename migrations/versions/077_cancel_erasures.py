"""Let those who may erase cancel an erasure that has not begun: it stays in the list, with who canceled it and when."""

from alembic import op

revision = "077"
down_revision = "076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE erasures
            ADD canceled_at timestamptz,
            ADD canceled_by_id bigint,
            ADD CONSTRAINT fk_erasures_canceled_by_id FOREIGN KEY (canceled_by_id) REFERENCES employees (id)
                ON DELETE RESTRICT,
            ADD CONSTRAINT ck_erasures_canceled
                CHECK (num_nonnulls(canceled_at, canceled_by_id) = CASE state WHEN 'canceled' THEN 2 ELSE 0 END),
            DROP CONSTRAINT ck_erasures_state_known,
            ADD CONSTRAINT ck_erasures_state_known CHECK (state IN ('waiting', 'failed', 'done', 'canceled')),
            DROP CONSTRAINT ck_erasures_whom,
            ADD CONSTRAINT ck_erasures_whom CHECK (num_nonnulls(entity, record_id, mentions)
                = CASE state WHEN 'done' THEN 0 WHEN 'canceled' THEN 2 ELSE 3 END),
            DROP CONSTRAINT uq_erasures_entity_record_id;
        CREATE INDEX ix_erasures_canceled_by_id ON erasures (canceled_by_id);
        CREATE UNIQUE INDEX uq_erasures_open ON erasures (entity, record_id) WHERE state IN ('waiting', 'failed');
    """)


def downgrade() -> None:
    # Who was not erased needs no receipt.
    op.execute("""
        DELETE FROM erasures WHERE state = 'canceled';
        DROP INDEX uq_erasures_open;
        ALTER TABLE erasures
            DROP canceled_at, DROP canceled_by_id,
            DROP CONSTRAINT ck_erasures_state_known,
            ADD CONSTRAINT ck_erasures_state_known CHECK (state IN ('waiting', 'failed', 'done')),
            DROP CONSTRAINT ck_erasures_whom,
            ADD CONSTRAINT ck_erasures_whom
                CHECK (num_nonnulls(entity, record_id, mentions) = CASE state WHEN 'done' THEN 0 ELSE 3 END),
            ADD CONSTRAINT uq_erasures_entity_record_id UNIQUE (entity, record_id);
    """)
