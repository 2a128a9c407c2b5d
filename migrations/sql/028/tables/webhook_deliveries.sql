CREATE TABLE webhook_deliveries (
    id bigint GENERATED ALWAYS AS IDENTITY,
    webhook_id bigint NOT NULL,
    change_id bigint NOT NULL,
    event text NOT NULL,
    state text DEFAULT 'waiting' NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    next_try_at timestamptz DEFAULT now(),
    lease_ends_at timestamptz,
    tried_at timestamptz,
    took_ms integer,
    status integer,
    error text,
    CONSTRAINT pk_webhook_deliveries PRIMARY KEY (id),
    CONSTRAINT uq_webhook_deliveries_change_id_webhook_id UNIQUE (change_id, webhook_id),
    CONSTRAINT ck_webhook_deliveries_tried_while_waiting CHECK ((state = 'waiting') = (next_try_at IS NOT NULL)),
    CONSTRAINT ck_webhook_deliveries_sent_while_waiting CHECK (lease_ends_at IS NULL OR state = 'waiting'),
    CONSTRAINT fk_webhook_deliveries_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhooks (id) ON DELETE RESTRICT,
    CONSTRAINT fk_webhook_deliveries_change_id FOREIGN KEY(change_id) REFERENCES changes (id) ON DELETE RESTRICT,
    CONSTRAINT ck_webhook_deliveries_event_length CHECK (char_length(event) <= 50),
    CONSTRAINT ck_webhook_deliveries_state_known CHECK (state IN ('waiting', 'delivered', 'failed')),
    CONSTRAINT ck_webhook_deliveries_error_length CHECK (char_length(error) <= 300)
);

CREATE INDEX ix_webhook_deliveries_created_at ON webhook_deliveries (created_at);
CREATE INDEX ix_webhook_deliveries_due ON webhook_deliveries (webhook_id, next_try_at, id) WHERE state = 'waiting';
CREATE INDEX ix_webhook_deliveries_log ON webhook_deliveries (webhook_id, id);
