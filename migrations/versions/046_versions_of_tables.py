"""
Give employees and saved views a version that changes with them.

Every page reads both. With the version, which the query for who is signed in reads as well, an instance knows that
what it read before still holds.
"""

import sqlalchemy as sa
from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "046"
down_revision = "045"
branch_labels = None
depends_on = None

TABLES = ("employees", "saved_views", "view_choices")


def upgrade() -> None:
    op.create_table(
        "table_versions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.CheckConstraint("char_length(name) <= 50", name=op.f("ck_table_versions_name_length")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_table_versions")),
    )
    run_sql_files("046/*.sql")
    for table in TABLES:
        op.execute(f"INSERT INTO table_versions (name) VALUES ('{table}')")
        op.execute(
            f"CREATE TRIGGER renew_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION crm_renew_version()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.execute(f"DROP TRIGGER renew_version ON {table}")
    op.execute("DROP FUNCTION crm_renew_version()")
    op.drop_table("table_versions")
