CREATE TABLE leads (
    id bigint GENERATED ALWAYS AS IDENTITY,
    salutation text,
    first_name text,
    last_name text,
    job_title text,
    company text,
    email text,
    phone text,
    mobile text,
    website text,
    street text,
    city text,
    state text,
    postal_code text,
    country text,
    status text DEFAULT 'new' NOT NULL,
    source text,
    rating text,
    industry text,
    amount NUMERIC(14, 2),
    currency text,
    probability integer,
    expected_close_on date,
    next_step text,
    description text,
    lost_reason text,
    lost_note text,
    owner_id bigint,
    customer_id bigint,
    status_changed_at timestamptz DEFAULT now() NOT NULL,
    closed_at timestamptz,
    external_system text,
    external_id text,
    email_normalised text GENERATED ALWAYS AS (lower(email)) STORED,
    phone_e164 text,
    mobile_e164 text,
    name text GENERATED ALWAYS AS (crm_lead_name(first_name, last_name, company, email)) STORED NOT NULL,
    sort_name text COLLATE "C" GENERATED ALWAYS AS (crm_fold(crm_lead_name(first_name, last_name, company,
        email))) STORED NOT NULL,
    search_text text GENERATED ALWAYS AS (crm_fold(coalesce(first_name, '') || ' ' || coalesce(last_name,
        '') || ' ' || coalesce(company, '') || ' ' || coalesce(email, '') || ' ' || coalesce(website,
        '') || ' ' || coalesce(phone_e164, phone, '') || ' ' || coalesce(mobile_e164, mobile, ''))) STORED NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    updated_at timestamptz DEFAULT now() NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    created_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    updated_by_id bigint DEFAULT nullif(current_setting('crm.actor_id', true), '')::bigint,
    deleted_at timestamptz,
    deleted_by_id bigint,
    furthest_status text,
    CONSTRAINT pk_leads PRIMARY KEY (id),
    CONSTRAINT ck_leads_is_named CHECK (btrim(coalesce(last_name, '') || coalesce(company, '') || coalesce(email,
        '')) <> ''),
    CONSTRAINT ck_leads_amount_not_negative CHECK (amount >= 0 AND amount <> 'NaN'),
    CONSTRAINT ck_leads_amount_has_currency CHECK (amount IS NULL OR currency IS NOT NULL),
    CONSTRAINT ck_leads_probability_percent CHECK (probability BETWEEN 0 AND 100),
    CONSTRAINT ck_leads_expected_close_on_sane CHECK (expected_close_on BETWEEN '1900-01-01' AND '2199-12-31'),
    CONSTRAINT ck_leads_won_has_customer CHECK (status <> 'won' OR customer_id IS NOT NULL),
    CONSTRAINT ck_leads_lost_has_reason CHECK ((status IN ('lost', 'disqualified')) = (lost_reason IS NOT NULL)),
    CONSTRAINT ck_leads_other_reason_has_note CHECK (lost_reason <> 'other' OR btrim(coalesce(lost_note,
        '')) <> ''),
    CONSTRAINT ck_leads_closed_has_date CHECK ((status IN ('won', 'lost',
        'disqualified')) = (closed_at IS NOT NULL)),
    CONSTRAINT ck_leads_trashed_by_someone CHECK ((deleted_at IS NULL) OR (deleted_by_id IS NOT NULL)),
    CONSTRAINT uq_leads_external_system_external_id UNIQUE (external_system, external_id),
    CONSTRAINT ck_leads_external_id_has_system CHECK ((external_system IS NULL) = (external_id IS NULL)),
    CONSTRAINT ck_leads_salutation_length CHECK (char_length(salutation) <= 50),
    CONSTRAINT ck_leads_first_name_length CHECK (char_length(first_name) <= 300),
    CONSTRAINT ck_leads_last_name_length CHECK (char_length(last_name) <= 300),
    CONSTRAINT ck_leads_job_title_length CHECK (char_length(job_title) <= 300),
    CONSTRAINT ck_leads_company_length CHECK (char_length(company) <= 300),
    CONSTRAINT ck_leads_email_length CHECK (char_length(email) <= 254),
    CONSTRAINT ck_leads_phone_length CHECK (char_length(phone) <= 50),
    CONSTRAINT ck_leads_mobile_length CHECK (char_length(mobile) <= 50),
    CONSTRAINT ck_leads_website_length CHECK (char_length(website) <= 500),
    CONSTRAINT ck_leads_street_length CHECK (char_length(street) <= 300),
    CONSTRAINT ck_leads_city_length CHECK (char_length(city) <= 300),
    CONSTRAINT ck_leads_state_length CHECK (char_length(state) <= 300),
    CONSTRAINT ck_leads_postal_code_length CHECK (char_length(postal_code) <= 50),
    CONSTRAINT ck_leads_country_known CHECK (country IN ('AD', 'AE', 'AF', 'AG', 'AI', 'AL', 'AM', 'AO', 'AQ',
        'AR', 'AS', 'AT', 'AU', 'AW', 'AX', 'AZ', 'BA', 'BB', 'BD', 'BE', 'BF', 'BG', 'BH', 'BI', 'BJ', 'BL', 'BM',
        'BN', 'BO', 'BQ', 'BR', 'BS', 'BT', 'BV', 'BW', 'BY', 'BZ', 'CA', 'CC', 'CD', 'CF', 'CG', 'CH', 'CI', 'CK',
        'CL', 'CM', 'CN', 'CO', 'CR', 'CU', 'CV', 'CW', 'CX', 'CY', 'CZ', 'DE', 'DJ', 'DK', 'DM', 'DO', 'DZ', 'EC',
        'EE', 'EG', 'EH', 'ER', 'ES', 'ET', 'FI', 'FJ', 'FK', 'FM', 'FO', 'FR', 'GA', 'GB', 'GD', 'GE', 'GF', 'GG',
        'GH', 'GI', 'GL', 'GM', 'GN', 'GP', 'GQ', 'GR', 'GS', 'GT', 'GU', 'GW', 'GY', 'HK', 'HM', 'HN', 'HR', 'HT',
        'HU', 'ID', 'IE', 'IL', 'IM', 'IN', 'IO', 'IQ', 'IR', 'IS', 'IT', 'JE', 'JM', 'JO', 'JP', 'KE', 'KG', 'KH',
        'KI', 'KM', 'KN', 'KP', 'KR', 'KW', 'KY', 'KZ', 'LA', 'LB', 'LC', 'LI', 'LK', 'LR', 'LS', 'LT', 'LU', 'LV',
        'LY', 'MA', 'MC', 'MD', 'ME', 'MF', 'MG', 'MH', 'MK', 'ML', 'MM', 'MN', 'MO', 'MP', 'MQ', 'MR', 'MS', 'MT',
        'MU', 'MV', 'MW', 'MX', 'MY', 'MZ', 'NA', 'NC', 'NE', 'NF', 'NG', 'NI', 'NL', 'NO', 'NP', 'NR', 'NU', 'NZ',
        'OM', 'PA', 'PE', 'PF', 'PG', 'PH', 'PK', 'PL', 'PM', 'PN', 'PR', 'PS', 'PT', 'PW', 'PY', 'QA', 'RE', 'RO',
        'RS', 'RU', 'RW', 'SA', 'SB', 'SC', 'SD', 'SE', 'SG', 'SH', 'SI', 'SJ', 'SK', 'SL', 'SM', 'SN', 'SO', 'SR',
        'SS', 'ST', 'SV', 'SX', 'SY', 'SZ', 'TC', 'TD', 'TF', 'TG', 'TH', 'TJ', 'TK', 'TL', 'TM', 'TN', 'TO', 'TR',
        'TT', 'TV', 'TW', 'TZ', 'UA', 'UG', 'UM', 'US', 'UY', 'UZ', 'VA', 'VC', 'VE', 'VG', 'VI', 'VN', 'VU', 'WF',
        'WS', 'YE', 'YT', 'ZA', 'ZM', 'ZW')),
    CONSTRAINT ck_leads_status_known CHECK (status IN ('new', 'contacted', 'qualified', 'proposal', 'negotiation',
        'on_hold', 'won', 'lost', 'disqualified')),
    CONSTRAINT fk_leads_source FOREIGN KEY(source) REFERENCES lead_sources (name) ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT ck_leads_rating_known CHECK (rating IN ('hot', 'warm', 'cold')),
    CONSTRAINT ck_leads_industry_length CHECK (char_length(industry) <= 300),
    CONSTRAINT ck_leads_currency_known CHECK (currency IN ('AED', 'AFN', 'ALL', 'AMD', 'AOA', 'ARS', 'AUD', 'AWG',
        'AZN', 'BAM', 'BBD', 'BDT', 'BGN', 'BHD', 'BIF', 'BMD', 'BND', 'BOB', 'BRL', 'BSD', 'BTN', 'BWP', 'BYN',
        'BZD', 'CAD', 'CDF', 'CHF', 'CLP', 'CNY', 'COP', 'CRC', 'CUP', 'CVE', 'CZK', 'DJF', 'DKK', 'DOP', 'DZD',
        'EGP', 'ERN', 'ETB', 'EUR', 'FJD', 'FKP', 'GBP', 'GEL', 'GHS', 'GIP', 'GMD', 'GNF', 'GTQ', 'GYD', 'HKD',
        'HNL', 'HTG', 'HUF', 'IDR', 'ILS', 'INR', 'IQD', 'IRR', 'ISK', 'JMD', 'JOD', 'JPY', 'KES', 'KGS', 'KHR',
        'KMF', 'KPW', 'KRW', 'KWD', 'KYD', 'KZT', 'LAK', 'LBP', 'LKR', 'LRD', 'LSL', 'LYD', 'MAD', 'MDL', 'MGA',
        'MKD', 'MMK', 'MNT', 'MOP', 'MRU', 'MUR', 'MVR', 'MWK', 'MXN', 'MYR', 'MZN', 'NAD', 'NGN', 'NIO', 'NOK',
        'NPR', 'NZD', 'OMR', 'PAB', 'PEN', 'PGK', 'PHP', 'PKR', 'PLN', 'PYG', 'QAR', 'RON', 'RSD', 'RUB', 'RWF',
        'SAR', 'SBD', 'SCR', 'SDG', 'SEK', 'SGD', 'SHP', 'SLE', 'SOS', 'SRD', 'SSP', 'STN', 'SVC', 'SYP', 'SZL',
        'THB', 'TJS', 'TMT', 'TND', 'TOP', 'TRY', 'TTD', 'TWD', 'TZS', 'UAH', 'UGX', 'USD', 'UYU', 'UZS', 'VES',
        'VND', 'VUV', 'WST', 'XAF', 'XCD', 'XCG', 'XOF', 'XPF', 'YER', 'ZAR', 'ZMW', 'ZWG')),
    CONSTRAINT ck_leads_next_step_length CHECK (char_length(next_step) <= 300),
    CONSTRAINT ck_leads_description_length CHECK (char_length(description) <= 20000),
    CONSTRAINT ck_leads_lost_reason_known CHECK (lost_reason IN ('price', 'competitor', 'no_budget', 'no_response',
        'bad_timing', 'no_need', 'not_a_fit', 'other', 'not_recorded')),
    CONSTRAINT ck_leads_lost_note_length CHECK (char_length(lost_note) <= 300),
    CONSTRAINT fk_leads_owner_id FOREIGN KEY(owner_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_leads_customer_id FOREIGN KEY(customer_id) REFERENCES customers (id) ON DELETE RESTRICT,
    CONSTRAINT ck_leads_furthest_status_known CHECK (furthest_status IN ('new', 'contacted', 'qualified',
        'proposal', 'negotiation', 'on_hold', 'won', 'lost', 'disqualified')),
    CONSTRAINT ck_leads_external_system_length CHECK (char_length(external_system) <= 300),
    CONSTRAINT ck_leads_external_id_length CHECK (char_length(external_id) <= 300),
    CONSTRAINT ck_leads_phone_e164_length CHECK (char_length(phone_e164) <= 50),
    CONSTRAINT ck_leads_mobile_e164_length CHECK (char_length(mobile_e164) <= 50),
    CONSTRAINT fk_leads_created_by_id FOREIGN KEY(created_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_leads_updated_by_id FOREIGN KEY(updated_by_id) REFERENCES employees (id) ON DELETE RESTRICT,
    CONSTRAINT fk_leads_deleted_by_id FOREIGN KEY(deleted_by_id) REFERENCES employees (id) ON DELETE RESTRICT
);

CREATE INDEX ix_leads_amount ON leads (coalesce(amount, -1), id) INCLUDE (amount, currency) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_board ON leads (owner_id, status, updated_at, id) INCLUDE (source) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_closed ON leads (closed_at, status) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_company ON leads ((coalesce(crm_fold(company), '') COLLATE "C"), id) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_country ON leads (coalesce(country, ''), id) INCLUDE (country) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_created ON leads (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_created_by_id ON leads (created_by_id);
CREATE INDEX ix_leads_customer_id ON leads (customer_id);
CREATE INDEX ix_leads_deleted_by_id ON leads (deleted_by_id);
CREATE INDEX ix_leads_email_normalised ON leads (email_normalised);
CREATE INDEX ix_leads_expected_close ON leads (coalesce(expected_close_on, '0001-01-01'::date), id)
    INCLUDE (expected_close_on, status)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_industry ON leads ((coalesce(crm_fold(industry), '') COLLATE "C"), id)
    INCLUDE (industry)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_kept ON leads (id) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_mobile_e164 ON leads (mobile_e164);
CREATE INDEX ix_leads_name ON leads (sort_name, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_owner ON leads (coalesce(owner_id, 0), id) INCLUDE (owner_id) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_owner_updated ON leads (owner_id, updated_at, id) INCLUDE (deleted_at);
CREATE INDEX ix_leads_phone_e164 ON leads (phone_e164);
CREATE INDEX ix_leads_search ON leads USING gin (search_text gin_trgm_ops);
CREATE INDEX ix_leads_signs ON leads USING gin (crm_signs(search_text))
    WHERE octet_length(search_text) > char_length(search_text);
CREATE INDEX ix_leads_source ON leads (coalesce(source, ''), id) INCLUDE (source) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_source_updated ON leads (source, updated_at, id);
CREATE INDEX ix_leads_status ON leads (status, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_status_updated ON leads (status, updated_at, id) WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_trash ON leads (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX ix_leads_updated ON leads (updated_at, id)
    INCLUDE (status, owner_id, source, industry, country, currency, amount, expected_close_on, created_at, closed_at)
    WHERE deleted_at IS NULL;
CREATE INDEX ix_leads_updated_by_id ON leads (updated_by_id);

CREATE STATISTICS st_leads_amount ON COALESCE(amount, '-1'::integer::numeric) FROM leads;
CREATE STATISTICS st_leads_country ON COALESCE(country, ''::text) FROM leads;
CREATE STATISTICS st_leads_expected_close ON COALESCE(expected_close_on, '0001-01-01'::date) FROM leads;
CREATE STATISTICS st_leads_industry ON (COALESCE(crm_fold(industry), ''::text) COLLATE "C") FROM leads;
CREATE STATISTICS st_leads_owner ON COALESCE(owner_id, 0::bigint) FROM leads;
CREATE STATISTICS st_leads_source ON COALESCE(source, ''::text) FROM leads;
