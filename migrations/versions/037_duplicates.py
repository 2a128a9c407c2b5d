"""
Keep which records may be duplicates.

The worker compares all records that are there, and then those that change: it begins with the change feed where that
is now, so that what is there is not compared twice.
"""

import sqlalchemy as sa
from alembic import op

revision = "037"
down_revision = "036"
branch_labels = None
depends_on = None

KINDS = "IN ('lead', 'customer', 'contact')"


def upgrade() -> None:
    op.execute(f"""
        CREATE TABLE duplicate_keys (
            key bigint NOT NULL,
            record_id bigint NOT NULL,
            entity text NOT NULL CONSTRAINT ck_duplicate_keys_entity_known CHECK (entity {KINDS}),
            CONSTRAINT pk_duplicate_keys PRIMARY KEY (key, record_id, entity)
        );
        CREATE INDEX ix_duplicate_keys_record ON duplicate_keys (record_id, entity);
        CREATE TABLE duplicate_pairs (
            id bigint GENERATED ALWAYS AS IDENTITY,
            entity text NOT NULL CONSTRAINT ck_duplicate_pairs_entity_known CHECK (entity {KINDS}),
            record_id bigint NOT NULL,
            other_entity text NOT NULL CONSTRAINT ck_duplicate_pairs_other_entity_known CHECK (other_entity {KINDS}),
            other_id bigint NOT NULL,
            points integer NOT NULL,
            strength integer NOT NULL,
            reasons jsonb NOT NULL,
            group_id bigint,
            found_at timestamptz DEFAULT now() NOT NULL,
            dismissed_at timestamptz,
            dismissed_by_id bigint,
            CONSTRAINT pk_duplicate_pairs PRIMARY KEY (id),
            CONSTRAINT ck_duplicate_pairs_two_records CHECK ((entity, record_id) <> (other_entity, other_id)),
            CONSTRAINT ck_duplicate_pairs_strength_known CHECK (strength BETWEEN 1 AND 3),
            CONSTRAINT ck_duplicate_pairs_dismissed_has_no_group CHECK (dismissed_at IS NULL OR group_id IS NULL),
            CONSTRAINT fk_duplicate_pairs_dismissed_by_id FOREIGN KEY (dismissed_by_id) REFERENCES employees (id)
                ON DELETE RESTRICT
        );
        CREATE UNIQUE INDEX uq_duplicate_pairs_records
            ON duplicate_pairs (record_id, other_id, entity, other_entity);
        CREATE INDEX ix_duplicate_pairs_other ON duplicate_pairs (other_id, other_entity);
        CREATE INDEX ix_duplicate_pairs_group ON duplicate_pairs (group_id);
        CREATE INDEX ix_duplicate_pairs_strongest ON duplicate_pairs (points, id) WHERE id = group_id;
        CREATE TABLE duplicate_scan (
            id integer NOT NULL,
            entity text CONSTRAINT ck_duplicate_scan_entity_known CHECK (entity {KINDS}),
            record_id bigint DEFAULT 0 NOT NULL,
            xact xid8,
            change_id bigint,
            CONSTRAINT pk_duplicate_scan PRIMARY KEY (id),
            CONSTRAINT ck_duplicate_scan_one_row CHECK (id = 1)
        );
    """)
    begin = "SELECT 1, 'lead', (SELECT xact FROM changes ORDER BY changes.xact DESC, id DESC LIMIT 1), "
    begin += "(SELECT id FROM changes ORDER BY changes.xact DESC, id DESC LIMIT 1)"
    op.execute(sa.text(f"INSERT INTO duplicate_scan (id, entity, xact, change_id) {begin}"))


def downgrade() -> None:
    for table in ("duplicate_scan", "duplicate_pairs", "duplicate_keys"):
        op.drop_table(table)
