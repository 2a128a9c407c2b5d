CREATE TABLE contacts (
    id bigint GENERATED ALWAYS AS IDENTITY,
    customer_id bigint NOT NULL,
    salutation text,
    first_name text,
    last_name text,
    job_title text,
    email text,
    phone text,
    mobile text,
    description text,
    is_primary boolean DEFAULT false NOT NULL,
    email_normalised text GENERATED ALWAYS AS (lower(email)) STORED,
    phone_e164 text,
    mobile_e164 text,
    name text GENERATED ALWAYS AS (crm_lead_name(first_name, last_name, NULL, email)) STORED NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    updated_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    deleted_at timestamptz,
    deleted_by_id bigint,
    sort_name text COLLATE "C" GENERATED ALWAYS AS (crm_fold(crm_lead_name(first_name, last_name, NULL,
        email))) STORED NOT NULL,
    search_text text GENERATED ALWAYS AS (crm_fold(coalesce(first_name, '') || ' ' || coalesce(last_name,
        '') || ' ' || coalesce(email, '') || ' ' || coalesce(phone_e164, phone, '') || ' ' || coalesce(mobile_e164,
        mobile, ''))) STORED NOT NULL,
    CONSTRAINT pk_contacts PRIMARY KEY (id),
    CONSTRAINT ck_contacts_is_named CHECK (btrim(coalesce(first_name, '') || coalesce(last_name,
        '') || coalesce(email, '')) <> ''),
    CONSTRAINT ck_contacts_trashed_by_someone CHECK ((deleted_at IS NULL) OR (deleted_by_id IS NOT NULL)),
    CONSTRAINT fk_contacts_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE RESTRICT,
    CONSTRAINT ck_contacts_salutation_length CHECK (char_length(salutation) <= 50),
    CONSTRAINT ck_contacts_first_name_length CHECK (char_length(first_name) <= 300),
    CONSTRAINT ck_contacts_last_name_length CHECK (char_length(last_name) <= 300),
    CONSTRAINT ck_contacts_job_title_length CHECK (char_length(job_title) <= 300),
    CONSTRAINT ck_contacts_email_length CHECK (char_length(email) <= 254),
    CONSTRAINT ck_contacts_phone_length CHECK (char_length(phone) <= 50),
    CONSTRAINT ck_contacts_mobile_length CHECK (char_length(mobile) <= 50),
    CONSTRAINT ck_contacts_description_length CHECK (char_length(description) <= 20000),
    CONSTRAINT ck_contacts_phone_e164_length CHECK (char_length(phone_e164) <= 50),
    CONSTRAINT ck_contacts_mobile_e164_length CHECK (char_length(mobile_e164) <= 50),
    CONSTRAINT fk_contacts_created_by_id FOREIGN KEY(created_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_contacts_updated_by_id FOREIGN KEY(updated_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_contacts_deleted_by_id FOREIGN KEY(deleted_by_id) REFERENCES employees (id) ON DELETE RESTRICT
);

CREATE INDEX ix_contacts_created_by_id ON contacts (created_by_id);
CREATE INDEX ix_contacts_customer_id ON contacts (customer_id);
CREATE INDEX ix_contacts_deleted_by_id ON contacts (deleted_by_id);
CREATE INDEX ix_contacts_email_normalised ON contacts (email_normalised);
CREATE INDEX ix_contacts_mobile_e164 ON contacts (mobile_e164);
CREATE INDEX ix_contacts_name ON contacts (sort_name, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_contacts_phone_e164 ON contacts (phone_e164);
CREATE INDEX ix_contacts_search ON contacts USING gin (search_text gin_trgm_ops);
CREATE INDEX ix_contacts_signs ON contacts USING gin (crm_signs(search_text))
    WHERE octet_length(search_text) > char_length(search_text);
CREATE INDEX ix_contacts_trash ON contacts (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_contacts_updated_by_id ON contacts (updated_by_id);
CREATE UNIQUE INDEX uq_contacts_primary ON contacts (customer_id) WHERE is_primary AND deleted_at IS NULL;
