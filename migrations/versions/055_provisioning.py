"""
Keep what an identity provider says of employees and groups through SCIM.

An instance of the release before this one goes on: it knows nothing of these tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "055"
down_revision = "054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provisioned_employees",
        sa.Column("employee_id", sa.BigInteger(), nullable=False),
        sa.Column("user_name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.CheckConstraint("char_length(given_name) <= 300", name=op.f("ck_provisioned_employees_given_name_length")),
        sa.CheckConstraint("char_length(family_name) <= 300", name=op.f("ck_provisioned_employees_family_name_length")),
        sa.CheckConstraint("char_length(user_name) <= 300", name=op.f("ck_provisioned_employees_user_name_length")),
        sa.CheckConstraint("char_length(external_id) <= 300", name=op.f("ck_provisioned_employees_external_id_length")),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_provisioned_employees_employee_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("employee_id", name=op.f("pk_provisioned_employees")),
        sa.UniqueConstraint("external_id", name=op.f("uq_provisioned_employees_external_id")),
    )
    op.create_index(
        "uq_provisioned_employees_user_name", "provisioned_employees", [sa.text("lower(user_name)")], unique=True
    )
    op.create_table(
        "provisioned_groups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.CheckConstraint("char_length(name) <= 300", name=op.f("ck_provisioned_groups_name_length")),
        sa.CheckConstraint("char_length(external_id) <= 300", name=op.f("ck_provisioned_groups_external_id_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provisioned_groups")),
        sa.UniqueConstraint("external_id", name=op.f("uq_provisioned_groups_external_id")),
    )
    op.create_index("uq_provisioned_groups_name", "provisioned_groups", [sa.text("lower(name)")], unique=True)
    op.create_table(
        "provisioned_members",
        sa.Column("group_id", sa.BigInteger(), nullable=False),
        sa.Column("employee_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["provisioned_groups.id"], name=op.f("fk_provisioned_members_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_provisioned_members_employee_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "employee_id", name=op.f("pk_provisioned_members")),
    )
    op.create_index(op.f("ix_provisioned_members_employee_id"), "provisioned_members", ["employee_id"])


def downgrade() -> None:
    for table in ("provisioned_members", "provisioned_groups", "provisioned_employees"):
        op.drop_table(table)
