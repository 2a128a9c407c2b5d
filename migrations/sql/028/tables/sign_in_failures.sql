CREATE TABLE sign_in_failures (
    key text NOT NULL,
    count bigint NOT NULL,
    first_at timestamptz DEFAULT now() NOT NULL,
    CONSTRAINT pk_sign_in_failures PRIMARY KEY (key)
);
