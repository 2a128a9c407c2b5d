"""
Look up the last activity of a customer by its index when a lead gets a customer.

Migration 035 forbade nested loops in the trigger functions that join old with new rows. One of them calls this one,
which inherited that and read whole tables for each lead that was won: 2.2 of 6 ms with 20,000 leads.
"""

from alembic import op

revision = "038"
down_revision = "037"
branch_labels = None
depends_on = None

FUNCTION = "crm_look_for_last_activity(bigint[], bigint[])"


def upgrade() -> None:
    op.execute(f"ALTER FUNCTION {FUNCTION} SET enable_nestloop TO on")


def downgrade() -> None:
    op.execute(f"ALTER FUNCTION {FUNCTION} RESET enable_nestloop")
