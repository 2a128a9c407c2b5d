CREATE UNLOGGED TABLE api_uses (
    token_id bigint NOT NULL,
    began_at timestamptz DEFAULT now() NOT NULL,
    requests integer DEFAULT 1 NOT NULL,
    CONSTRAINT pk_api_uses PRIMARY KEY (token_id),
    CONSTRAINT fk_api_uses_token_id FOREIGN KEY(token_id) REFERENCES api_tokens (id) ON DELETE CASCADE
);
