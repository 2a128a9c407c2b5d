"""
Build every table, function and trigger at once: what the migrations 001 to 028 came to.

A database that is at 028 already goes on from there. One that is older is upgraded with an earlier release first.
"""

from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "028"
down_revision = None
branch_labels = None
depends_on = None

# In the order of their foreign keys. That of customers to the lead that made them closes a circle and comes last.
TABLES = (
    *("employees", "sign_ins", "sign_in_failures", "drafts", "submissions", "saved_views", "view_choices"),
    *("api_tokens", "api_uses", "lead_sources", "customers", "contacts", "leads", "customer_touches", "lead_touches"),
    *("lead_stays", "activities", "conversions", "changes", "webhooks", "webhook_deliveries"),
    *("bulk_edits", "bulk_items", "known_words", "count_deltas"),
)
LEAD_OF_CUSTOMER = """
ALTER TABLE customers ADD CONSTRAINT fk_customers_created_from_lead_id
FOREIGN KEY (created_from_lead_id) REFERENCES leads (id) ON DELETE RESTRICT
"""
DROP_FUNCTIONS = """
DO $$
DECLARE
    function regprocedure;
BEGIN
    FOR function IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND starts_with(proname, 'crm_')
    LOOP
        EXECUTE 'DROP FUNCTION ' || function || ' CASCADE';
    END LOOP;
END
$$
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    # One function gives rows of this table; all others are read by the server only when they are called.
    run_sql_files("028/tables/counts.sql")
    op.execute("SET LOCAL check_function_bodies = off")
    run_sql_files("028/functions/*.sql")
    run_sql_files(*(f"028/tables/{table}.sql" for table in TABLES), "028/feed_shift.sql")
    op.execute(LEAD_OF_CUSTOMER)
    run_sql_files("028/triggers/*.sql")


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW feed_shift")
    op.execute(f"DROP TABLE {', '.join((*TABLES, 'counts'))} CASCADE")
    op.execute(DROP_FUNCTIONS)
