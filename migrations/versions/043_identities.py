"""
Let people sign in by what an identity provider says.

An instance of the release before this one goes on: it writes no identities, and its sign-ins have no provider.
"""

import sqlalchemy as sa
from alembic import op

revision = "043"
down_revision = "042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "employee_identities",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("employee_id", sa.BigInteger(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("char_length(issuer) <= 300", name=op.f("ck_employee_identities_issuer_length")),
        sa.CheckConstraint("char_length(subject) <= 300", name=op.f("ck_employee_identities_subject_length")),
        sa.ForeignKeyConstraint(
            ["employee_id"],
            ["employees.id"],
            name=op.f("fk_employee_identities_employee_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employee_identities")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_employee_identities_issuer_subject")),
        sa.UniqueConstraint("employee_id", "issuer", name=op.f("uq_employee_identities_employee_id_issuer")),
    )
    op.add_column("sign_ins", sa.Column("provider_session", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_sign_ins_provider_session_length"), "sign_ins", "char_length(provider_session) <= 300"
    )


def downgrade() -> None:
    op.drop_column("sign_ins", "provider_session")
    op.drop_table("employee_identities")
