"""Let the worker erase people: until it is done, a receipt says whom, how far it is, and why it failed."""

from alembic import op

revision = "075"
down_revision = "074"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The release before writes receipts of what is done, and knows no other ones.
    op.execute("""
        ALTER TABLE erasures
            ALTER erased_at DROP NOT NULL,
            ADD state text DEFAULT 'done' NOT NULL,
            ADD entity text,
            ADD record_id bigint,
            ADD mentions jsonb,
            ADD problem text,
            ADD searched bigint DEFAULT 0 NOT NULL,
            ADD to_search bigint DEFAULT 0 NOT NULL,
            ADD attempts integer DEFAULT 0 NOT NULL,
            ADD seen_at timestamptz,
            ADD CONSTRAINT ck_erasures_state_known CHECK (state IN ('waiting', 'failed', 'done')),
            ADD CONSTRAINT ck_erasures_entity_known CHECK (entity IN ('lead', 'customer', 'contact')),
            ADD CONSTRAINT ck_erasures_problem_length CHECK (char_length(problem) <= 300),
            ADD CONSTRAINT ck_erasures_erased_at CHECK ((state = 'done') = (erased_at IS NOT NULL)),
            ADD CONSTRAINT ck_erasures_whom
                CHECK (num_nonnulls(entity, record_id, mentions) = CASE state WHEN 'done' THEN 0 ELSE 3 END),
            ADD CONSTRAINT ck_erasures_problem CHECK ((state = 'failed') = (problem IS NOT NULL)),
            ADD CONSTRAINT uq_erasures_entity_record_id UNIQUE (entity, record_id);
        CREATE INDEX ix_erasures_due ON erasures (id) WHERE state = 'waiting';
    """)


def downgrade() -> None:
    # Nobody is erased of whom that only was asked.
    op.execute("""
        DELETE FROM erasures WHERE state <> 'done';
        DROP INDEX ix_erasures_due;
        ALTER TABLE erasures
            DROP state, DROP entity, DROP record_id, DROP mentions, DROP problem, DROP searched, DROP to_search,
            DROP attempts, DROP seen_at,
            ALTER erased_at SET NOT NULL;
    """)
