CREATE TABLE customer_touches (
    customer_id bigint NOT NULL,
    at timestamptz,
    CONSTRAINT pk_customer_touches PRIMARY KEY (customer_id),
    CONSTRAINT fk_customer_touches_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE CASCADE
);

CREATE INDEX ix_customer_touches_at ON customer_touches (coalesce(at, '0001-01-01 00:00:00+00'::timestamptz), customer_id);

CREATE STATISTICS st_customer_touches_at ON COALESCE(at, '0001-01-01 00:00:00+00'::timestamp with time zone) FROM customer_touches;
