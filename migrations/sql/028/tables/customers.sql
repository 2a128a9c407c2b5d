CREATE TABLE customers (
    id bigint GENERATED ALWAYS AS IDENTITY,
    number text GENERATED ALWAYS AS ('C-' || (10000 + id)::text) STORED NOT NULL,
    name text NOT NULL,
    kind text DEFAULT 'organisation' NOT NULL,
    status text DEFAULT 'active' NOT NULL,
    email text,
    phone text,
    website text,
    industry text,
    vat_number text,
    registration_number text,
    description text,
    billing_street text,
    billing_city text,
    billing_state text,
    billing_postal_code text,
    billing_country text,
    shipping_street text,
    shipping_city text,
    shipping_state text,
    shipping_postal_code text,
    shipping_country text,
    owner_id bigint,
    parent_id bigint,
    created_from_lead_id bigint,
    email_normalised text GENERATED ALWAYS AS (lower(email)) STORED,
    phone_e164 text,
    sort_name text COLLATE "C" GENERATED ALWAYS AS (crm_fold(name)) STORED NOT NULL,
    search_text text GENERATED ALWAYS AS (crm_fold(coalesce(name, '') || ' ' || coalesce(email,
        '') || ' ' || coalesce(website, '') || ' ' || coalesce(vat_number,
        '') || ' ' || coalesce(registration_number,
        '') || ' c-' || (10000 + id)::text || ' ' || coalesce(phone_e164, phone, ''))) STORED NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    updated_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    deleted_at timestamptz,
    deleted_by_id bigint,
    CONSTRAINT pk_customers PRIMARY KEY (id),
    CONSTRAINT ck_customers_is_named CHECK (btrim(name) <> ''),
    CONSTRAINT ck_customers_not_its_own_parent CHECK (parent_id <> id),
    CONSTRAINT ck_customers_trashed_by_someone CHECK ((deleted_at IS NULL) OR (deleted_by_id IS NOT NULL)),
    CONSTRAINT uq_customers_number UNIQUE (number),
    CONSTRAINT ck_customers_name_length CHECK (char_length(name) <= 300),
    CONSTRAINT ck_customers_kind_known CHECK (kind IN ('organisation', 'person')),
    CONSTRAINT ck_customers_status_known CHECK (status IN ('active', 'inactive', 'former')),
    CONSTRAINT ck_customers_email_length CHECK (char_length(email) <= 254),
    CONSTRAINT ck_customers_phone_length CHECK (char_length(phone) <= 50),
    CONSTRAINT ck_customers_website_length CHECK (char_length(website) <= 500),
    CONSTRAINT ck_customers_industry_length CHECK (char_length(industry) <= 300),
    CONSTRAINT ck_customers_vat_number_length CHECK (char_length(vat_number) <= 50),
    CONSTRAINT ck_customers_registration_number_length CHECK (char_length(registration_number) <= 50),
    CONSTRAINT ck_customers_description_length CHECK (char_length(description) <= 20000),
    CONSTRAINT ck_customers_billing_street_length CHECK (char_length(billing_street) <= 300),
    CONSTRAINT ck_customers_billing_city_length CHECK (char_length(billing_city) <= 300),
    CONSTRAINT ck_customers_billing_state_length CHECK (char_length(billing_state) <= 300),
    CONSTRAINT ck_customers_billing_postal_code_length CHECK (char_length(billing_postal_code) <= 50),
    CONSTRAINT ck_customers_billing_country_known CHECK (billing_country IN ('AD', 'AE', 'AF', 'AG', 'AI', 'AL',
        'AM', 'AO', 'AQ', 'AR', 'AS', 'AT', 'AU', 'AW', 'AX', 'AZ', 'BA', 'BB', 'BD', 'BE', 'BF', 'BG', 'BH', 'BI',
        'BJ', 'BL', 'BM', 'BN', 'BO', 'BQ', 'BR', 'BS', 'BT', 'BV', 'BW', 'BY', 'BZ', 'CA', 'CC', 'CD', 'CF', 'CG',
        'CH', 'CI', 'CK', 'CL', 'CM', 'CN', 'CO', 'CR', 'CU', 'CV', 'CW', 'CX', 'CY', 'CZ', 'DE', 'DJ', 'DK', 'DM',
        'DO', 'DZ', 'EC', 'EE', 'EG', 'EH', 'ER', 'ES', 'ET', 'FI', 'FJ', 'FK', 'FM', 'FO', 'FR', 'GA', 'GB', 'GD',
        'GE', 'GF', 'GG', 'GH', 'GI', 'GL', 'GM', 'GN', 'GP', 'GQ', 'GR', 'GS', 'GT', 'GU', 'GW', 'GY', 'HK', 'HM',
        'HN', 'HR', 'HT', 'HU', 'ID', 'IE', 'IL', 'IM', 'IN', 'IO', 'IQ', 'IR', 'IS', 'IT', 'JE', 'JM', 'JO', 'JP',
        'KE', 'KG', 'KH', 'KI', 'KM', 'KN', 'KP', 'KR', 'KW', 'KY', 'KZ', 'LA', 'LB', 'LC', 'LI', 'LK', 'LR', 'LS',
        'LT', 'LU', 'LV', 'LY', 'MA', 'MC', 'MD', 'ME', 'MF', 'MG', 'MH', 'MK', 'ML', 'MM', 'MN', 'MO', 'MP', 'MQ',
        'MR', 'MS', 'MT', 'MU', 'MV', 'MW', 'MX', 'MY', 'MZ', 'NA', 'NC', 'NE', 'NF', 'NG', 'NI', 'NL', 'NO', 'NP',
        'NR', 'NU', 'NZ', 'OM', 'PA', 'PE', 'PF', 'PG', 'PH', 'PK', 'PL', 'PM', 'PN', 'PR', 'PS', 'PT', 'PW', 'PY',
        'QA', 'RE', 'RO', 'RS', 'RU', 'RW', 'SA', 'SB', 'SC', 'SD', 'SE', 'SG', 'SH', 'SI', 'SJ', 'SK', 'SL', 'SM',
        'SN', 'SO', 'SR', 'SS', 'ST', 'SV', 'SX', 'SY', 'SZ', 'TC', 'TD', 'TF', 'TG', 'TH', 'TJ', 'TK', 'TL', 'TM',
        'TN', 'TO', 'TR', 'TT', 'TV', 'TW', 'TZ', 'UA', 'UG', 'UM', 'US', 'UY', 'UZ', 'VA', 'VC', 'VE', 'VG', 'VI',
        'VN', 'VU', 'WF', 'WS', 'YE', 'YT', 'ZA', 'ZM', 'ZW')),
    CONSTRAINT ck_customers_shipping_street_length CHECK (char_length(shipping_street) <= 300),
    CONSTRAINT ck_customers_shipping_city_length CHECK (char_length(shipping_city) <= 300),
    CONSTRAINT ck_customers_shipping_state_length CHECK (char_length(shipping_state) <= 300),
    CONSTRAINT ck_customers_shipping_postal_code_length CHECK (char_length(shipping_postal_code) <= 50),
    CONSTRAINT ck_customers_shipping_country_known CHECK (shipping_country IN ('AD', 'AE', 'AF', 'AG', 'AI', 'AL',
        'AM', 'AO', 'AQ', 'AR', 'AS', 'AT', 'AU', 'AW', 'AX', 'AZ', 'BA', 'BB', 'BD', 'BE', 'BF', 'BG', 'BH', 'BI',
        'BJ', 'BL', 'BM', 'BN', 'BO', 'BQ', 'BR', 'BS', 'BT', 'BV', 'BW', 'BY', 'BZ', 'CA', 'CC', 'CD', 'CF', 'CG',
        'CH', 'CI', 'CK', 'CL', 'CM', 'CN', 'CO', 'CR', 'CU', 'CV', 'CW', 'CX', 'CY', 'CZ', 'DE', 'DJ', 'DK', 'DM',
        'DO', 'DZ', 'EC', 'EE', 'EG', 'EH', 'ER', 'ES', 'ET', 'FI', 'FJ', 'FK', 'FM', 'FO', 'FR', 'GA', 'GB', 'GD',
        'GE', 'GF', 'GG', 'GH', 'GI', 'GL', 'GM', 'GN', 'GP', 'GQ', 'GR', 'GS', 'GT', 'GU', 'GW', 'GY', 'HK', 'HM',
        'HN', 'HR', 'HT', 'HU', 'ID', 'IE', 'IL', 'IM', 'IN', 'IO', 'IQ', 'IR', 'IS', 'IT', 'JE', 'JM', 'JO', 'JP',
        'KE', 'KG', 'KH', 'KI', 'KM', 'KN', 'KP', 'KR', 'KW', 'KY', 'KZ', 'LA', 'LB', 'LC', 'LI', 'LK', 'LR', 'LS',
        'LT', 'LU', 'LV', 'LY', 'MA', 'MC', 'MD', 'ME', 'MF', 'MG', 'MH', 'MK', 'ML', 'MM', 'MN', 'MO', 'MP', 'MQ',
        'MR', 'MS', 'MT', 'MU', 'MV', 'MW', 'MX', 'MY', 'MZ', 'NA', 'NC', 'NE', 'NF', 'NG', 'NI', 'NL', 'NO', 'NP',
        'NR', 'NU', 'NZ', 'OM', 'PA', 'PE', 'PF', 'PG', 'PH', 'PK', 'PL', 'PM', 'PN', 'PR', 'PS', 'PT', 'PW', 'PY',
        'QA', 'RE', 'RO', 'RS', 'RU', 'RW', 'SA', 'SB', 'SC', 'SD', 'SE', 'SG', 'SH', 'SI', 'SJ', 'SK', 'SL', 'SM',
        'SN', 'SO', 'SR', 'SS', 'ST', 'SV', 'SX', 'SY', 'SZ', 'TC', 'TD', 'TF', 'TG', 'TH', 'TJ', 'TK', 'TL', 'TM',
        'TN', 'TO', 'TR', 'TT', 'TV', 'TW', 'TZ', 'UA', 'UG', 'UM', 'US', 'UY', 'UZ', 'VA', 'VC', 'VE', 'VG', 'VI',
        'VN', 'VU', 'WF', 'WS', 'YE', 'YT', 'ZA', 'ZM', 'ZW')),
    CONSTRAINT fk_customers_owner_id FOREIGN KEY(owner_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_customers_parent_id FOREIGN KEY(parent_id) REFERENCES customers (id) ON DELETE RESTRICT,
    CONSTRAINT uq_customers_created_from_lead_id UNIQUE (created_from_lead_id),
    CONSTRAINT ck_customers_phone_e164_length CHECK (char_length(phone_e164) <= 50),
    CONSTRAINT fk_customers_created_by_id FOREIGN KEY(created_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_customers_updated_by_id FOREIGN KEY(updated_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_customers_deleted_by_id FOREIGN KEY(deleted_by_id) REFERENCES employees (id) ON DELETE RESTRICT
);

CREATE INDEX ix_customers_alike ON customers USING gin (sort_name gin_trgm_ops);
CREATE INDEX ix_customers_city ON customers ((coalesce(crm_fold(billing_city), '') COLLATE "C"), id)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_customers_country ON customers (coalesce(billing_country, ''), id) WHERE deleted_at IS NULL;
CREATE INDEX ix_customers_created ON customers (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_customers_created_by_id ON customers (created_by_id);
CREATE INDEX ix_customers_deleted_by_id ON customers (deleted_by_id);
CREATE INDEX ix_customers_email_host ON customers (crm_host(email));
CREATE INDEX ix_customers_email_normalised ON customers (email_normalised);
CREATE INDEX ix_customers_industry ON customers ((coalesce(crm_fold(industry), '') COLLATE "C"), id)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_customers_name ON customers (sort_name, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_customers_owner ON customers (coalesce(owner_id, 0), id) WHERE deleted_at IS NULL;
CREATE INDEX ix_customers_owner_name ON customers (owner_id, sort_name, id);
CREATE INDEX ix_customers_parent_id ON customers (parent_id);
CREATE INDEX ix_customers_phone_e164 ON customers (phone_e164);
CREATE INDEX ix_customers_search ON customers USING gin (search_text gin_trgm_ops);
CREATE INDEX ix_customers_signs ON customers USING gin (crm_signs(search_text))
    WHERE octet_length(search_text) > char_length(search_text);
CREATE INDEX ix_customers_status ON customers (status, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_customers_trash ON customers (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_customers_updated ON customers (updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_customers_updated_by_id ON customers (updated_by_id);
CREATE INDEX ix_customers_website_host ON customers (crm_host(website));

CREATE STATISTICS st_customers_country ON COALESCE(billing_country, ''::text) FROM customers;
CREATE STATISTICS st_customers_industry ON (COALESCE(crm_fold(industry), ''::text) COLLATE "C") FROM customers;
CREATE STATISTICS st_customers_owner ON COALESCE(owner_id, 0::bigint) FROM customers;
