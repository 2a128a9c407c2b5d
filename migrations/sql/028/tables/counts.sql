CREATE TABLE counts (
    figure text NOT NULL,
    starts_on date,
    status text NOT NULL,
    detail text NOT NULL,
    currency text NOT NULL,
    how_many bigint NOT NULL,
    how_many_priced bigint NOT NULL,
    amount NUMERIC(24, 2) NOT NULL,
    weighted NUMERIC(24, 2) NOT NULL,
    seconds bigint NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    level integer NOT NULL,
    owner_id bigint,
    source text,
    CONSTRAINT pk_counts PRIMARY KEY (id),
    CONSTRAINT ck_counts_source_length CHECK (char_length(source) <= 300),
    CONSTRAINT ck_counts_figure_known CHECK (figure IN ('standing', 'created', 'closed', 'expected', 'stayed',
        'activity')),
    CONSTRAINT ck_counts_status_length CHECK (char_length(status) <= 50),
    CONSTRAINT ck_counts_detail_length CHECK (char_length(detail) <= 50),
    CONSTRAINT ck_counts_currency_length CHECK (char_length(currency) <= 50)
) WITH (fillfactor=80, autovacuum_vacuum_scale_factor=0.05);

CREATE UNIQUE INDEX uq_counts_cell ON counts (figure, level, starts_on, owner_id, source, status, detail, currency)
    NULLS NOT DISTINCT;
