"""Keep exchange rates in history, with where each is from."""

from alembic import op

revision = "065"
down_revision = "064"
branch_labels = None
depends_on = None

TABLES = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}


def upgrade() -> None:
    op.execute("""
        ALTER TABLE exchange_rates
            ADD COLUMN id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT uq_exchange_rates_id UNIQUE,
            ADD COLUMN source text DEFAULT 'manual' NOT NULL
                CONSTRAINT ck_exchange_rates_source_known CHECK (source IN ('file', 'manual')),
            ADD COLUMN version integer DEFAULT 1 NOT NULL
    """)
    for event, rows in TABLES.items():
        op.execute(f"""
            CREATE TRIGGER record_{event} AFTER {event.upper()} ON exchange_rates REFERENCING {rows}
                FOR EACH STATEMENT EXECUTE FUNCTION crm_record_change('exchange_rate', 'id,version')
        """)


def downgrade() -> None:
    for event in TABLES:
        op.execute(f"DROP TRIGGER record_{event} ON exchange_rates")
    op.execute("ALTER TABLE exchange_rates DROP COLUMN version, DROP COLUMN source, DROP COLUMN id")
