CREATE TABLE bulk_items (
    bulk_edit_id bigint NOT NULL,
    record_id bigint NOT NULL,
    version_seen integer NOT NULL,
    before jsonb NOT NULL,
    outcome text DEFAULT 'pending' NOT NULL,
    reason text,
    version_after integer,
    undo_outcome text,
    undo_reason text,
    CONSTRAINT pk_bulk_items PRIMARY KEY (bulk_edit_id, record_id),
    CONSTRAINT ck_bulk_items_done_has_version CHECK ((outcome = 'done') = (version_after IS NOT NULL)),
    CONSTRAINT ck_bulk_items_others_have_reason CHECK ((outcome IN ('skipped', 'refused')) = (reason IS NOT NULL)),
    CONSTRAINT ck_bulk_items_only_done_is_undone CHECK (undo_outcome IS NULL OR outcome = 'done'),
    CONSTRAINT fk_bulk_items_bulk_edit_id FOREIGN KEY(bulk_edit_id) REFERENCES bulk_edits (id) ON DELETE RESTRICT,
    CONSTRAINT ck_bulk_items_outcome_known CHECK (outcome IN ('pending', 'done', 'skipped', 'refused')),
    CONSTRAINT ck_bulk_items_reason_length CHECK (char_length(reason) <= 20000),
    CONSTRAINT ck_bulk_items_undo_outcome_known CHECK (undo_outcome IN ('undone', 'left')),
    CONSTRAINT ck_bulk_items_undo_reason_length CHECK (char_length(undo_reason) <= 20000)
);

CREATE INDEX ix_bulk_items_outcome ON bulk_items (bulk_edit_id, outcome, record_id);
