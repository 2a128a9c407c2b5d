"""
Run triggers only where their columns changed, and never compare each changed row with each other one.

A function keeps the plan of its first call. Where that was for one row, it joined the old and the new rows of a large
update by a nested loop: handing over 1,500 leads took a second, and ten times as many a hundred times as long.
"""

from alembic import op

from crm_web.core.sql_files import run_sql_files

revision = "035"
down_revision = "034"
branch_labels = None
depends_on = None

OLD_AND_NEW = "OLD TABLE AS old_rows NEW TABLE AS new_rows"
NEW_OWNER = "OLD.owner_id IS DISTINCT FROM NEW.owner_id"
OPEN_TASK_FOR_SOMEBODY = """
    NEW.kind = 'task' AND NEW.done_at IS NULL AND NEW.assignee_id IS NOT NULL
    AND (OLD.kind, OLD.done_at, OLD.assignee_id) IS DISTINCT FROM (NEW.kind, NEW.done_at, NEW.assignee_id)
"""
COUNTED = """
    (OLD.created_by_id, OLD.happened_at, OLD.kind) IS DISTINCT FROM (NEW.created_by_id, NEW.happened_at, NEW.kind)
"""
PLACE_OR_TIME = """
    (OLD.happened_at, OLD.lead_id, OLD.customer_id) IS DISTINCT FROM (NEW.happened_at, NEW.lead_id, NEW.customer_id)
"""
AFTER_UPDATES = {
    ("leads", "check_owners_update", "crm_check_owners"): NEW_OWNER,
    ("leads", "hand_on_tasks", "crm_hand_on_tasks"): NEW_OWNER,
    ("customers", "check_owners_update", "crm_check_owners"): NEW_OWNER,
    ("customers", "hand_on_tasks", "crm_hand_on_tasks"): NEW_OWNER,
    ("activities", "check_assignees_update", "crm_check_assignees"): OPEN_TASK_FOR_SOMEBODY,
    ("activities", "count_update", "crm_count_activities"): COUNTED,
    ("activities", "last_activity_update", "crm_change_last_activity"): PLACE_OR_TIME,
}
"""Table, name and function of each trigger that now runs for a row that meets its condition."""
STOPS = """
    OLD.is_active AND (NOT NEW.is_active OR (OLD.role <> 'viewer' AND NEW.role = 'viewer'))
"""
STOPS_SELLING = "OLD.is_active AND OLD.role <> 'viewer' AND NOT (NEW.is_active AND NEW.role <> 'viewer')"
JOINING = ("crm_count_leads", "crm_move_last_activity", "crm_record_change")
"""Functions that join the old and the new rows of a statement."""
APPEND_ONLY = {"changes": ("keep", "keep_all"), "lead_stays": ("keep_row", "keep_statement")}
"""Each table with the triggers that refused changes of a row and of all rows."""


def upgrade() -> None:
    run_sql_files("035/*.sql")
    for (table, name, function), condition in AFTER_UPDATES.items():
        _replace(table, name, f"AFTER UPDATE ON {table} FOR EACH ROW WHEN ({condition})", function)
    for function in JOINING:
        op.execute(f"ALTER FUNCTION {function}() SET enable_nestloop TO off")
    _drop("employees", "keep_owners", "keep_assignees")
    _replace("employees", "keep_responsible", _before_updates(STOPS), "crm_keep_responsible")
    op.execute("DROP FUNCTION crm_keep_owners(), crm_keep_assignees()")
    for table, names in APPEND_ONLY.items():
        _drop(table, *names)
        every = f"BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} FOR EACH STATEMENT"
        _replace(table, "keep", every, "crm_keep_history")


def downgrade() -> None:
    for table, (row, statement) in APPEND_ONLY.items():
        _drop(table, "keep")
        _replace(table, row, f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW", "crm_keep_history")
        _replace(table, statement, f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT", "crm_keep_history")
    run_sql_files("033/*.sql", "032/count_activities.sql")
    for function in ("crm_hand_on_tasks", "crm_change_last_activity"):
        run_sql_files(f"028/functions/{function}.sql")
    _drop("employees", "keep_responsible")
    op.execute("DROP FUNCTION crm_keep_responsible()")
    _replace("employees", "keep_owners", _before_updates(STOPS_SELLING), "crm_keep_owners")
    _replace(
        "employees", "keep_assignees", _before_updates("OLD.is_active AND NOT NEW.is_active"), "crm_keep_assignees"
    )
    for function in JOINING:
        op.execute(f"ALTER FUNCTION {function}() RESET enable_nestloop")
    for table, name, function in AFTER_UPDATES:
        after = f"AFTER UPDATE ON {table} REFERENCING {OLD_AND_NEW} FOR EACH STATEMENT"
        _replace(table, name, after, function)


def _before_updates(condition: str) -> str:
    return f"BEFORE UPDATE ON employees FOR EACH ROW WHEN ({condition})"


def _replace(table: str, name: str, when: str, function: str) -> None:
    _drop(table, name)
    op.execute(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {function}()")


def _drop(table: str, *names: str) -> None:
    for name in names:
        op.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
