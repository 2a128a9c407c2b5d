CREATE TABLE imports (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_imports PRIMARY KEY,
    filename text NOT NULL,
    size bigint NOT NULL,
    state text NOT NULL DEFAULT 'draft',
    options jsonb NOT NULL,
    report jsonb,
    problem text,
    header_hash bytea,
    made_by_id bigint NOT NULL
        CONSTRAINT fk_imports_made_by_id REFERENCES employees ON DELETE RESTRICT,
    created_at timestamptz NOT NULL DEFAULT now(),
    file_deleted_at timestamptz,
    imported_at timestamptz,
    xact xid8,
    undone_at timestamptz,
    undone_by_id bigint
        CONSTRAINT fk_imports_undone_by_id REFERENCES employees ON DELETE RESTRICT,
    CONSTRAINT ck_imports_filename_length CHECK (char_length(filename) <= 300),
    CONSTRAINT ck_imports_problem_length CHECK (char_length(problem) <= 20000),
    CONSTRAINT ck_imports_state_known
        CHECK (state IN ('draft', 'checking', 'checked', 'importing', 'imported', 'undoing', 'undone')),
    CONSTRAINT ck_imports_imported_at
        CHECK ((state IN ('imported', 'undoing', 'undone')) = (imported_at IS NOT NULL)),
    CONSTRAINT ck_imports_undone_at CHECK ((state = 'undone') = (undone_at IS NOT NULL))
);
CREATE INDEX ix_imports_due ON imports (id) WHERE state IN ('checking', 'importing', 'undoing');
CREATE INDEX ix_imports_header_hash ON imports (header_hash, id) WHERE imported_at IS NOT NULL;
CREATE INDEX ix_imports_files ON imports (created_at) WHERE file_deleted_at IS NULL;

CREATE TABLE import_chunks (
    import_id bigint NOT NULL CONSTRAINT fk_import_chunks_import_id REFERENCES imports ON DELETE RESTRICT,
    number integer NOT NULL,
    content bytea NOT NULL,
    CONSTRAINT pk_import_chunks PRIMARY KEY (import_id, number)
);
-- Compression would take longer than the rest of an upload, for a file that is kept for some days.
ALTER TABLE import_chunks ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE import_progress (
    import_id bigint NOT NULL CONSTRAINT pk_import_progress PRIMARY KEY
        CONSTRAINT fk_import_progress_import_id REFERENCES imports ON DELETE RESTRICT,
    stage text NOT NULL DEFAULT '',
    done bigint NOT NULL DEFAULT 0,
    total bigint NOT NULL DEFAULT 0,
    rows bigint NOT NULL DEFAULT 0,
    requested_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    seen_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    is_cancelled boolean NOT NULL DEFAULT false,
    CONSTRAINT ck_import_progress_stage_length CHECK (char_length(stage) <= 50)
);

CREATE TABLE import_results (
    import_id bigint NOT NULL CONSTRAINT fk_import_results_import_id REFERENCES imports ON DELETE RESTRICT,
    line bigint NOT NULL,
    outcome text NOT NULL,
    label text,
    reason text,
    lead_id bigint,
    customer_id bigint,
    cells jsonb,
    undo_outcome text,
    undo_reason text,
    CONSTRAINT pk_import_results PRIMARY KEY (import_id, line),
    CONSTRAINT ck_import_results_outcome_known
        CHECK (outcome IN ('created', 'updated', 'filled', 'same', 'refused')),
    CONSTRAINT ck_import_results_undo_outcome_known CHECK (undo_outcome IN ('undone', 'left')),
    CONSTRAINT ck_import_results_left_has_reason CHECK (undo_outcome <> 'left' OR undo_reason IS NOT NULL),
    CONSTRAINT ck_import_results_label_length CHECK (char_length(label) <= 20000),
    CONSTRAINT ck_import_results_reason_length CHECK (char_length(reason) <= 20000),
    CONSTRAINT ck_import_results_undo_reason_length CHECK (char_length(undo_reason) <= 20000)
);
CREATE INDEX ix_import_results_outcome ON import_results (import_id, outcome, line);
CREATE INDEX ix_import_results_left ON import_results (import_id, line) WHERE undo_outcome = 'left';

CREATE TABLE import_corrections (
    import_id bigint NOT NULL CONSTRAINT fk_import_corrections_import_id REFERENCES imports ON DELETE RESTRICT,
    line bigint NOT NULL,
    cells jsonb NOT NULL,
    CONSTRAINT pk_import_corrections PRIMARY KEY (import_id, line)
);

CREATE TABLE worker_heartbeat (
    id integer NOT NULL DEFAULT 1 CONSTRAINT pk_worker_heartbeat PRIMARY KEY,
    seen_at timestamptz NOT NULL,
    CONSTRAINT ck_worker_heartbeat_one_row CHECK (id = 1)
);
