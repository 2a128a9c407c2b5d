"""Leads, customers and their contacts, with every rule that must hold whoever writes them."""

import sqlalchemy as sa
from alembic import op

revision = "002"
down_revision = "001"
branch_labels = None
depends_on = None

COUNTRIES = """
'AD', 'AE', 'AF', 'AG', 'AI', 'AL', 'AM', 'AO', 'AQ', 'AR', 'AS', 'AT', 'AU', 'AW', 'AX', 'AZ', 'BA', 'BB',
'BD', 'BE', 'BF', 'BG', 'BH', 'BI', 'BJ', 'BL', 'BM', 'BN', 'BO', 'BQ', 'BR', 'BS', 'BT', 'BV', 'BW', 'BY',
'BZ', 'CA', 'CC', 'CD', 'CF', 'CG', 'CH', 'CI', 'CK', 'CL', 'CM', 'CN', 'CO', 'CR', 'CU', 'CV', 'CW', 'CX',
'CY', 'CZ', 'DE', 'DJ', 'DK', 'DM', 'DO', 'DZ', 'EC', 'EE', 'EG', 'EH', 'ER', 'ES', 'ET', 'FI', 'FJ', 'FK',
'FM', 'FO', 'FR', 'GA', 'GB', 'GD', 'GE', 'GF', 'GG', 'GH', 'GI', 'GL', 'GM', 'GN', 'GP', 'GQ', 'GR', 'GS',
'GT', 'GU', 'GW', 'GY', 'HK', 'HM', 'HN', 'HR', 'HT', 'HU', 'ID', 'IE', 'IL', 'IM', 'IN', 'IO', 'IQ', 'IR',
'IS', 'IT', 'JE', 'JM', 'JO', 'JP', 'KE', 'KG', 'KH', 'KI', 'KM', 'KN', 'KP', 'KR', 'KW', 'KY', 'KZ', 'LA',
'LB', 'LC', 'LI', 'LK', 'LR', 'LS', 'LT', 'LU', 'LV', 'LY', 'MA', 'MC', 'MD', 'ME', 'MF', 'MG', 'MH', 'MK',
'ML', 'MM', 'MN', 'MO', 'MP', 'MQ', 'MR', 'MS', 'MT', 'MU', 'MV', 'MW', 'MX', 'MY', 'MZ', 'NA', 'NC', 'NE',
'NF', 'NG', 'NI', 'NL', 'NO', 'NP', 'NR', 'NU', 'NZ', 'OM', 'PA', 'PE', 'PF', 'PG', 'PH', 'PK', 'PL', 'PM',
'PN', 'PR', 'PS', 'PT', 'PW', 'PY', 'QA', 'RE', 'RO', 'RS', 'RU', 'RW', 'SA', 'SB', 'SC', 'SD', 'SE', 'SG',
'SH', 'SI', 'SJ', 'SK', 'SL', 'SM', 'SN', 'SO', 'SR', 'SS', 'ST', 'SV', 'SX', 'SY', 'SZ', 'TC', 'TD', 'TF',
'TG', 'TH', 'TJ', 'TK', 'TL', 'TM', 'TN', 'TO', 'TR', 'TT', 'TV', 'TW', 'TZ', 'UA', 'UG', 'UM', 'US', 'UY',
'UZ', 'VA', 'VC', 'VE', 'VG', 'VI', 'VN', 'VU', 'WF', 'WS', 'YE', 'YT', 'ZA', 'ZM', 'ZW'
"""

