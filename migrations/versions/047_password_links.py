"""
Let people choose their password by a link, and keep emails until they are sent.

An instance of the release before this one goes on: it writes no links and no emails, and passwords that it sets for
others need not be changed.
"""

import sqlalchemy as sa
from alembic import op

revision = "047"
down_revision = "046"
branch_labels = None
depends_on = None


NOT_RECORDED = (
    "id,version,created_at,created_by_id,updated_at,updated_by_id,sort_name,search_text,email_normalised,phone_e164,"
    "mobile_e164,password_hash,number,status_changed_at"
)
"""The columns of employees that history has left out so far."""


def upgrade() -> None:
    op.add_column(
        "employees", sa.Column("must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    record_changes(f"{NOT_RECORDED},must_change_password")
    op.create_table(
        "password_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("employee_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("char_length(email) <= 254", name=op.f("ck_password_links_email_length")),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_password_links_employee_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_links")),
        sa.UniqueConstraint("employee_id", name=op.f("uq_password_links_employee_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_password_links_token_hash")),
    )
    op.create_table(
        "outgoing_mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("employee_id", sa.BigInteger(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("char_length(recipient) <= 254", name=op.f("ck_outgoing_mails_recipient_length")),
        sa.CheckConstraint("char_length(subject) <= 300", name=op.f("ck_outgoing_mails_subject_length")),
        sa.CheckConstraint("char_length(body) <= 20000", name=op.f("ck_outgoing_mails_body_length")),
        sa.CheckConstraint("char_length(error) <= 300", name=op.f("ck_outgoing_mails_error_length")),
        sa.ForeignKeyConstraint(
            ["employee_id"], ["employees.id"], name=op.f("fk_outgoing_mails_employee_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_mails")),
    )
    op.create_index(
        "ix_outgoing_mails_due", "outgoing_mails", ["next_attempt_at"], postgresql_where=sa.text("failed_at IS NULL")
    )
    op.create_index(
        "ix_outgoing_mails_failed",
        "outgoing_mails",
        ["employee_id", "failed_at"],
        postgresql_where=sa.text("failed_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("outgoing_mails")
    op.drop_table("password_links")
    record_changes(NOT_RECORDED)
    op.drop_column("employees", "must_change_password")


def record_changes(left_out: str) -> None:
    """Let the history of employees leave out these columns."""
    tables = {
        "insert": "NEW TABLE AS new_rows",
        "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "delete": "OLD TABLE AS old_rows",
    }
    for event, rows in tables.items():
        op.execute(f"DROP TRIGGER record_{event} ON employees")
        op.execute(
            f"CREATE TRIGGER record_{event} AFTER {event.upper()} ON employees REFERENCING {rows}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION crm_record_change('employee', '{left_out}')"
        )
