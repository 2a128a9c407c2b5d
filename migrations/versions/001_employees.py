"""Employees, their sign-ins, and the functions that every table uses."""

import sqlalchemy as sa
from alembic import op

revision = "001"
down_revision = None
branch_labels = None
depends_on = None


FOLD = """
CREATE FUNCTION crm_fold(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT lower(public.unaccent('public.unaccent'::regdictionary, normalize(value, NFKC)))
$$
"""

NAME = """
CREATE FUNCTION crm_lead_name(first_name text, last_name text, company text, email text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(
        nullif(btrim(coalesce(first_name, '') || ' ' || coalesce(last_name, '')), ''),
        nullif(btrim(company), ''), nullif(btrim(email), ''), '?')
$$
"""

TOUCH = """
CREATE FUNCTION crm_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    NEW.updated_by_id := nullif(current_setting('crm.actor_id', true), '')::bigint;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    for function in (FOLD, NAME, TOUCH):
        op.execute(function)
    op.create_table(
        "employees",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_normalised", sa.Text(), sa.Computed("lower(email)", persisted=True), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("phone_e164", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), server_default="UTC", nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        sa.Column("theme", sa.Text(), server_default="system", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("manager_id", sa.BigInteger(), nullable=True),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column(
            "created_by_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint"),
            nullable=True,
        ),
        sa.Column(
            "updated_by_id",
            sa.BigInteger(),
            server_default=sa.text("nullif(current_setting('crm.actor_id', true), '')::bigint"),
            nullable=True,
        ),
        sa.CheckConstraint("role IN ('viewer', 'sales', 'manager', 'admin')", name=op.f("ck_employees_role_known")),
        sa.CheckConstraint("theme IN ('system', 'light', 'dark')", name=op.f("ck_employees_theme_known")),
        sa.CheckConstraint("char_length(email) <= 254", name=op.f("ck_employees_email_length")),
        sa.CheckConstraint("char_length(job_title) <= 300", name=op.f("ck_employees_job_title_length")),
        sa.CheckConstraint("char_length(locale) <= 50", name=op.f("ck_employees_locale_length")),
        sa.CheckConstraint("char_length(name) <= 300", name=op.f("ck_employees_name_length")),
        sa.CheckConstraint("char_length(phone) <= 50", name=op.f("ck_employees_phone_length")),
        sa.CheckConstraint("char_length(phone_e164) <= 50", name=op.f("ck_employees_phone_e164_length")),
        sa.CheckConstraint("char_length(time_zone) <= 50", name=op.f("ck_employees_time_zone_length")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["employees.id"], name=op.f("fk_employees_created_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["manager_id"], ["employees.id"], name=op.f("fk_employees_manager_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["employees.id"], name=op.f("fk_employees_updated_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_employees")),
        sa.UniqueConstraint("email_normalised", name=op.f("uq_employees_email_normalised")),
    )
    op.create_index(op.f("ix_employees_created_by_id"), "employees", ["created_by_id"])
    op.create_index(op.f("ix_employees_manager_id"), "employees", ["manager_id"])
    op.create_index(op.f("ix_employees_updated_by_id"), "employees", ["updated_by_id"])
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("employee_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remote_address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.CheckConstraint("char_length(remote_address) <= 50", name=op.f("ck_sign_ins_remote_address_length")),
        sa.CheckConstraint("char_length(user_agent) <= 300", name=op.f("ck_sign_ins_user_agent_length")),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_sign_ins_employee_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sign_ins_token_hash")),
    )
    op.create_index(op.f("ix_sign_ins_employee_id"), "sign_ins", ["employee_id"])
    op.create_table(
        "sign_in_failures",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_failures")),
    )
    op.execute("CREATE TRIGGER touch BEFORE UPDATE ON employees FOR EACH ROW EXECUTE FUNCTION crm_touch()")


def downgrade() -> None:
    op.drop_table("sign_in_failures")
    op.drop_table("sign_ins")
    op.drop_table("employees")
    op.execute("DROP FUNCTION crm_touch, crm_lead_name, crm_fold")
