"""Keep the IDs that records have in other systems, and import related files together."""

import sqlalchemy as sa
from alembic import op

revision = "048"
down_revision = "047"
branch_labels = None
depends_on = None

RECORDS = {"customer": "customers", "contact": "contacts", "activity": "activities"}


def upgrade() -> None:
    columns = "".join(f"{name}_id bigint, " for name in RECORDS)
    keys = ", ".join(
        f"CONSTRAINT fk_external_ids_{name}_id FOREIGN KEY ({name}_id) REFERENCES {table} (id) ON DELETE CASCADE"
        for name, table in RECORDS.items()
    )
    op.execute(f"""
        CREATE TABLE external_ids (
            id bigint GENERATED ALWAYS AS IDENTITY,
            system text NOT NULL,
            external_id text NOT NULL,
            {columns}
            xact xid8 DEFAULT crm_xact() NOT NULL,
            CONSTRAINT pk_external_ids PRIMARY KEY (id),
            CONSTRAINT ck_external_ids_of_one_record
                CHECK (num_nonnulls(customer_id, contact_id, activity_id) = 1),
            CONSTRAINT ck_external_ids_system_length CHECK (char_length(system) <= 300),
            CONSTRAINT ck_external_ids_external_id_length CHECK (char_length(external_id) <= 300),
            {keys}
        );
        CREATE INDEX ix_external_ids_xact ON external_ids (xact);
    """)
    for name in RECORDS:
        op.execute(f"""
            CREATE UNIQUE INDEX uq_external_ids_{name} ON external_ids (external_id, system)
                WHERE {name}_id IS NOT NULL;
            CREATE INDEX ix_external_ids_{name}_id ON external_ids ({name}_id) WHERE {name}_id IS NOT NULL;
        """)
    op.add_column("imports", sa.Column("set_id", sa.BigInteger))
    op.create_foreign_key("fk_imports_set_id", "imports", "imports", ["set_id"], ["id"], ondelete="RESTRICT")
    op.create_index("ix_imports_set_id", "imports", ["set_id"], postgresql_where=sa.text("set_id IS NOT NULL"))
    op.add_column("import_results", sa.Column("contact_id", sa.BigInteger))
    op.add_column("import_results", sa.Column("activity_id", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("import_results", "activity_id")
    op.drop_column("import_results", "contact_id")
    op.drop_index("ix_imports_set_id", "imports")
    op.drop_constraint("fk_imports_set_id", "imports", type_="foreignkey")
    op.drop_column("imports", "set_id")
    op.drop_table("external_ids")
