CREATE TABLE lead_touches (
    lead_id bigint NOT NULL,
    at timestamptz,
    CONSTRAINT pk_lead_touches PRIMARY KEY (lead_id),
    CONSTRAINT fk_lead_touches_lead_id FOREIGN KEY(lead_id) REFERENCES leads (id) ON DELETE CASCADE
);

CREATE INDEX ix_lead_touches_at ON lead_touches (coalesce(at, '0001-01-01 00:00:00+00'::timestamptz), lead_id);

CREATE STATISTICS st_lead_touches_at ON COALESCE(at, '0001-01-01 00:00:00+00'::timestamp with time zone) FROM lead_touches;
