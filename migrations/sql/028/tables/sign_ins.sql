CREATE TABLE sign_ins (
    id bigint GENERATED ALWAYS AS IDENTITY,
    token_hash bytea NOT NULL,
    employee_id bigint NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    last_seen_at timestamptz DEFAULT now() NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    remote_address text,
    user_agent text,
    CONSTRAINT pk_sign_ins PRIMARY KEY (id),
    CONSTRAINT uq_sign_ins_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_sign_ins_employee_id FOREIGN KEY(employee_id) REFERENCES employees (id) ON DELETE CASCADE,
    CONSTRAINT ck_sign_ins_remote_address_length CHECK (char_length(remote_address) <= 50),
    CONSTRAINT ck_sign_ins_user_agent_length CHECK (char_length(user_agent) <= 300)
);

CREATE INDEX ix_sign_ins_employee_id ON sign_ins (employee_id);
