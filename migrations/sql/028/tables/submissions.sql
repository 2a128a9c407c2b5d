CREATE TABLE submissions (
    key uuid NOT NULL,
    employee_id bigint NOT NULL,
    request_hash bytea NOT NULL,
    answer jsonb,
    created_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_submissions PRIMARY KEY (employee_id, key),
    CONSTRAINT fk_submissions_employee_id FOREIGN KEY(employee_id) REFERENCES employees (id) ON DELETE RESTRICT
);

CREATE INDEX ix_submissions_created_at ON submissions (created_at);
