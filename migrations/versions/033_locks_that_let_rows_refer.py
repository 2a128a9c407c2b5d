"""
Let rows that refer to an employee or customer be written while that is changed.

Owners and assignees are checked under FOR SHARE, which waits for any change of the employee. So a deactivation no
longer locks the row against everything that mentions the person, such as a lead that they entered.

PostgreSQL takes a generated column for changed in each update, and one with a plain unique index for a key: it locked
the row as for a deletion. A customer's number is unique without an index, because its id is.
"""

import sqlalchemy as sa
from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "033"
down_revision = "032"
branch_labels = None
depends_on = None


EMAIL = ("uq_employees_email_normalised", "employees", ["email_normalised"])


def upgrade() -> None:
    op.drop_constraint("uq_customers_number", "customers")
    op.create_index("ix_customers_number", "customers", ["number"])
    op.drop_constraint("uq_employees_email_normalised", "employees")
    op.create_index(*EMAIL, unique=True, postgresql_where=sa.text("email_normalised IS NOT NULL"))
    run_sql_files("033/*.sql")


def downgrade() -> None:
    op.drop_index("uq_employees_email_normalised", "employees")
    op.create_unique_constraint(*EMAIL)
    op.drop_index("ix_customers_number", "customers")
    op.create_unique_constraint("uq_customers_number", "customers", ["number"])
    run_sql_files("031/*.sql")
    for function in ("crm_keep_owners", "crm_keep_assignees"):
        run_sql_files(f"028/functions/{function}.sql")
