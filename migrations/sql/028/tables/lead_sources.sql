CREATE TABLE lead_sources (
    name text NOT NULL,
    CONSTRAINT pk_lead_sources PRIMARY KEY (name),
    CONSTRAINT ck_lead_sources_name_length CHECK (char_length(name) <= 300)
);

CREATE UNIQUE INDEX uq_lead_sources_lower_name ON lead_sources (lower(name));
