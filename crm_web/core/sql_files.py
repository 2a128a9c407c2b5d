"""Runs the .sql files of the migrations, which stand in ``migrations/sql/`` in a folder for each migration."""

import sqlalchemy as sa
from alembic import op

from crm_web.core.config import ROOT


def run_sql_files(*patterns: str) -> None:
    """Run files on the database that is being migrated.

    :param patterns: paths below ``migrations/sql``, in order; each may have wildcards
    """
    for pattern in patterns:
        for path in sorted((ROOT / "migrations" / "sql").glob(pattern)):
            # A colon is SQL's own here, and begins no parameter.
            op.execute(sa.text(path.read_text().replace(":", r"\:")))
