"""
Keep authenticator apps and recovery codes, and how somebody signed in.

An instance of the release before this one goes on, but asks nobody for a second factor: replace all of them before
anybody sets one up.
"""

import sqlalchemy as sa
from alembic import op

revision = "057"
down_revision = "056"
branch_labels = None
depends_on = None

METHODS = "'password', 'link', 'app', 'recovery_code', 'provider', 'proxy'"


def upgrade() -> None:
    op.execute("ALTER TABLE employees ADD COLUMN has_second_factor boolean DEFAULT false NOT NULL")
    op.execute(
        "ALTER TABLE sign_ins ADD COLUMN method text, ADD COLUMN awaits_factor boolean DEFAULT false NOT NULL,"
        " ADD COLUMN is_new_device boolean DEFAULT false NOT NULL,"
        f" ADD CONSTRAINT ck_sign_ins_method_known CHECK (method IN ({METHODS}))"
    )
    op.create_table(
        "authenticators",
        sa.Column("employee_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(secret) <= 50", name=op.f("ck_authenticators_secret_length")),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_authenticators_employee_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("employee_id", name=op.f("pk_authenticators")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("employee_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_recovery_codes_employee_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_recovery_codes_code_hash")),
    )
    op.create_index(op.f("ix_recovery_codes_employee_id"), "recovery_codes", ["employee_id"])


def downgrade() -> None:
    op.drop_table("recovery_codes")
    op.drop_table("authenticators")
    # Whoever has not shown the second factor yet must not be let in by code that knows of none.
    op.execute("DELETE FROM sign_ins WHERE awaits_factor")
    op.execute("ALTER TABLE sign_ins DROP COLUMN is_new_device, DROP COLUMN awaits_factor, DROP COLUMN method")
    op.execute("ALTER TABLE employees DROP COLUMN has_second_factor")
