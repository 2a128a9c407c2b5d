CREATE TABLE drafts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    employee_id bigint NOT NULL,
    place text NOT NULL,
    fields jsonb NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_drafts PRIMARY KEY (id),
    CONSTRAINT ck_drafts_fields_length CHECK (char_length(fields::text) <= 300000),
    CONSTRAINT fk_drafts_employee_id FOREIGN KEY(employee_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT ck_drafts_place_length CHECK (char_length(place) <= 20000)
);

CREATE INDEX ix_drafts_created_at ON drafts (created_at);
CREATE INDEX ix_drafts_employee_id ON drafts (employee_id);
