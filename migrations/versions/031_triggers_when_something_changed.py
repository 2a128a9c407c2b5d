"""
Let an update check and lock the owner or assignee only where that is what changed.

Each edit of a lead locked its owner's row, whatever it was about.
"""

from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "031"
down_revision = "030"
branch_labels = None
depends_on = None

TRIGGERS = {
    "leads": ("check_owners_update", "crm_check_owners"),
    "customers": ("check_owners_update", "crm_check_owners"),
    "activities": ("check_assignees_update", "crm_check_assignees"),
}


def upgrade() -> None:
    _run_after_updates("OLD TABLE AS old_rows NEW TABLE AS new_rows")
    run_sql_files("031/*.sql")


def downgrade() -> None:
    for function in ("crm_check_owners", "crm_check_assignees"):
        run_sql_files(f"028/functions/{function}.sql")
    _run_after_updates("NEW TABLE AS new_rows")


def _run_after_updates(rows: str) -> None:
    for table, (name, function) in TRIGGERS.items():
        op.execute(
            f"CREATE OR REPLACE TRIGGER {name} AFTER UPDATE ON {table} REFERENCING {rows}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )
