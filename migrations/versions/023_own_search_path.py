"""
What the database does by itself always finds its own tables.

A trigger that writes to `changes` wrote to whatever the session calls so: a temporary table of that name, which any
session may make, and the history stayed empty; one called `employees` made an owner of anybody. Temporary tables now
come last, where none of theirs can stand before one of ours.
"""

from alembic import op

revision = "023"
down_revision = "022"
branch_labels = None
depends_on = None

# Those that read or write tables. The others compute from what they are given, and are woven into the statement around
# them, which a setting of their own would prevent.
FUNCTIONS = (
    "crm_begin_touches()",
    "crm_change_last_activity()",
    "crm_check_owners()",
    "crm_count_activities()",
    "crm_count_leads()",
    "crm_count_rows()",
    "crm_count_stays()",
    "crm_fold_counts(bigint)",
    "crm_keep_admin()",
    "crm_keep_bulk_edit()",
    "crm_keep_bulk_item()",
    "crm_keep_history()",
    "crm_keep_ledger()",
    "crm_keep_owners()",
    "crm_learn_words()",
    "crm_look_for_last_activity(bigint[], bigint[])",
    "crm_move_last_activity()",
    "crm_note_last_activity()",
    "crm_record_change()",
    "crm_recount()",
    "crm_refuse_truncate()",
    "crm_remember_furthest()",
    "crm_settled_before()",
    "crm_touch()",
    "crm_xact()",
)


def upgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function} SET search_path = pg_catalog, public, pg_temp")


def downgrade() -> None:
    for function in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function} RESET search_path")
