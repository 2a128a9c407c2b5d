"""Let notifications go on in another cluster: what comes there counts on from where they were read to."""

from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "063"
down_revision = "062"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replace("063/feed_shift.sql")


def downgrade() -> None:
    _replace("028/feed_shift.sql")


def _replace(file: str) -> None:
    op.execute("DROP MATERIALIZED VIEW feed_shift")
    run_sql_files(file)
