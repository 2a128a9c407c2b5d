CREATE TABLE bulk_edits (
    id bigint GENERATED ALWAYS AS IDENTITY,
    entity text NOT NULL,
    action text NOT NULL,
    values jsonb DEFAULT '{}' NOT NULL,
    place text NOT NULL,
    made_by_id bigint NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    applied_at timestamptz,
    undone_at timestamptz,
    undone_by_id bigint,
    CONSTRAINT pk_bulk_edits PRIMARY KEY (id),
    CONSTRAINT ck_bulk_edits_action_fits CHECK (entity = 'lead' OR action <> 'source'),
    CONSTRAINT ck_bulk_edits_undone_by_someone CHECK ((undone_at IS NULL) = (undone_by_id IS NULL)),
    CONSTRAINT ck_bulk_edits_applied_before_undone CHECK (undone_at IS NULL OR applied_at IS NOT NULL),
    CONSTRAINT ck_bulk_edits_entity_known CHECK (entity IN ('lead', 'customer')),
    CONSTRAINT ck_bulk_edits_action_known CHECK (action IN ('assign', 'status', 'source', 'trash')),
    CONSTRAINT ck_bulk_edits_place_length CHECK (char_length(place) <= 20000),
    CONSTRAINT fk_bulk_edits_made_by_id FOREIGN KEY(made_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_bulk_edits_undone_by_id FOREIGN KEY(undone_by_id) REFERENCES employees (id) ON DELETE RESTRICT
);

CREATE INDEX ix_bulk_edits_drafts ON bulk_edits (created_at) WHERE applied_at IS NULL;
CREATE INDEX ix_bulk_edits_maker ON bulk_edits (made_by_id, id);
CREATE INDEX ix_bulk_edits_undone_by_id ON bulk_edits (undone_by_id);
