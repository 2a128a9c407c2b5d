CREATE TABLE api_tokens (
    id bigint GENERATED ALWAYS AS IDENTITY,
    employee_id bigint NOT NULL,
    name text NOT NULL,
    scope text NOT NULL,
    secret_hash bytea NOT NULL,
    secret_end text NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by_id bigint,
    CONSTRAINT pk_api_tokens PRIMARY KEY (id),
    CONSTRAINT ck_api_tokens_is_named CHECK (btrim(name) <> ''),
    CONSTRAINT ck_api_tokens_expires_later CHECK (expires_at > created_at),
    CONSTRAINT ck_api_tokens_revoked_by_someone CHECK ((revoked_at IS NULL) OR (revoked_by_id IS NOT NULL)),
    CONSTRAINT fk_api_tokens_employee_id FOREIGN KEY(employee_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT ck_api_tokens_name_length CHECK (char_length(name) <= 300),
    CONSTRAINT ck_api_tokens_scope_known CHECK (scope IN ('read', 'write')),
    CONSTRAINT uq_api_tokens_secret_hash UNIQUE (secret_hash),
    CONSTRAINT ck_api_tokens_secret_end_length CHECK (char_length(secret_end) <= 50),
    CONSTRAINT fk_api_tokens_revoked_by_id FOREIGN KEY(revoked_by_id) REFERENCES employees (id) ON DELETE RESTRICT
);

CREATE INDEX ix_api_tokens_employee_id ON api_tokens (employee_id, id);
CREATE INDEX ix_api_tokens_revoked_by_id ON api_tokens (revoked_by_id);
