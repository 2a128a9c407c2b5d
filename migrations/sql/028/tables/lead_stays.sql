CREATE TABLE lead_stays (
    id bigint GENERATED ALWAYS AS IDENTITY,
    lead_id bigint NOT NULL,
    status text NOT NULL,
    owner_id bigint,
    source text,
    entered_at timestamptz NOT NULL,
    left_at timestamptz NOT NULL,
    CONSTRAINT pk_lead_stays PRIMARY KEY (id),
    CONSTRAINT ck_lead_stays_status_known CHECK (status IN ('new', 'contacted', 'qualified', 'proposal',
        'negotiation', 'on_hold', 'won', 'lost', 'disqualified')),
    CONSTRAINT ck_lead_stays_source_length CHECK (char_length(source) <= 300)
);

CREATE INDEX ix_lead_stays_lead ON lead_stays (lead_id, status, left_at);
CREATE INDEX ix_lead_stays_left ON lead_stays (left_at);
