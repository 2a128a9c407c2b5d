CREATE TABLE conversions (
    id bigint GENERATED ALWAYS AS IDENTITY,
    lead_id bigint NOT NULL,
    customer_id bigint NOT NULL,
    kind text NOT NULL,
    filled jsonb DEFAULT '{}' NOT NULL,
    converted_at timestamptz DEFAULT now() NOT NULL,
    converted_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    undone_at timestamptz,
    undone_by_id bigint,
    before jsonb DEFAULT '{}' NOT NULL,
    customer_version integer,
    CONSTRAINT pk_conversions PRIMARY KEY (id),
    CONSTRAINT ck_conversions_undone_by_someone CHECK ((undone_at IS NULL) OR (undone_by_id IS NOT NULL)),
    CONSTRAINT fk_conversions_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id) ON DELETE RESTRICT,
    CONSTRAINT fk_conversions_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE RESTRICT,
    CONSTRAINT ck_conversions_kind_known CHECK (kind IN ('created', 'linked')),
    CONSTRAINT fk_conversions_converted_by_id FOREIGN KEY(converted_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_conversions_undone_by_id FOREIGN KEY(undone_by_id) REFERENCES employees (id) ON DELETE RESTRICT
);

CREATE INDEX ix_conversions_converted_by_id ON conversions (converted_by_id);
CREATE INDEX ix_conversions_customer_id ON conversions (customer_id);
CREATE INDEX ix_conversions_lead_id ON conversions (lead_id);
CREATE INDEX ix_conversions_undone_by_id ON conversions (undone_by_id);
CREATE UNIQUE INDEX uq_conversions_standing ON conversions (lead_id) WHERE undone_at IS NULL;
