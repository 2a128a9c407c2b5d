"""
Give tables, columns and functions the names that they have in the code: nothing but names changes, and no row.

An instance of the release before this one answers errors from here on, and says so at /readyz, until it is replaced.
"""

from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "036"
down_revision = "035"
branch_labels = None
depends_on = None

TABLES = {
    "lead_stays": "lead_status_history",
    "lead_touches": "lead_last_activity",
    "customer_touches": "customer_last_activity",
}
FUNCTIONS = {
    "crm_touch()": "crm_set_audit_columns()",
    "crm_begin_touches()": "crm_start_last_activity()",
    "crm_count_stays()": "crm_count_status_history()",
    "crm_keep_ledger()": "crm_keep_conversion()",
    "crm_fold_counts(bigint)": "crm_compact_counts(bigint)",
}
WITH_AUDIT_COLUMNS = ("activities", "contacts", "customers", "employees", "leads", "saved_views", "webhooks")
BEFORE = (
    "032/count_leads.sql",
    *(
        f"028/functions/crm_{name}.sql"
        for name in (
            *("count_rows", "recount", "begin_touches", "look_for_last_activity", "note_last_activity"),
            *("record_change", "keep_ledger"),
        )
    ),
)
"""The functions that name what is renamed, as they were."""
# Renames the indexes, constraints, statistics and sequences that begin or end with the table's name.
RENAME_PARTS = """
DO $$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT format('ALTER TABLE %I RENAME CONSTRAINT %I TO %I', '{new}', conname, replace(conname, '{old}', '{new}'))
            AS renaming FROM pg_constraint WHERE conrelid = '{new}'::regclass AND conname LIKE '%{old}%'
        UNION ALL
        SELECT format('ALTER INDEX %I RENAME TO %I', c.relname, replace(c.relname, '{old}', '{new}'))
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = '{new}'::regclass AND NOT i.indisprimary AND c.relname LIKE '%{old}%'
        UNION ALL
        SELECT format('ALTER STATISTICS %I RENAME TO %I', stxname, replace(stxname, '{old}', '{new}'))
        FROM pg_statistic_ext WHERE stxrelid = '{new}'::regclass AND stxname LIKE '%{old}%'
        UNION ALL
        SELECT format('ALTER SEQUENCE %I RENAME TO %I', c.relname, replace(c.relname, '{old}', '{new}'))
        FROM pg_class c JOIN pg_depend d ON d.objid = c.oid
        WHERE c.relkind = 'S' AND d.refobjid = '{new}'::regclass AND c.relname LIKE '%{old}%'
    LOOP
        EXECUTE part.renaming;
    END LOOP;
END
$$
"""


def upgrade() -> None:
    for old, new in TABLES.items():
        _rename_table(old, new)
    _rename_source("door", "source")
    for old, new in FUNCTIONS.items():
        op.execute(f"ALTER FUNCTION {old} RENAME TO {new.split('(')[0]}")
    for table in WITH_AUDIT_COLUMNS:
        op.execute(f"ALTER TRIGGER touch ON {table} RENAME TO set_audit_columns")
    run_sql_files("036/*.sql")


def downgrade() -> None:
    for table in WITH_AUDIT_COLUMNS:
        op.execute(f"ALTER TRIGGER set_audit_columns ON {table} RENAME TO touch")
    for old, new in FUNCTIONS.items():
        op.execute(f"ALTER FUNCTION {new} RENAME TO {old.split('(')[0]}")
    _rename_source("source", "door")
    for old, new in TABLES.items():
        _rename_table(new, old)
    run_sql_files(*BEFORE)
    for function in ("crm_count_leads", "crm_record_change"):
        op.execute(f"ALTER FUNCTION {function}() SET enable_nestloop TO off")


def _rename_table(old: str, new: str) -> None:
    op.rename_table(old, new)
    op.execute(RENAME_PARTS.format(old=old, new=new))


def _rename_source(old: str, new: str) -> None:
    op.alter_column("changes", old, new_column_name=new)
    op.execute(f"ALTER INDEX ix_changes_{old} RENAME TO ix_changes_{new}")
    op.execute(f"ALTER TABLE changes RENAME CONSTRAINT ck_changes_{old}_known TO ck_changes_{new}_known")
