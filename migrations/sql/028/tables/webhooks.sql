CREATE TABLE webhooks (
    id bigint GENERATED ALWAYS AS IDENTITY,
    url text NOT NULL,
    description text,
    events jsonb NOT NULL,
    secret bytea NOT NULL,
    paused_at timestamptz,
    paused_because text,
    first_failed_at timestamptz,
    removed_at timestamptz,
    mark_xact xid8 DEFAULT crm_settled_before() NOT NULL,
    mark_change_id bigint DEFAULT 0 NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    updated_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    CONSTRAINT pk_webhooks PRIMARY KEY (id),
    CONSTRAINT ck_webhooks_has_events CHECK (jsonb_array_length(events) BETWEEN 1 AND 50),
    CONSTRAINT ck_webhooks_paused_for_a_reason CHECK ((paused_at IS NULL) = (paused_because IS NULL)),
    CONSTRAINT ck_webhooks_url_length CHECK (char_length(url) <= 500),
    CONSTRAINT ck_webhooks_description_length CHECK (char_length(description) <= 300),
    CONSTRAINT ck_webhooks_paused_because_known CHECK (paused_because IN ('person', 'failing', 'gone')),
    CONSTRAINT fk_webhooks_created_by_id FOREIGN KEY(created_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_webhooks_updated_by_id FOREIGN KEY(updated_by_id) REFERENCES employees (id) ON DELETE RESTRICT
);

CREATE INDEX ix_webhooks_created_by_id ON webhooks (created_by_id);
CREATE INDEX ix_webhooks_updated_by_id ON webhooks (updated_by_id);