CURRENCIES = """
'AED', 'AFN', 'ALL', 'AMD', 'AOA', 'ARS', 'AUD', 'AWG', 'AZN', 'BAM', 'BBD', 'BDT', 'BGN', 'BHD', 'BIF',
'BMD', 'BND', 'BOB', 'BRL', 'BSD', 'BTN', 'BWP', 'BYN', 'BZD', 'CAD', 'CDF', 'CHF', 'CLP', 'CNY', 'COP',
'CRC', 'CUP', 'CVE', 'CZK', 'DJF', 'DKK', 'DOP', 'DZD', 'EGP', 'ERN', 'ETB', 'EUR', 'FJD', 'FKP', 'GBP',
'GEL', 'GHS', 'GIP', 'GMD', 'GNF', 'GTQ', 'GYD', 'HKD', 'HNL', 'HTG', 'HUF', 'IDR', 'ILS', 'INR', 'IQD',
'IRR', 'ISK', 'JMD', 'JOD', 'JPY', 'KES', 'KGS', 'KHR', 'KMF', 'KPW', 'KRW', 'KWD', 'KYD', 'KZT', 'LAK',
'LBP', 'LKR', 'LRD', 'LSL', 'LYD', 'MAD', 'MDL', 'MGA', 'MKD', 'MMK', 'MNT', 'MOP', 'MRU', 'MUR', 'MVR',
'MWK', 'MXN', 'MYR', 'MZN', 'NAD', 'NGN', 'NIO', 'NOK', 'NPR', 'NZD', 'OMR', 'PAB', 'PEN', 'PGK', 'PHP',
'PKR', 'PLN', 'PYG', 'QAR', 'RON', 'RSD', 'RUB', 'RWF', 'SAR', 'SBD', 'SCR', 'SDG', 'SEK', 'SGD', 'SHP',
'SLE', 'SOS', 'SRD', 'SSP', 'STN', 'SVC', 'SYP', 'SZL', 'THB', 'TJS', 'TMT', 'TND', 'TOP', 'TRY', 'TTD',
'TWD', 'TZS', 'UAH', 'UGX', 'USD', 'UYU', 'UZS', 'VES', 'VND', 'VUV', 'WST', 'XAF', 'XCD', 'XCG', 'XOF',
'XPF', 'YER', 'ZAR', 'ZMW', 'ZWG'
"""


