"""Count customers and contacts by aggregates, as leads are, since each of their lists counted up to 10,001 rows."""

from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "081"
down_revision = "080"
branch_labels = None
depends_on = None

TABLES = ("customers", "contacts")
BEFORE = ("standing", "created", "closed", "expected", "stayed", "activity")


def upgrade() -> None:
    _know_figures(*BEFORE, *TABLES)
    run_sql_files("081/*.sql")
    for table in TABLES:
        # These lock out writers until the end, so that what is counted below is all there is.
        op.execute(f"""
            CREATE TRIGGER count_insert AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows
                FOR EACH STATEMENT EXECUTE FUNCTION crm_count_records();
            CREATE TRIGGER count_update AFTER UPDATE ON {table} FOR EACH ROW
                WHEN ((old.deleted_at IS NULL) IS DISTINCT FROM (new.deleted_at IS NULL))
                EXECUTE FUNCTION crm_count_records();
            CREATE TRIGGER count_delete AFTER DELETE ON {table} FOR EACH ROW WHEN (old.deleted_at IS NULL)
                EXECUTE FUNCTION crm_count_records();
        """)
        op.execute(f"""
            INSERT INTO count_deltas (owner_id, source, figure, status, detail, currency, how_many, how_many_priced,
                amount, weighted, seconds)
            SELECT 0, '', '{table}', '', '', '', count(*), 0, 0, 0, 0 FROM {table} WHERE deleted_at IS NULL
            HAVING count(*) > 0
        """)


def downgrade() -> None:
    for table in TABLES:
        for event in ("insert", "update", "delete"):
            op.execute(f"DROP TRIGGER IF EXISTS count_{event} ON {table}")
    op.execute("DROP FUNCTION IF EXISTS crm_count_records()")
    run_sql_files("036/count_rows.sql", "036/recount.sql")
    for table in ("count_deltas", "counts"):
        op.execute(f"DELETE FROM {table} WHERE figure IN ('customers', 'contacts')")
    _know_figures(*BEFORE)


def _know_figures(*figures: str) -> None:
    """Say which figures there are. Validated apart, so that writers wait for a moment only."""
    check = f"CHECK (figure IN ({', '.join(repr(figure) for figure in figures)})) NOT VALID"
    with op.get_context().autocommit_block():
        for table in ("count_deltas", "counts"):
            name = f"ck_{table}_figure_known"
            op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {check}")
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
