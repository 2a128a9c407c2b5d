"""Find the customers that a lead may be already: by a similar name, and by the domain of e-mail or website."""

import sqlalchemy as sa
from alembic import op

revision = "011"
down_revision = "010"
branch_labels = None
depends_on = None

# Reads an e-mail address and a website alike: zoe@acme.example, https://www.acme.example/x.
HOST = """
CREATE FUNCTION crm_host(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(
        regexp_replace(lower(value), '^([a-z]+://)?([^/@]*@)?(www[.])?', ''), '[/:?#].*$', '')
$$
"""


def upgrade() -> None:
    op.execute(HOST)
    op.create_index(
        "ix_customers_alike",
        "customers",
        ["sort_name"],
        postgresql_using="gin",
        postgresql_ops={"sort_name": "gin_trgm_ops"},
    )
    for column in ("email", "website"):
        op.create_index(f"ix_customers_{column}_host", "customers", [sa.text(f"crm_host({column})")])


def downgrade() -> None:
    for name in ("website_host", "email_host", "alike"):
        op.drop_index(f"ix_customers_{name}", "customers")
    op.execute("DROP FUNCTION crm_host")
