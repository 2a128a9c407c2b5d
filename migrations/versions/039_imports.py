"""
Keep the imports of the browser with their files, so that any instance and any worker goes on with them.

The last time that a worker was seen tells a page that waits for one whether it waits in vain.
"""

from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "039"
down_revision = "038"
branch_labels = None
depends_on = None

TABLES = (
    "worker_heartbeat",
    "import_corrections",
    "import_results",
    "import_progress",
    "import_chunks",
    "imports",
)


def upgrade() -> None:
    run_sql_files("039/*.sql")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