def upgrade() -> None:
    op.create_table(
        "lead_sources",
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint("char_length(name) <= 300", name=op.f("ck_lead_sources_name_length")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lead_sources")),
    )
    op.create_index("uq_lead_sources_lower_name", "lead_sources", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "customers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("number", sa.Text(), sa.Computed("'C-' || (10000 + id)::text", persisted=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="organisation", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("vat_number", sa.Text(), nullable=True),
        sa.Column("registration_number", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("billing_street", sa.Text(), nullable=True),
        sa.Column("billing_city", sa.Text(), nullable=True),
        sa.Column("billing_state", sa.Text(), nullable=True),
        sa.Column("billing_postal_code", sa.Text(), nullable=True),
        sa.Column("billing_country", sa.Text(), nullable=True),
        sa.Column("shipping_street", sa.Text(), nullable=True),
        sa.Column("shipping_city", sa.Text(), nullable=True),
        sa.Column("shipping_state", sa.Text(), nullable=True),
        sa.Column("shipping_postal_code", sa.Text(), nullable=True),
        sa.Column("shipping_country", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("created_from_lead_id", sa.BigInteger(), nullable=True),
        sa.Column("email_normalised", sa.Text(), sa.Computed("lower(email)", persisted=True), nullable=True),
        sa.Column("phone_e164", sa.Text(), nullable=True),
        sa.Column("sort_name", sa.Text(collation="C"), sa.Computed("crm_fold(name)", persisted=True), nullable=False),
        sa.Column(
            "search_text",
            sa.Text(),
            sa.Computed(
                "crm_fold(coalesce(name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(website, '')"
                " || ' ' || coalesce(vat_number, '')"
                " || ' ' || coalesce(registration_number, '') || ' c-' || (10000 + id)::text"
                " || ' ' || coalesce(phone_e164, phone, ''))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_by_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint"),
            nullable=True,
        ),
        sa.Column(
            "updated_by_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint"),
            nullable=True,
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            f"billing_country IN ({COUNTRIES})",
            name=op.f("ck_customers_billing_country_known"),
        ),
        sa.CheckConstraint("btrim(name) <> ''", name=op.f("ck_customers_is_named")),
        sa.CheckConstraint("kind IN ('organisation', 'person')", name=op.f("ck_customers_kind_known")),
        sa.CheckConstraint(
            f"shipping_country IN ({COUNTRIES})",
            name=op.f("ck_customers_shipping_country_known"),
        ),
        sa.CheckConstraint("status IN ('active', 'inactive', 'former')", name=op.f("ck_customers_status_known")),
        sa.CheckConstraint(
            "(deleted_at IS NULL) OR (deleted_by_id IS NOT NULL)", name=op.f("ck_customers_trashed_by_someone")
        ),
        sa.CheckConstraint("char_length(billing_city) <= 300", name=op.f("ck_customers_billing_city_length")),
        sa.CheckConstraint(
            "char_length(billing_postal_code) <= 50", name=op.f("ck_customers_billing_postal_code_length")
        ),
        sa.CheckConstraint("char_length(billing_state) <= 300", name=op.f("ck_customers_billing_state_length")),
        sa.CheckConstraint("char_length(billing_street) <= 300", name=op.f("ck_customers_billing_street_length")),
        sa.CheckConstraint("char_length(description) <= 20000", name=op.f("ck_customers_description_length")),
        sa.CheckConstraint("char_length(email) <= 254", name=op.f("ck_customers_email_length")),
        sa.CheckConstraint("char_length(industry) <= 300", name=op.f("ck_customers_industry_length")),
        sa.CheckConstraint("char_length(name) <= 300", name=op.f("ck_customers_name_length")),
        sa.CheckConstraint("char_length(phone) <= 50", name=op.f("ck_customers_phone_length")),
        sa.CheckConstraint("char_length(phone_e164) <= 50", name=op.f("ck_customers_phone_e164_length")),
        sa.CheckConstraint(
            "char_length(registration_number) <= 50", name=op.f("ck_customers_registration_number_length")
        ),
        sa.CheckConstraint("char_length(shipping_city) <= 300", name=op.f("ck_customers_shipping_city_length")),
        sa.CheckConstraint(
            "char_length(shipping_postal_code) <= 50", name=op.f("ck_customers_shipping_postal_code_length")
        ),
        sa.CheckConstraint("char_length(shipping_state) <= 300", name=op.f("ck_customers_shipping_state_length")),
        sa.CheckConstraint("char_length(shipping_street) <= 300", name=op.f("ck_customers_shipping_street_length")),
        sa.CheckConstraint("char_length(vat_number) <= 50", name=op.f("ck_customers_vat_number_length")),
        sa.CheckConstraint("char_length(website) <= 500", name=op.f("ck_customers_website_length")),
        sa.CheckConstraint("parent_id <> id", name=op.f("ck_customers_not_its_own_parent")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["employees.id"], name=op.f("fk_customers_created_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["created_from_lead_id"],
            ["leads.id"],
            name=op.f("fk_customers_created_from_lead_id"),
            ondelete="RESTRICT",
            use_alter=True,
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["employees.id"], name=op.f("fk_customers_deleted_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["employees.id"], name=op.f("fk_customers_owner_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["customers.id"], name=op.f("fk_customers_parent_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["employees.id"], name=op.f("fk_customers_updated_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
        sa.UniqueConstraint("created_from_lead_id", name=op.f("uq_customers_created_from_lead_id")),
        sa.UniqueConstraint("number", name=op.f("uq_customers_number")),
    )
    op.create_index(
        "ix_customers_created", "customers", ["created_at", "id"], postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_index(op.f("ix_customers_created_by_id"), "customers", ["created_by_id"])
    op.create_index(op.f("ix_customers_deleted_by_id"), "customers", ["deleted_by_id"])
    op.create_index("ix_customers_email_normalised", "customers", ["email_normalised"])
    op.create_index(
        "ix_customers_name", "customers", ["sort_name", "id"], postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_index("ix_customers_owner_name", "customers", ["owner_id", "sort_name", "id"])
    op.create_index(op.f("ix_customers_parent_id"), "customers", ["parent_id"])
    op.create_index("ix_customers_phone_e164", "customers", ["phone_e164"])
    op.create_index(
        "ix_customers_search",
        "customers",
        ["search_text"],
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.create_index(
        "ix_customers_updated", "customers", ["updated_at", "id"], postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.create_index(op.f("ix_customers_updated_by_id"), "customers", ["updated_by_id"])
    op.create_table(
        "contacts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("salutation", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("email_normalised", sa.Text(), sa.Computed("lower(email)", persisted=True), nullable=True),
        sa.Column("phone_e164", sa.Text(), nullable=True),
        sa.Column("mobile_e164", sa.Text(), nullable=True),
        sa.Column(
            "name",
            sa.Text(),
            sa.Computed("crm_lead_name(first_name, last_name, NULL, email)", persisted=True),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_by_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint"),
            nullable=True,
        ),
        sa.Column(
            "updated_by_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint"),
            nullable=True,
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "btrim(coalesce(first_name, '') || coalesce(last_name, '') || coalesce(email, '')) <> ''",
            name=op.f("ck_contacts_is_named"),
        ),
        sa.CheckConstraint(
            "(deleted_at IS NULL) OR (deleted_by_id IS NOT NULL)", name=op.f("ck_contacts_trashed_by_someone")
        ),
        sa.CheckConstraint("char_length(description) <= 20000", name=op.f("ck_contacts_description_length")),
        sa.CheckConstraint("char_length(email) <= 254", name=op.f("ck_contacts_email_length")),
        sa.CheckConstraint("char_length(first_name) <= 300", name=op.f("ck_contacts_first_name_length")),
        sa.CheckConstraint("char_length(job_title) <= 300", name=op.f("ck_contacts_job_title_length")),
        sa.CheckConstraint("char_length(last_name) <= 300", name=op.f("ck_contacts_last_name_length")),
        sa.CheckConstraint("char_length(mobile) <= 50", name=op.f("ck_contacts_mobile_length")),
        sa.CheckConstraint("char_length(mobile_e164) <= 50", name=op.f("ck_contacts_mobile_e164_length")),
        sa.CheckConstraint("char_length(phone) <= 50", name=op.f("ck_contacts_phone_length")),
        sa.CheckConstraint("char_length(phone_e164) <= 50", name=op.f("ck_contacts_phone_e164_length")),
        sa.CheckConstraint("char_length(salutation) <= 50", name=op.f("ck_contacts_salutation_length")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["employees.id"], name=op.f("fk_contacts_created_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_contacts_customer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["employees.id"], name=op.f("fk_contacts_deleted_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["employees.id"], name=op.f("fk_contacts_updated_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_created_by_id"), "contacts", ["created_by_id"])
    op.create_index(op.f("ix_contacts_customer_id"), "contacts", ["customer_id"])
    op.create_index(op.f("ix_contacts_deleted_by_id"), "contacts", ["deleted_by_id"])
    op.create_index("ix_contacts_email_normalised", "contacts", ["email_normalised"])
    op.create_index("ix_contacts_mobile_e164", "contacts", ["mobile_e164"])
    op.create_index("ix_contacts_phone_e164", "contacts", ["phone_e164"])
    op.create_index(op.f("ix_contacts_updated_by_id"), "contacts", ["updated_by_id"])
    op.create_index(
        "uq_contacts_primary",
        "contacts",
        ["customer_id"],
        unique=True,
        postgresql_where=sa.text("is_primary AND deleted_at IS NULL"),
    )
    op.create_table(
        "leads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("salutation", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), server_default="new", nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("rating", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("probability", sa.Integer(), nullable=True),
        sa.Column("expected_close_on", sa.Date(), nullable=True),
        sa.Column("next_step", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("lost_reason", sa.Text(), nullable=True),
        sa.Column("lost_note", sa.Text(), nullable=True),
        sa.Column("owner_id", sa.BigInteger(), nullable=True),
        sa.Column("customer_id", sa.BigInteger(), nullable=True),
        sa.Column("status_changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("external_system", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("email_normalised", sa.Text(), sa.Computed("lower(email)", persisted=True), nullable=True),
        sa.Column("phone_e164", sa.Text(), nullable=True),
        sa.Column("mobile_e164", sa.Text(), nullable=True),
        sa.Column(
            "name",
            sa.Text(),
            sa.Computed("crm_lead_name(first_name, last_name, company, email)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "sort_name",
            sa.Text(collation="C"),
            sa.Computed("crm_fold(crm_lead_name(first_name, last_name, company, email))", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "search_text",
            sa.Text(),
            sa.Computed(
                "crm_fold(coalesce(first_name, '') || ' ' || coalesce(last_name, '') || ' ' || coalesce(company, '')"
                " || ' ' || coalesce(email, '') || ' ' || coalesce(website, '')"
                " || ' ' || coalesce(phone_e164, phone, '') || ' ' || coalesce(mobile_e164, mobile, ''))",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_by_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint"),
            nullable=True,
        ),
        sa.Column(
            "updated_by_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint"),
            nullable=True,
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(status IN ('lost', 'disqualified')) = (lost_reason IS NOT NULL)", name=op.f("ck_leads_lost_has_reason")
        ),
        sa.CheckConstraint(
            "(status IN ('won', 'lost', 'disqualified')) = (closed_at IS NOT NULL)",
            name=op.f("ck_leads_closed_has_date"),
        ),
        sa.CheckConstraint(
            "btrim(coalesce(last_name, '') || coalesce(company, '') || coalesce(email, '')) <> ''",
            name=op.f("ck_leads_is_named"),
        ),
        sa.CheckConstraint(
            f"country IN ({COUNTRIES})",
            name=op.f("ck_leads_country_known"),
        ),
        sa.CheckConstraint(
            f"currency IN ({CURRENCIES})",
            name=op.f("ck_leads_currency_known"),
        ),
        sa.CheckConstraint(
            "lost_reason <> 'other' OR btrim(coalesce(lost_note, '')) <> ''",
            name=op.f("ck_leads_other_reason_has_note"),
        ),
        sa.CheckConstraint(
            "lost_reason IN ('price', 'competitor', 'no_budget', 'no_response', 'bad_timing', 'no_need', 'not_a_fit',"
            " 'other', 'not_recorded')",
            name=op.f("ck_leads_lost_reason_known"),
        ),
        sa.CheckConstraint("rating IN ('hot', 'warm', 'cold')", name=op.f("ck_leads_rating_known")),
        sa.CheckConstraint("status <> 'won' OR customer_id IS NOT NULL", name=op.f("ck_leads_won_has_customer")),
        sa.CheckConstraint(
            "status IN ('new', 'contacted', 'qualified', 'proposal', 'negotiation', 'on_hold', 'won', 'lost',"
            " 'disqualified')",
            name=op.f("ck_leads_status_known"),
        ),
        sa.CheckConstraint(
            "(deleted_at IS NULL) OR (deleted_by_id IS NOT NULL)", name=op.f("ck_leads_trashed_by_someone")
        ),
        sa.CheckConstraint(
            "(external_system IS NULL) = (external_id IS NULL)", name=op.f("ck_leads_external_id_has_system")
        ),
        sa.CheckConstraint("amount >= 0 AND amount <> 'NaN'", name=op.f("ck_leads_amount_not_negative")),
        sa.CheckConstraint(
            "expected_close_on BETWEEN '1900-01-01' AND '2199-12-31'", name=op.f("ck_leads_expected_close_on_sane")
        ),
        sa.CheckConstraint("amount IS NULL OR currency IS NOT NULL", name=op.f("ck_leads_amount_has_currency")),
        sa.CheckConstraint("char_length(city) <= 300", name=op.f("ck_leads_city_length")),
        sa.CheckConstraint("char_length(company) <= 300", name=op.f("ck_leads_company_length")),
        sa.CheckConstraint("char_length(description) <= 20000", name=op.f("ck_leads_description_length")),
        sa.CheckConstraint("char_length(email) <= 254", name=op.f("ck_leads_email_length")),
        sa.CheckConstraint("char_length(external_id) <= 300", name=op.f("ck_leads_external_id_length")),
        sa.CheckConstraint("char_length(external_system) <= 300", name=op.f("ck_leads_external_system_length")),
        sa.CheckConstraint("char_length(first_name) <= 300", name=op.f("ck_leads_first_name_length")),
        sa.CheckConstraint("char_length(industry) <= 300", name=op.f("ck_leads_industry_length")),
        sa.CheckConstraint("char_length(job_title) <= 300", name=op.f("ck_leads_job_title_length")),
        sa.CheckConstraint("char_length(last_name) <= 300", name=op.f("ck_leads_last_name_length")),
        sa.CheckConstraint("char_length(lost_note) <= 300", name=op.f("ck_leads_lost_note_length")),
        sa.CheckConstraint("char_length(mobile) <= 50", name=op.f("ck_leads_mobile_length")),
        sa.CheckConstraint("char_length(mobile_e164) <= 50", name=op.f("ck_leads_mobile_e164_length")),
        sa.CheckConstraint("char_length(next_step) <= 300", name=op.f("ck_leads_next_step_length")),
        sa.CheckConstraint("char_length(phone) <= 50", name=op.f("ck_leads_phone_length")),
        sa.CheckConstraint("char_length(phone_e164) <= 50", name=op.f("ck_leads_phone_e164_length")),
        sa.CheckConstraint("char_length(postal_code) <= 50", name=op.f("ck_leads_postal_code_length")),
        sa.CheckConstraint("char_length(salutation) <= 50", name=op.f("ck_leads_salutation_length")),
        sa.CheckConstraint("char_length(state) <= 300", name=op.f("ck_leads_state_length")),
        sa.CheckConstraint("char_length(street) <= 300", name=op.f("ck_leads_street_length")),
        sa.CheckConstraint("char_length(website) <= 500", name=op.f("ck_leads_website_length")),
        sa.CheckConstraint("probability BETWEEN 0 AND 100", name=op.f("ck_leads_probability_percent")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["employees.id"], name=op.f("fk_leads_created_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_leads_customer_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["deleted_by_id"], ["employees.id"], name=op.f("fk_leads_deleted_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["employees.id"], name=op.f("fk_leads_owner_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["source"], ["lead_sources.name"], name=op.f("fk_leads_source"), onupdate="CASCADE", ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["employees.id"], name=op.f("fk_leads_updated_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
        sa.UniqueConstraint("external_system", "external_id", name=op.f("uq_leads_external_system_external_id")),
    )
    op.create_index("ix_leads_closed", "leads", ["closed_at", "status"], postgresql_where=sa.text("deleted_at IS NULL"))
    op.create_index("ix_leads_created", "leads", ["created_at", "id"], postgresql_where=sa.text("deleted_at IS NULL"))
    op.create_index(op.f("ix_leads_created_by_id"), "leads", ["created_by_id"])
    op.create_index(op.f("ix_leads_customer_id"), "leads", ["customer_id"])
    op.create_index(op.f("ix_leads_deleted_by_id"), "leads", ["deleted_by_id"])
    op.create_index("ix_leads_email_normalised", "leads", ["email_normalised"])
    op.create_index("ix_leads_mobile_e164", "leads", ["mobile_e164"])
    op.create_index("ix_leads_name", "leads", ["sort_name", "id"], postgresql_where=sa.text("deleted_at IS NULL"))
    op.create_index("ix_leads_owner_updated", "leads", ["owner_id", "updated_at", "id"])
    op.create_index("ix_leads_phone_e164", "leads", ["phone_e164"])
    op.create_index(
        "ix_leads_search",
        "leads",
        ["search_text"],
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.create_index("ix_leads_source_updated", "leads", ["source", "updated_at", "id"])
    op.create_index(
        "ix_leads_status_updated",
        "leads",
        ["status", "updated_at", "id"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index("ix_leads_updated", "leads", ["updated_at", "id"], postgresql_where=sa.text("deleted_at IS NULL"))
    op.create_index(op.f("ix_leads_updated_by_id"), "leads", ["updated_by_id"])
    op.create_foreign_key(
        "fk_customers_created_from_lead_id", "customers", "leads", ["created_from_lead_id"], ["id"], ondelete="RESTRICT"
    )
    op.execute("CREATE TRIGGER touch BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION crm_touch()")
    op.execute("CREATE TRIGGER touch BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION crm_touch()")
    op.execute("CREATE TRIGGER touch BEFORE UPDATE ON contacts FOR EACH ROW EXECUTE FUNCTION crm_touch()")


def downgrade() -> None:
    op.drop_constraint("fk_customers_created_from_lead_id", "customers")
    for table in ("contacts", "leads", "customers", "lead_sources"):
        op.drop_table(table)
